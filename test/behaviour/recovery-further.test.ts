import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RecoveryAdminService } from "../../gen/ostiary/recovery/v1/recovery_admin_service_pb.ts";
import { hours, seconds } from "../protocols/clock.ts";
import { enrolTotp, stepUpByTotp } from "../protocols/factors.ts";
import { send } from "../protocols/http.ts";
import { createJar } from "../protocols/jar.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { lastMessageTo, messagesTo } from "../protocols/messages.ts";
import { done, operatorProtocols, operatorRest } from "../protocols/operators.ts";
import { enterAsNewPerson, newEmail } from "../protocols/person.ts";
import { accepted, type Protocol, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { idBytes } from "../protocols/rows.ts";
import { startServer, type TestServer, ui } from "../protocols/server.ts";

/* Recovery beside the usual: addresses that nobody has, people with a second factor, and links by operators. */

let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    overrides: {
      selfservice: {
        flows: {
          recovery: { enabled: true, notify_unknown_recipients: true },
          verification: { enabled: true, notify_unknown_recipients: true },
          settings: { required_aal: "highest_available" },
        },
        methods: { link: { enabled: true }, totp: { enabled: true } },
      },
      session: { whoami: { required_aal: "highest_available" } },
      feature_flags: { use_continue_with_transitions: true },
      limits: { messages: { per_network: 10_000 } },
    },
  });
});
afterAll(() => server?.stop());

/** Asks for a code. */
const ask = async (protocol: Protocol, kind: "recovery" | "verification", email: string) => {
  const visitor = protocol.enter(server);
  const { id } = accepted(await visitor[kind].create());
  server.clock.advance(seconds(1));
  const { flow } = accepted(await visitor[kind].update(id, { method: "code", email }));
  return { visitor, id, flow };
};

/** What was recorded of requests for messages. */
const requestsOf = async (identityId: string): Promise<readonly string[]> => {
  const rows = await server.sql<{ type: string; outcome: string; detail: unknown }>(
    `SELECT type, outcome, detail FROM security_events WHERE identity_id = ? AND type LIKE '%.requested'
      ORDER BY position`,
    [idBytes(identityId)],
  );
  return rows.map(({ type, outcome, detail }) => {
    const { reason = "" } = (typeof detail === "string" ? JSON.parse(detail) : detail) as { readonly reason?: string };
    return `${type} ${outcome} ${reason}`.trim();
  });
};

describe.each(protocols)("through $name", (protocol) => {
  it("a stranger who asks for more messages than there are adds one event to the account", async () => {
    for (const kind of ["recovery", "verification"] as const) {
      const { person } = await enterAsNewPerson(protocol, server);
      const visitor = protocol.enter(server);
      const { id } = accepted(await visitor[kind].create());
      const ask = async (): Promise<void> => {
        server.clock.advance(seconds(1));
        accepted(await visitor[kind].update(id, { method: "code", email: person.email }));
      };
      const refusedRequests = async () => (await requestsOf(person.id)).filter((each) => each.includes("refused"));
      for (let n = 0; n < 14; n++) await ask();
      await expect.poll(refusedRequests).toEqual([`${kind}.requested refused too_many_messages`]);
      // Of those that were refused meanwhile nothing is written.
      await ask();
      expect(await refusedRequests()).toHaveLength(1);
      server.clock.advance(hours(1));
    }
  });

  it("an address that nobody has is told so by a message without a code, and the form answers as ever", async () => {
    for (const kind of ["recovery", "verification"] as const) {
      const email = newEmail();
      const { flow, visitor, id } = await ask(protocol, kind, email);
      expect(flow?.state).toBe("sent_email");
      expect(flow?.texts.map((text) => text.id)).toEqual([kind === "recovery" ? 1060003 : 1080003]);
      expect(await messagesTo(server, email)).toEqual([
        { template: `${kind}_code_invalid`, channel: "email", code: "", url: "", newAddress: "" },
      ]);
      const tried = accepted(await visitor[kind].update(id, { method: "code", code: "123456" })).flow;
      expect(tried?.texts.map((text) => text.id)).toEqual([kind === "recovery" ? 4060006 : 4070006]);
    }
  });

  it("whoever has a second factor still needs it: for the session, and for a new password", async () => {
    const { person, visitor: owner } = await enterAsNewPerson(protocol, server);
    const secret = await enrolTotp(owner, server);
    const { visitor, id } = await ask(protocol, "recovery", person.email);
    const { code } = await lastMessageTo(server, person.email);
    accepted(await visitor.recovery.update(id, { method: "code", code }));
    expect(refused(await visitor.whoami()).reason).toBe("AAL2_REQUIRED");
    expect(refused(await visitor.settings.create()).reason).toBe("AAL2_REQUIRED");

    accepted(await stepUpByTotp(visitor, server, secret));
    const session = accepted(await visitor.whoami());
    expect(session).toMatchObject({ identityId: person.id, aal: 2, methods: ["code_recovery", "totp"] });
    accepted(await visitor.settings.create());
  });
});

/** Opens a link in a browser that has seen nothing yet and submits the form that it leads to. */
const follow = async (link: string) => {
  const jar = createJar();
  const call = async (url: string, options: Parameters<typeof send>[1] = {}) => {
    const received = await send(url, { ...options, headers: { cookie: jar.header, ...options.headers } });
    jar.take(received.setCookies);
    return received;
  };
  const opened = await call(link, { headers: { accept: "text/html" } });
  const page = new URL(String(opened.headers.location));
  const shown = await call(`${server.url}/self-service/recovery/flows?id=${page.searchParams.get("flow")}`, {
    headers: { accept: "application/json" },
  });
  const form = (shown.json as { ui: { action: string; nodes: { attributes: { name: string; value?: string } }[] } }).ui;
  const fields = form.nodes.flatMap(({ attributes: { name, value } }) =>
    value === undefined ? [] : [[name, value] as [string, string]],
  );
  const submitted = await call(form.action, {
    method: "POST",
    headers: {
      accept: "text/html",
      "content-type": "application/x-www-form-urlencoded",
      origin: ui.origin,
      "sec-fetch-site": "same-site",
    },
    body: new URLSearchParams(fields).toString(),
  });
  const whoami = await call(`${server.url}/sessions/whoami`, { headers: { accept: "application/json" } });
  return { page: `${page.origin}${page.pathname}`, submitted, whoami };
};

describe.each(operatorProtocols)("an operator's link, through $name", ({ call }) => {
  const create = (body: JsonObject, more: JsonObject = {}) =>
    call(server.adminUrl, RecoveryAdminService.method.createRecoveryLink, { body, ...more });

  it("brings its person back once, to the settings, and nothing is sent", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const sentBefore = (await messagesTo(server, person.email)).length;
    const made = done(await create({ identity_id: person.id, expires_in: "30m" }));
    expect(Date.parse(String(made.expires_at)) - server.clock.now().getTime()).toBe(30 * 60_000);
    expect(await messagesTo(server, person.email)).toHaveLength(sentBefore);

    const link = String(made.recovery_link);
    const { page, submitted, whoami } = await follow(link);
    expect(page).toBe(ui.recovery);
    expect(submitted.status).toBe(303);
    expect(String(submitted.headers.location)).toMatch(new RegExp(`^${ui.settings}\\?flow=`));
    expect(whoami.json).toMatchObject({
      identity: { id: person.id },
      authentication_methods: [{ method: "link_recovery" }],
    });

    const again = await send(link, { headers: { accept: "application/json" } });
    expect(again.json).toMatchObject({ error: { id: "self_service_flow_replaced" } });
  });

  it("is over after its time", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const { recovery_link: link } = done(await create({ identity_id: person.id, expires_in: "1m" }));
    server.clock.advance(seconds(61));
    const { whoami } = await follow(String(link));
    expect(whoami.status).toBe(401);
  });

  it("is made for nobody unknown, with no unusable duration, and leads nowhere that is not allowed", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    expect(await create({ identity_id: "6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99" })).toMatchObject({
      ok: false,
      reason: "INVALID_FIELD",
    });
    for (const expires_in of ["0s", "-1m", "soon"])
      expect(await create({ identity_id: person.id, expires_in })).toMatchObject({
        ok: false,
        reason: "INVALID_FIELD",
      });
    const forbidden = { return_to: "https://evil.example.org/" };
    expect(await create({ identity_id: person.id }, forbidden)).toMatchObject({
      ok: false,
      reason: "RETURN_TO_FORBIDDEN",
    });
  });
});

describe("an operator's code", () => {
  it("brings its person back, also where people themselves get links", async () => {
    const linking = await startServer({
      overrides: {
        selfservice: { flows: { recovery: { enabled: true, use: "link" } }, methods: { link: { enabled: true } } },
        feature_flags: { use_continue_with_transitions: true },
      },
      beside: server,
    });
    try {
      const { person } = await enterAsNewPerson(nativeRest, linking);
      const made = done(
        await operatorRest.call(linking.adminUrl, RecoveryAdminService.method.createRecoveryCode, {
          identity_id: person.id,
          flow_type: "api",
        }),
      );
      const id = new URL(String(made.recovery_link)).searchParams.get("flow") ?? "";
      const visitor = nativeRest.enter(linking);
      accepted(await visitor.recovery.update(id, { method: "code", code: String(made.recovery_code) }));
      expect(accepted(await visitor.whoami())).toMatchObject({ identityId: person.id, methods: ["code_recovery"] });
    } finally {
      await linking.stop();
    }
  });
});

describe("an operator's link", () => {
  it("is not made where links are off", async () => {
    const plain = await startServer({
      overrides: { selfservice: { flows: { recovery: { enabled: true } } } },
      beside: server,
    });
    try {
      const { person } = await enterAsNewPerson(nativeRest, plain);
      const answer = await operatorRest.call(plain.adminUrl, RecoveryAdminService.method.createRecoveryLink, {
        body: { identity_id: person.id },
      });
      expect(answer).toMatchObject({ ok: false, reason: "METHOD_DISABLED" });
    } finally {
      await plain.stop();
    }
  });
});
