import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { minutes, seconds } from "../protocols/clock.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { lastMessageTo, messagesTo, wrongCode } from "../protocols/messages.ts";
import { enterAsNewPerson, newEmail, newPassword, signIn } from "../protocols/person.ts";
import { accepted, refused, type Visitor } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { startServer, type TestServer, ui } from "../protocols/server.ts";

/* Whoever lost their password comes back by a code. */

const enabled = {
  selfservice: {
    flows: { recovery: { enabled: true }, verification: { enabled: true } },
    methods: { code: { config: { lifespan: "10m" } } },
  },
};

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: { ...enabled, feature_flags: { use_continue_with_transitions: true } } });
});
afterAll(() => server?.stop());

/** Asks for a code, and gives the flow and the code. */
const ask = async (visitor: Visitor, email: string, query: Readonly<Record<string, string>> = {}) => {
  const begun = accepted(await visitor.recovery.create(query));
  server.clock.advance(seconds(1));
  const flow = accepted(await visitor.recovery.update(begun.id, { method: "code", email })).flow;
  const { code } = await lastMessageTo(server, email);
  return { id: begun.id, flow, code };
};

describe.each(protocols)("through $name", (protocol) => {
  it("a code signs a person in, who sets a new password without the old one", async () => {
    const { person } = await enterAsNewPerson(protocol, server);
    const visitor = protocol.enter(server);
    const { id, flow, code } = await ask(visitor, person.email);
    expect(flow?.state).toBe("sent_email");
    expect(flow?.texts.map((text) => text.id)).toEqual([1060003]);

    const wrong = accepted(await visitor.recovery.update(id, { method: "code", code: wrongCode(code) })).flow;
    expect(wrong?.texts.map((text) => text.id)).toEqual([4060006]);
    expect(refused(await visitor.whoami()).reason).toBe("SESSION_INACTIVE");

    const right = await visitor.recovery.update(id, { method: "code", code });
    const done = accepted(right);
    if (!protocol.isForm)
      expect(done.flow?.continueWith).toEqual(
        protocol.family === "native" ? ["set_ory_session_token", "show_settings_ui"] : ["show_settings_ui"],
      );
    const session = accepted(await visitor.whoami());
    expect(session).toMatchObject({ identityId: person.id, methods: ["code_recovery"] });

    const [settings] = await server.sql<{ id: Buffer }>(
      "SELECT id FROM flows WHERE kind = 'settings' AND identity_id = UNHEX(?) ORDER BY issued_at DESC LIMIT 1",
      [person.id.replaceAll("-", "")],
    );
    const settingsId = String(settings?.id.toString("hex")).replace(
      /^(.{8})(.{4})(.{4})(.{4})(.{12})$/,
      "$1-$2-$3-$4-$5",
    );
    if (protocol.isForm) expect(right).toMatchObject({ location: `${ui.settings}?flow=${settingsId}` });
    const form = accepted(await visitor.settings.get(settingsId));
    expect(form.texts).toMatchObject([{ node: "", id: 1060001, type: "success" }]);
    const password = newPassword();
    accepted(await visitor.settings.update(settingsId, { method: "password", password }));
    accepted(await signIn(protocol.enter(server), { email: person.email, password }));
    expect(refused(await signIn(protocol.enter(server), person)).reason).toBe("FORM_REJECTED");
  });

  it("a code is good once", async () => {
    const { person } = await enterAsNewPerson(protocol, server);
    const visitor = protocol.enter(server);
    const { id, code } = await ask(visitor, person.email);
    accepted(await visitor.recovery.update(id, { method: "code", code }));
    accepted(await visitor.signOut());
    visitor.credentials.token = undefined;
    // Signing out begins a new anti-CSRF secret, and with it another browser.
    const again = refused(await visitor.recovery.update(id, { method: "code", code }));
    expect(["FLOW_REPLACED", "CSRF_VIOLATION"]).toContain(again.reason);
    expect(refused(await visitor.whoami()).reason).toBe("SESSION_INACTIVE");
  });

  it("an address that nobody has is answered like any other, and gets nothing", async () => {
    const visitor = protocol.enter(server);
    const email = newEmail();
    const begun = accepted(await visitor.recovery.create());
    const flow = accepted(await visitor.recovery.update(begun.id, { method: "code", email })).flow;
    expect(flow?.texts.map((text) => text.id)).toEqual([1060003]);
    expect(await messagesTo(server, email)).toEqual([]);
    const tried = accepted(await visitor.recovery.update(begun.id, { method: "code", code: "123456" })).flow;
    expect(tried?.texts.map((text) => text.id)).toEqual([4060006]);
  });

  it("whoever is signed in has nothing to recover", async () => {
    const { visitor } = await enterAsNewPerson(protocol, server);
    const refusal = refused(await visitor.recovery.create());
    expect(refusal.reason).toBe("SESSION_ALREADY_AVAILABLE");
  });

  it("after five wrong codes the flow is replaced, and the right one comes too late", async () => {
    const { person } = await enterAsNewPerson(protocol, server);
    const visitor = protocol.enter(server);
    const { id, code } = await ask(visitor, person.email);
    for (let n = 0; n < 5; n++) accepted(await visitor.recovery.update(id, { method: "code", code: wrongCode(code) }));
    expect(refused(await visitor.recovery.update(id, { method: "code", code })).reason).toBe("FLOW_REPLACED");
    expect(refused(await visitor.whoami()).reason).toBe("SESSION_INACTIVE");
  });

  it("skip_settings leads to return_to at once", async () => {
    const { person } = await enterAsNewPerson(protocol, server);
    const visitor = protocol.enter(server);
    const back = `${ui.origin}/back`;
    const { id, code } = await ask(visitor, person.email, { return_to: back, skip_settings: "true" });
    const right = await visitor.recovery.update(id, { method: "code", code });
    const { flow } = accepted(right);
    if (protocol.isForm) expect(right).toMatchObject({ location: back });
    else
      expect(flow?.continueWith).toEqual([
        protocol.family === "native" ? "set_ory_session_token" : "redirect_browser_to",
      ]);
    accepted(await visitor.whoami());
  });
});

describe("a code", () => {
  it("is worth nothing once its address is removed or its person deleted, or for a disabled person", async () => {
    for (const over of ["disabled", "deleted", "changed"] as const) {
      const { person } = await enterAsNewPerson(nativeRest, server);
      const visitor = nativeRest.enter(server);
      const { id, code } = await ask(visitor, person.email);
      const key = person.id.replaceAll("-", "");
      if (over === "disabled") await server.sql("UPDATE identities SET state = 'inactive' WHERE id = UNHEX(?)", [key]);
      if (over === "deleted") await server.sql("DELETE FROM identities WHERE id = UNHEX(?)", [key]);
      if (over === "changed")
        await server.sql(
          `UPDATE identities SET addresses = '{"verifiable":[],"recovery":[]}', version = version + 1 WHERE
            id = UNHEX(?)`,
          [key],
        );
      const tried = await visitor.recovery.update(id, { method: "code", code });
      const texts = tried.ok ? tried.value.flow?.texts : tried.texts;
      expect([over, texts?.map((text) => text.id)]).toEqual([over, [over === "disabled" ? 4010011 : 4060006]]);
      expect(refused(await visitor.whoami()).reason).toBe("SESSION_INACTIVE");
    }
  });

  it("makes its address count as verified", async () => {
    const { person, visitor: old } = await enterAsNewPerson(nativeRest, server);
    const visitor = nativeRest.enter(server);
    const { id, code } = await ask(visitor, person.email);
    accepted(await visitor.recovery.update(id, { method: "code", code }));
    const flow = accepted(await visitor.settings.create());
    expect(flow.state).toBe("show_form");
    const { json } = await fetchIdentity(visitor);
    expect(json).toMatchObject([{ verified: true, status: "completed" }]);
    // The other session goes on, unless a hook ends it.
    accepted(await old.whoami());
  });

  it("is over after its lifespan", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const visitor = nativeRest.enter(server);
    const { id, code } = await ask(visitor, person.email);
    server.clock.advance(minutes(10));
    const late = refused(await visitor.recovery.update(id, { method: "code", code }));
    const shown = accepted(await visitor.recovery.get(late.useFlowId ?? ""));
    expect(shown.texts.map((text) => text.id)).toEqual([4060005]);
  });
});

const fetchIdentity = async (visitor: Visitor) => {
  const answer = await fetch(`${server.url}/sessions/whoami`, {
    headers: { "x-session-token": visitor.credentials.token ?? "" },
  });
  const session = (await answer.json()) as { identity: { verifiable_addresses: unknown } };
  return { json: session.identity.verifiable_addresses };
};

describe("without use_continue_with_transitions", () => {
  it("programs over REST are told to navigate, and browsers get their session cookie with it", async () => {
    const plain = await startServer({ overrides: enabled, beside: server });
    try {
      const { person } = await enterAsNewPerson(spa, plain);
      const visitor = spa.enter(plain);
      const { id, code } = await ask(visitor, person.email);
      const right = await visitor.recovery.update(id, { method: "code", code });
      expect(right.ok && right.location).toMatch(new RegExp(`^${ui.settings}\\?flow=`));
      expect(accepted(await visitor.whoami()).methods).toEqual(["code_recovery"]);
    } finally {
      await plain.stop();
    }
  });
});

describe("revoke_active_sessions", () => {
  it("ends the other sessions of whoever comes back", async () => {
    const strict = await startServer({
      overrides: {
        ...enabled,
        selfservice: {
          ...enabled.selfservice,
          flows: { recovery: { enabled: true, after: { hooks: [{ hook: "revoke_active_sessions" }] } } },
        },
      },
      beside: server,
    });
    try {
      const { person, visitor: old } = await enterAsNewPerson(nativeRest, strict);
      const visitor = spa.enter(strict);
      const { id, code } = await ask(visitor, person.email);
      accepted(await visitor.recovery.update(id, { method: "code", code }));
      accepted(await visitor.whoami());
      expect(refused(await old.whoami()).reason).toBe("SESSION_INACTIVE");
    } finally {
      await strict.stop();
    }
  });
});
