import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hours } from "../protocols/clock.ts";
import { failAt, type Place } from "../protocols/faults.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { lastMessageTo, messagesTo } from "../protocols/messages.ts";
import { change, enterAsNewPerson, newEmail, newPassword, signIn } from "../protocols/person.ts";
import { type Answer, accepted, type Done, type Protocol, refused, type Visitor } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import type { SeenNext } from "../protocols/seen-next.ts";
import { startServer, type TestServer, ui } from "../protocols/server.ts";

/* Who has a new address is asked to prove it, and led to where that is done, if the configuration says so. */

const show = { hook: "show_verification_ui" };
const verification = { enabled: true, after: { default_browser_return_url: `${ui.origin}/done` } };

/** With the hook after every change of a profile and every sign-up. */
let leading: TestServer;
/** Without it, on the same database. */
let silent: TestServer;
beforeAll(async () => {
  leading = await startServer({
    overrides: {
      selfservice: {
        flows: {
          verification,
          settings: { after: { profile: { hooks: [show] } } },
          registration: { after: { password: { hooks: [show, { hook: "session" }] } } },
        },
      },
    },
  });
  silent = await startServer({ overrides: { selfservice: { flows: { verification } } }, beside: leading });
});
afterAll(async () => {
  await silent?.stop();
  await leading?.stop();
});

/** The page of a verification flow. */
const pageOf = (id: string): string => `${ui.verification}?flow=${id}`;

/** The verification flows that wait for the code that was sent to an address, as the visitor sees them. */
const flowsFor = async (server: TestServer, visitor: Visitor, email: string) => {
  const rows = await server.sql<{ id: Buffer }>(
    "SELECT id FROM flows WHERE kind = 'verification' AND state = 'sent_email'",
  );
  const flows = await Promise.all(rows.map(({ id }) => visitor.verification.get(textOf(id))));
  return flows
    .flatMap((flow) => (flow.ok ? [flow.value] : []))
    .filter(({ nodes }) => nodes.some(({ value }) => value === email));
};
const textOf = (id: Buffer): string =>
  id.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");

/** The verifiable address of a person. */
const addressOf = async (server: TestServer, email: string) => {
  const rows = await server.sql<{ addresses: unknown }>("SELECT addresses FROM identities WHERE traits LIKE ?", [
    `%"${email}"%`,
  ]);
  // The driver parses JSON on MySQL, and not on MariaDB.
  const [found] = rows.map(({ addresses }) => (typeof addresses === "string" ? JSON.parse(addresses) : addresses));
  return (found as { verifiable: { value: string; status: string; verified: boolean }[] } | undefined)?.verifiable[0];
};

/** Where the answer leads: the verification flow, whichever way the visitor is told of it. */
const ledTo = (protocol: Protocol, answer: Answer<Done>, email: string): string => {
  const { next } = accepted(answer);
  if (protocol.isForm) {
    const location = (answer.ok && answer.location) || "";
    expect(location).toMatch(pageOf(""));
    return new URL(location).searchParams.get("flow") ?? "";
  }
  const shown = (next ?? []).filter(({ action }) => action === "show_verification_ui");
  const id = shown[0]?.flow?.id ?? "";
  const url = protocol.family === "browser" ? { url: pageOf(id) } : {};
  expect(shown).toEqual([{ action: "show_verification_ui", flow: { id, verifiableAddress: email, ...url } }]);
  return id;
};

/** The flow is the only one there is, the message is out, and its code finishes it. */
const finishes = async (server: TestServer, visitor: Visitor, email: string, id: string, leadsTo: string) => {
  expect((await flowsFor(server, visitor, email)).map((flow) => flow.id)).toEqual([id]);
  const begun = accepted(await visitor.verification.get(id));
  expect(begun).toMatchObject({ state: "sent_email", active: "code" });
  expect(begun.texts.map((text) => text.id)).toEqual([1080003]);
  expect((await messagesTo(server, email)).map(({ template }) => template)).toEqual(["verification_code_valid"]);
  expect(await addressOf(server, email)).toMatchObject({ value: email, status: "sent", verified: false });
  const { code } = await lastMessageTo(server, email);
  const proven = accepted(await visitor.verification.update(id, { method: "code", code })).flow;
  expect(proven?.state).toBe("passed_challenge");
  expect(proven?.nodes.at(-1)).toMatchObject({ name: "continue", value: leadsTo });
  expect(await addressOf(server, email)).toMatchObject({ status: "completed", verified: true });
};

const signUp = async (visitor: Visitor, email: string, query: Readonly<Record<string, string>> = {}) => {
  const flow = accepted(await visitor.registration.create(query));
  return visitor.registration.update(flow.id, { method: "password", password: newPassword(), traits: { email } });
};
const actions = (next: readonly SeenNext[] | undefined) => next?.map(({ action }) => action);

describe.each(protocols)("through $name", (protocol) => {
  it("whoever changes their address is led to its verification, which then leads on", async () => {
    const { visitor } = await enterAsNewPerson(protocol, leading);
    const email = newEmail();
    const answer = await change(visitor, { method: "profile", traits: { email } });
    await finishes(leading, visitor, email, ledTo(protocol, answer, email), `${ui.origin}/done`);
  });

  it("it leads where the change was to lead", async () => {
    const { visitor } = await enterAsNewPerson(protocol, leading);
    const email = newEmail();
    const { id } = accepted(await visitor.settings.create({ return_to: `${ui.origin}/before` }));
    const answer = await visitor.settings.update(id, { method: "profile", traits: { email } });
    const browsers = { action: "redirect_browser_to" };
    if (!protocol.isForm)
      expect(accepted(answer).next?.slice(1)).toEqual(protocol.family === "browser" ? [browsers] : []);
    await finishes(leading, visitor, email, ledTo(protocol, answer, email), `${ui.origin}/before`);
  });

  it("whoever signs up is led there as well, with a session", async () => {
    const visitor = protocol.enter(leading);
    const email = newEmail();
    const answer = await signUp(visitor, email);
    const id = ledTo(protocol, answer, email);
    if (!protocol.isForm)
      expect(actions(accepted(answer).next)?.toSorted()).toEqual(
        [
          protocol.family === "browser" ? "redirect_browser_to" : "set_ory_session_token",
          "show_verification_ui",
        ].sort(),
      );
    expect(accepted(await visitor.whoami()).traits.email).toBe(email);
    await finishes(leading, visitor, email, id, `${ui.origin}/done`);
  });

  it("a change that waited for another sign-in leads there when it is applied, and sends nothing before", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, leading);
    const email = newEmail();
    leading.clock.advance(hours(1));
    const { id } = accepted(await visitor.settings.create());
    const submission = { method: "profile", traits: { email } };
    expect(refused(await visitor.settings.update(id, submission)).reason).toBe("SESSION_REFRESH_REQUIRED");
    accepted(await signIn(visitor, person, { refresh: "true" }));
    expect(await messagesTo(leading, email)).toEqual([]);
    const answer = await visitor.resume(id);
    await finishes(leading, visitor, email, ledTo(protocol, answer, email), `${ui.origin}/done`);
  });

  it("a change of anything else leads nowhere and sends nothing", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, leading);
    const before = (await messagesTo(leading, person.email)).length;
    const answer = await change(visitor, {
      method: "profile",
      traits: { email: person.email, name: { first: "Ada" } },
    });
    expect(actions(accepted(answer).next) ?? []).not.toContain("show_verification_ui");
    if (protocol.isForm) expect(answer).toMatchObject({ location: expect.stringContaining(ui.settings) });
    expect((await messagesTo(leading, person.email)).length).toBe(before);
  });

  it("without the hook the message goes out, and nobody is told of a flow", async () => {
    const newcomer = protocol.enter(silent);
    const first = newEmail();
    const signedUp = await signUp(newcomer, first);
    const email = newEmail();
    const changed = await change(newcomer, { method: "profile", traits: { email } });
    for (const [answer, page] of [
      [signedUp, ui.welcome],
      [changed, ui.settings],
    ] as const) {
      expect(actions(accepted(answer).next) ?? []).not.toContain("show_verification_ui");
      if (protocol.isForm) expect(answer).toMatchObject({ location: expect.stringContaining(page) });
    }
    const [flow] = await flowsFor(silent, newcomer, email);
    await finishes(silent, newcomer, email, flow?.id ?? "", `${ui.origin}/done`);
    expect((await messagesTo(silent, first)).map(({ template }) => template)).toEqual(["verification_code_valid"]);
  });

  it("a sign-up may say where the verification leads, and only to where that is allowed", async () => {
    const place = `${ui.origin}/proven`;
    for (const query of [{}, { return_to: `${ui.origin}/before` }]) {
      const visitor = protocol.enter(leading);
      const email = newEmail();
      const answer = await signUp(visitor, email, { ...query, after_verification_return_to: place });
      await finishes(leading, visitor, email, ledTo(protocol, answer, email), place);
    }
    const astray = protocol.enter(leading);
    const query = { after_verification_return_to: "https://evil.example.org" };
    expect(refused(await astray.registration.create(query)).reason).toBe("RETURN_TO_FORBIDDEN");
  });
});

describe("a change of an address", () => {
  const places: readonly Place[] = [
    { event: "INSERT", table: "flows" },
    { event: "INSERT", table: "courier_messages" },
  ];

  it.each(places)(
    "that fails at its $event of $table leaves no flow, no message and the address as it was",
    async (place) => {
      const { visitor, person } = await enterAsNewPerson(nativeRest, leading);
      const email = newEmail();
      const { id } = accepted(await visitor.settings.create());
      const before = await counts();
      const mend = await failAt(leading, place);
      const failed = await visitor.settings.update(id, { method: "profile", traits: { email } });
      await mend();
      expect(failed.ok).toBe(false);
      expect(await counts()).toEqual(before);
      expect(await addressOf(leading, person.email)).toMatchObject({ value: person.email });
      expect(await addressOf(leading, email)).toBeUndefined();
    },
  );

  const counts = async () =>
    Promise.all(
      ["flows", "courier_messages"].map(async (table) => (await leading.sql(`SELECT 1 FROM ${table}`)).length),
    );
});
