import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { merge } from "../../src/config/tree.ts";
import { passwordless, signInWithCode, signUpWithCode } from "../protocols/codes.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { hand, newEmail, newPhone } from "../protocols/person.ts";
import { accepted, type Protocol, refused } from "../protocols/protocol.ts";
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

/** Someone with a code credential, signed in through the protocol. */
const enterAsNew = async (protocol: Protocol, traits: Record<string, string> = {}) => {
  const email = newEmail();
  const way = (protocol.family === "native" ? nativeRest : spa).enter(server);
  const { session } = accepted(await signUpWithCode(server, way, { email, ...traits }));
  // What was sent to sign up is seen, before another code is.
  if (traits.phone) await messagesTo(server, traits.phone);
  const visitor = protocol.enter(server);
  hand(way, visitor);
  return { email, id: session?.identityId ?? "", visitor };
};

describe.each(protocols)("through $name", (protocol) => {
  const begin = async (identifier: string, query: Record<string, string> = {}) => {
    const visitor = protocol.enter(server);
    const flow = accepted(await visitor.login.create(query)).id;
    const submit = (fields: Record<string, string> = {}) =>
      visitor.login.update(flow, { method: "code", identifier, ...fields });
    return { visitor, flow, submit };
  };

  it("the form offers a code beside the password, with one field for both", async () => {
    const form = accepted(await protocol.enter(server).login.create());
    expect(form.nodes.filter(({ name }) => name === "identifier")).toHaveLength(1);
    expect(form.nodes.filter(({ group, type }) => group === "code" && type === "submit")).toMatchObject([
      { name: "method", value: "code" },
    ]);
  });

  it("a code is sent, and whoever has it is signed in", async () => {
    const { email, id } = await enterAsNew(protocol);
    const { visitor, flow, submit } = await begin(email.toUpperCase());
    const sent = refused(await submit());
    expect(sent).toMatchObject({ reason: "FORM_REJECTED", texts: [{ node: "", id: 1010014, type: "info" }] });
    const form = accepted(await visitor.login.get(flow));
    expect(form).toMatchObject({ state: "sent_email", active: "code" });
    const csrf = protocol.family === "browser" ? ["csrf_token"] : [];
    expect(form.nodes.map(({ name }) => name)).toEqual(["identifier", "method", "code", "method", "resend", ...csrf]);
    expect((await messagesTo(server, email)).at(-1)).toMatchObject({ template: "login_code_valid", channel: "email" });
    const done = accepted(await submit({ code: await lastCodeTo(server, email) }));
    if (!protocol.isForm) expect(done.session).toMatchObject({ identityId: id, methods: ["code"] });
    expect(accepted(await visitor.whoami()).identityId).toBe(id);
  });

  it("a wrong code is refused, nodes are sorted then, and the right one still works, once", async () => {
    const { email } = await enterAsNew(protocol);
    const { visitor, flow, submit } = await begin(email);
    refused(await submit());
    const code = await lastCodeTo(server, email);
    expect(refused(await submit({ code: wrongCode(code) })).texts).toMatchObject([{ node: "", id: 4010008 }]);
    const form = accepted(await visitor.login.get(flow));
    expect(form.state).toBe("sent_email");
    expect(form.nodes.map(({ name }) => name)).toEqual([
      "csrf_token",
      "identifier",
      "code",
      "resend",
      "method",
      "method",
    ]);
    accepted(await submit({ code }));
    const again = refused(await protocol.enter(server).login.update(flow, { method: "code", identifier: email, code }));
    expect(["FORM_REJECTED", "CSRF_VIOLATION"]).toContain(again.reason);
  });

  it("nobody's identifier is told, and nothing is sent", async () => {
    const email = newEmail();
    const { submit } = await begin(email);
    expect(refused(await submit()).texts).toMatchObject([{ node: "", id: 4000035 }]);
    expect(await messagesTo(server, email)).toEqual([]);
  });

  it("what is missing is told at its field", async () => {
    const { email } = await enterAsNew(protocol);
    expect(refused(await (await begin("")).submit()).texts).toMatchObject([{ node: "identifier", id: 4000002 }]);
    const { submit } = await begin(email);
    refused(await submit());
    expect(refused(await submit({ code: "" })).texts).toMatchObject([{ node: "code", id: 4000002 }]);
  });

  it("another code voids the one before", async () => {
    const { email } = await enterAsNew(protocol);
    const { submit } = await begin(email);
    refused(await submit());
    const first = await lastCodeTo(server, email);
    expect(refused(await submit({ resend: "code" })).texts).toMatchObject([{ id: 1010014 }]);
    const second = await lastCodeTo(server, email);
    if (first !== second) expect(refused(await submit({ code: first })).texts).toMatchObject([{ id: 4010008 }]);
    accepted(await submit({ code: second }));
  });

  it("a code for another identifier, or in another flow, is refused", async () => {
    const [one, other] = [await enterAsNew(protocol), await enterAsNew(protocol)];
    const [flow, second] = [await begin(one.email), await begin(one.email)];
    refused(await flow.submit());
    const code = await lastCodeTo(server, one.email);
    expect(refused(await flow.submit({ identifier: other.email, code })).texts).toMatchObject([{ id: 4010008 }]);
    refused(await second.submit());
    if ((await lastCodeTo(server, one.email)) !== code)
      expect(refused(await second.submit({ code })).texts).toMatchObject([{ id: 4010008 }]);
    accepted(await flow.submit({ code }));
  });

  it("after five wrong codes the right one is refused as well, until another is asked for", async () => {
    const { email } = await enterAsNew(protocol);
    const { submit } = await begin(email);
    refused(await submit());
    const code = await lastCodeTo(server, email);
    for (let guess = 0; guess < 5; guess++) refused(await submit({ code: wrongCode(code) }));
    expect(refused(await submit({ code })).texts).toMatchObject([{ node: "", id: 4000001 }]);
    refused(await submit({ resend: "code" }));
    accepted(await submit({ code: await lastCodeTo(server, email) }));
  });

  it("a code is over after its time", async () => {
    const { email } = await enterAsNew(protocol);
    const { submit } = await begin(email);
    refused(await submit());
    const code = await lastCodeTo(server, email);
    server.clock.advance(10 * 60_000 + 1);
    expect(refused(await submit({ code })).texts).toMatchObject([{ id: 4010008 }]);
  });

  it("another method takes the form back to where one chooses", async () => {
    const { email } = await enterAsNew(protocol);
    const { visitor, flow, submit } = await begin(email);
    refused(await submit());
    refused(await visitor.login.update(flow, { method: "password", identifier: email, password: "not a password" }));
    expect(accepted(await visitor.login.get(flow))).toMatchObject({ state: "choose_method" });
  });

  it("a person who was disabled while the code was out is told so, and gets no session", async () => {
    const { email, id } = await enterAsNew(protocol);
    const { submit } = await begin(email);
    refused(await submit());
    await server.sql("UPDATE identities SET state = 'inactive' WHERE id = ?", [idBytes(id)]);
    expect(refused(await submit({ code: await lastCodeTo(server, email) })).texts).toMatchObject([{ id: 4010011 }]);
  });

  it("a code of a person who was deleted while it was out signs nobody in", async () => {
    const { email, id } = await enterAsNew(protocol);
    const { submit } = await begin(email);
    refused(await submit());
    const code = await lastCodeTo(server, email);
    await server.sql("DELETE FROM identities WHERE id = ?", [idBytes(id)]);
    expect(refused(await submit({ code })).texts).toMatchObject([{ id: 4010008 }]);
  });

  it("a code for an address that is no longer the person's signs nobody in", async () => {
    const { email, id } = await enterAsNew(protocol);
    const { submit } = await begin(email);
    refused(await submit());
    await server.sql(
      `UPDATE identities SET credentials = JSON_SET(credentials, '$.code.identifiers[0]', 'other@example.com'),
        version = version + 1 WHERE id = ?`,
      [idBytes(id)],
    );
    expect(refused(await submit({ code: await lastCodeTo(server, email) })).texts).toMatchObject([{ id: 4010008 }]);
  });

  it("whoever authenticates again does so by a code, and keeps the session", async () => {
    const { email, visitor } = await enterAsNew(protocol);
    const before = accepted(await visitor.whoami());
    server.clock.advance(60_000);
    const form = accepted(await visitor.login.create({ refresh: "true" }));
    expect([shownIn(form, "identifier"), form.texts[0]?.id]).toEqual([email, 1010003]);
    refused(await visitor.login.update(form.id, { method: "code", identifier: email }));
    accepted(
      await visitor.login.update(form.id, {
        method: "code",
        identifier: email,
        code: await lastCodeTo(server, email),
      }),
    );
    const after = accepted(await visitor.whoami());
    expect(after.id).toBe(before.id);
    expect(after.authenticatedAt).toBeGreaterThan(before.authenticatedAt);
  });

  it("nobody authenticates again with the address of somebody else", async () => {
    const [{ visitor }, other] = [await enterAsNew(protocol), await enterAsNew(protocol)];
    const form = accepted(await visitor.login.create({ refresh: "true" }));
    expect(
      refused(await visitor.login.update(form.id, { method: "code", identifier: other.email })).texts,
    ).toMatchObject([{ node: "", id: 4010010 }]);
  });

  it("with several addresses the person chooses where the code goes", async () => {
    const phone = newPhone();
    const { email, visitor } = await enterAsNew(protocol, { phone });
    const form = accepted(await visitor.login.create({ refresh: "true" }));
    expect(form.nodes.filter(({ name }) => name === "address").map(({ value }) => value)).toEqual([phone, email]);
    // The button of a form has no method beside it.
    const isRest = ["native REST", "single-page app", "browser form"].includes(protocol.name);
    const method = isRest ? {} : { method: "code" };
    refused(await visitor.login.update(form.id, { ...method, address: phone }));
    expect((await messagesTo(server, phone)).at(-1)).toMatchObject({ channel: "sms", template: "login_code_valid" });
    accepted(await visitor.login.update(form.id, { method: "code", code: await lastCodeTo(server, phone) }));
  });

  it("a phone number is an identifier as well, however it is written", async () => {
    const phone = newPhone();
    await enterAsNew(protocol, { phone });
    const { submit, visitor } = await begin(phone.replace("+49176", "+49 176 "));
    refused(await submit());
    accepted(await submit({ code: await lastCodeTo(server, phone) }));
    accepted(await visitor.whoami());
  });
});

it("a code is in no row, no answer and no log line", async () => {
  const { email } = await enterAsNew(spa);
  const visitor = spa.enter(server);
  const flow = accepted(await visitor.login.create()).id;
  refused(await visitor.login.update(flow, { method: "code", identifier: email }));
  const code = await lastCodeTo(server, email);
  const rows = JSON.stringify(await server.sql("SELECT * FROM flows"));
  const form = JSON.stringify(accepted(await visitor.login.get(flow)));
  expect([rows, form, server.logged.join("\n")].some((text) => text.includes(code))).toBe(false);
});

it("where codes are off, nothing of them shows and nothing is sent", async () => {
  const plain = await startServer({});
  try {
    const visitor = spa.enter(plain);
    const form = accepted(await visitor.login.create());
    expect(form.nodes.some(({ group }) => group === "code")).toBe(false);
    expect(
      refused(await visitor.login.update(form.id, { method: "code", identifier: newEmail() })).texts,
    ).toMatchObject([{ id: 4010002 }]);
    const sign = accepted(await visitor.registration.create());
    const answer = await visitor.registration.update(sign.id, { method: "code", traits: { email: newEmail() } });
    expect(refused(answer).reason).toBe("METHOD_DISABLED");
  } finally {
    await plain.stop();
  }
});

it("a schema without an identifier for codes signs in by verifiable addresses if configured so", async () => {
  const { email } = await enterAsNew(spa);
  await server.sql("UPDATE identities SET credentials = JSON_REMOVE(credentials, '$.code')");
  await server.sql("DELETE FROM identity_identifiers WHERE type = 'code'");
  const visitor = spa.enter(server);
  const flow = accepted(await visitor.login.create()).id;
  const asks = { method: "code", identifier: email };
  expect(refused(await visitor.login.update(flow, asks)).texts).toMatchObject([{ id: 4000035 }]);
  const fallback = { selfservice: { methods: { code: { config: { missing_credential_fallback_enabled: true } } } } };
  const other = await startServer({ beside: server, overrides: merge(passwordless, fallback) });
  try {
    accepted(await signInWithCode(other, spa.enter(other), email));
  } finally {
    await other.stop();
  }
});
