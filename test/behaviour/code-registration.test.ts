import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { merge } from "../../src/config/tree.ts";
import { passwordless, signInWithCode, signUpWithCode } from "../protocols/codes.ts";
import { spa } from "../protocols/json-rest.ts";
import { newEmail } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { idBytes } from "../protocols/rows.ts";
import { shownIn } from "../protocols/seen.ts";
import { lastCodeTo, messagesTo, wrongCode } from "../protocols/sent-messages.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: passwordless });
});
afterAll(() => server?.stop());

const people = async (email: string): Promise<number> =>
  (await server.sql("SELECT id FROM identities WHERE JSON_UNQUOTE(JSON_EXTRACT(traits, '$.email')) = ?", [email]))
    .length;

describe.each(protocols)("through $name", (protocol) => {
  const begin = async (traits: Record<string, string> & { email: string }) => {
    const visitor = protocol.enter(server);
    const flow = accepted(await visitor.registration.create()).id;
    const submit = (fields: Record<string, string> = {}) =>
      visitor.registration.update(flow, { method: "code", traits, ...fields });
    return { visitor, flow, submit };
  };

  it("a code is sent to the address, and whoever has it gets an account with the address verified", async () => {
    const email = newEmail();
    const { visitor, flow, submit } = await begin({ email });
    const sent = refused(await submit());
    expect(sent).toMatchObject({ reason: "FORM_REJECTED", texts: [{ node: "", id: 1040005, type: "info" }] });
    expect(await people(email)).toBe(0);
    const form = accepted(await visitor.registration.get(flow));
    expect(form).toMatchObject({ state: "sent_email", active: "code" });
    expect([shownIn(form, "traits.email"), shownIn(form, "code")]).toEqual([email, undefined]);
    expect(await messagesTo(server, email)).toMatchObject([{ template: "registration_code_valid", channel: "email" }]);

    const done = accepted(await submit({ code: await lastCodeTo(server, email) }));
    if (!protocol.isForm) expect(done.session).toMatchObject({ methods: ["code"], traits: { email } });
    const { identityId } = accepted(await visitor.whoami());
    const [row] = await server.sql<{ addresses: { verifiable: unknown[] } }>(
      "SELECT addresses FROM identities WHERE id = ?",
      [idBytes(identityId)],
    );
    const addresses = typeof row?.addresses === "string" ? JSON.parse(row.addresses) : row?.addresses;
    expect(addresses.verifiable).toMatchObject([{ value: email, verified: true, status: "completed" }]);
  });

  it("a wrong code is refused and the right one still works; a code is good once", async () => {
    const email = newEmail();
    const { visitor, flow, submit } = await begin({ email });
    refused(await submit());
    const code = await lastCodeTo(server, email);
    expect(refused(await submit({ code: wrongCode(code) })).texts).toMatchObject([{ node: "", id: 4040003 }]);
    expect(accepted(await visitor.registration.get(flow)).state).toBe("sent_email");
    accepted(await submit({ code }));
    // Someone else who has flow and code gets nothing of them.
    const again = refused(
      await protocol.enter(server).registration.update(flow, { method: "code", traits: { email }, code }),
    );
    expect(["FORM_REJECTED", "CSRF_VIOLATION"]).toContain(again.reason);
    expect(await people(email)).toBe(1);
  });

  it("traits that are not those that were sent are refused", async () => {
    const email = newEmail();
    const { flow, submit, visitor } = await begin({ email });
    refused(await submit());
    const code = await lastCodeTo(server, email);
    const other = { method: "code", code, traits: { email: newEmail() } };
    expect(refused(await visitor.registration.update(flow, other)).texts).toMatchObject([{ node: "", id: 4000036 }]);
    expect(await people(other.traits.email)).toBe(0);
  });

  it("another code voids the one before, and is sent to the same address", async () => {
    const email = newEmail();
    const { submit } = await begin({ email });
    refused(await submit());
    const first = await lastCodeTo(server, email);
    expect(refused(await submit({ resend: "code" })).texts).toMatchObject([{ id: 1040005 }]);
    const second = await lastCodeTo(server, email);
    if (first !== second) expect(refused(await submit({ code: first })).texts).toMatchObject([{ id: 4040003 }]);
    accepted(await submit({ code: second }));
  });

  it("a code that is missing is told at its field", async () => {
    const { submit } = await begin({ email: newEmail() });
    refused(await submit());
    expect(refused(await submit({ code: "" })).texts).toMatchObject([{ node: "code", id: 4000002 }]);
  });

  it("traits that do not hold are told before anything is sent", async () => {
    const visitor = protocol.enter(server);
    const flow = accepted(await visitor.registration.create()).id;
    const answer = refused(await visitor.registration.update(flow, { method: "code", traits: { email: "nobody" } }));
    expect(answer.texts).toMatchObject([{ node: "traits.email", id: 4000001 }]);
    expect(accepted(await visitor.registration.get(flow)).state).toBe("choose_method");
  });

  it("an address that somebody has is told to its owner alone: once the code is right", async () => {
    const email = newEmail();
    accepted(await signUpWithCode(server, spa.enter(server), { email }));
    const { submit } = await begin({ email });
    expect(refused(await submit()).texts).toMatchObject([{ id: 1040005 }]);
    expect(refused(await submit({ code: await lastCodeTo(server, email) })).texts).toMatchObject([
      { node: "", id: 4000007 },
    ]);
    expect(await people(email)).toBe(1);
  });

  it("a code of one flow is of no use in another", async () => {
    const email = newEmail();
    const [one, other] = [await begin({ email }), await begin({ email })];
    refused(await one.submit());
    const code = await lastCodeTo(server, email);
    refused(await other.submit());
    if ((await lastCodeTo(server, email)) !== code)
      expect(refused(await other.submit({ code })).texts).toMatchObject([{ id: 4040003 }]);
    accepted(await one.submit({ code }));
  });

  it("after five wrong codes the right one is refused as well, until another is asked for", async () => {
    const email = newEmail();
    const { submit } = await begin({ email });
    refused(await submit());
    const code = await lastCodeTo(server, email);
    for (let guess = 0; guess < 5; guess++) refused(await submit({ code: wrongCode(code) }));
    expect(refused(await submit({ code })).texts).toMatchObject([{ node: "", id: 4000001 }]);
    refused(await submit({ resend: "code" }));
    accepted(await submit({ code: await lastCodeTo(server, email) }));
  });

  it("a code is over after its time", async () => {
    const email = newEmail();
    const { submit } = await begin({ email });
    refused(await submit());
    const code = await lastCodeTo(server, email);
    server.clock.advance(10 * 60_000 + 1);
    expect(refused(await submit({ code })).texts).toMatchObject([{ id: 4040003 }]);
    expect(await people(email)).toBe(0);
  });
});

it("a code that is sent as a text message verifies the number", async () => {
  const phone = "+4917612345678";
  const email = newEmail();
  const visitor = spa.enter(server);
  const flow = accepted(await visitor.registration.create()).id;
  const traits = { email, phone };
  refused(await visitor.registration.update(flow, { method: "code", traits }));
  expect(await messagesTo(server, phone)).toMatchObject([{ channel: "sms", template: "registration_code_valid" }]);
  accepted(await visitor.registration.update(flow, { method: "code", traits, code: await lastCodeTo(server, phone) }));
  const [row] = await server.sql<{ addresses: string | { verifiable: unknown[] } }>(
    "SELECT addresses FROM identities WHERE JSON_UNQUOTE(JSON_EXTRACT(traits, '$.email')) = ?",
    [email],
  );
  const addresses = typeof row?.addresses === "string" ? JSON.parse(row.addresses) : row?.addresses;
  expect(addresses.verifiable).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ value: email, verified: false }),
      expect.objectContaining({ value: phone, verified: true }),
    ]),
  );
});

it("whoever signed up with a code signs in with one", async () => {
  const email = newEmail();
  accepted(await signUpWithCode(server, spa.enter(server), { email }));
  accepted(await signInWithCode(server, spa.enter(server), email));
});

describe("in two steps", () => {
  beforeAll(() =>
    server.restart(merge(passwordless, { selfservice: { flows: { registration: { style: "profile_first" } } } })),
  );
  afterAll(() => server.restart(passwordless));

  it.each(protocols)(
    "through $name, the profile comes first, then the code; one may go back before",
    async (protocol) => {
      const email = newEmail();
      const visitor = protocol.enter(server);
      const { id } = accepted(await visitor.registration.create());
      const submit = (fields: Record<string, string>) =>
        visitor.registration.update(id, { traits: { email }, ...fields });
      const methods = async () =>
        accepted(await visitor.registration.get(id))
          .nodes.filter(({ group, type }) => group === "code" && type === "submit")
          .map(({ value }) => value);
      expect(await methods()).toEqual([]);
      expect(refused(await submit({ method: "profile" })).texts).toMatchObject([{ node: "", id: 1040009 }]);
      expect(await methods()).toContain("code");
      refused(await submit({ method: "profile", screen: "previous" }));
      expect(await methods()).toEqual([]);
      refused(await submit({ method: "profile" }));

      expect(refused(await submit({ method: "code" })).texts).toMatchObject([{ node: "", id: 1040005 }]);
      expect(await people(email)).toBe(0);
      accepted(await submit({ method: "code", code: await lastCodeTo(server, email) }));
      expect(accepted(await visitor.whoami()).traits).toMatchObject({ email });
      expect(await people(email)).toBe(1);
    },
  );
});
