import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { secondFactorByCode } from "../protocols/codes.ts";
import { spa } from "../protocols/json-rest.ts";
import { enterAsNewPerson, newPhone } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { idBytes } from "../protocols/rows.ts";
import { lastCodeTo, messagesTo, wrongCode } from "../protocols/sent-messages.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: secondFactorByCode });
});
afterAll(() => server?.stop());

/** What the session of a person has been raised by, as stored. */
const storeMethods = async (id: string, methods: readonly object[]): Promise<void> => {
  await server.sql("UPDATE sessions SET methods = ? WHERE identity_id = ?", [JSON.stringify(methods), idBytes(id)]);
};

describe.each(protocols)("through $name", (protocol) => {
  it("a session of one factor is refused and led to the code, which raises it", async () => {
    const { person, visitor } = await enterAsNewPerson(protocol, server);
    expect(refused(await visitor.whoami()).reason).toBe("AAL2_REQUIRED");
    const form = accepted(await visitor.login.create({ aal: "aal2" }));
    expect(form.texts).toMatchObject([{ id: 1010004 }]);
    expect(form.nodes.filter(({ group }) => group === "code")).toMatchObject([
      { name: "address", type: "submit", value: person.email },
    ]);
    refused(await visitor.login.update(form.id, { method: "code", address: person.email }));
    const sent = accepted(await visitor.login.get(form.id));
    expect(sent.nodes.filter(({ group }) => group === "code").map(({ name }) => name)).toEqual([
      "identifier",
      "method",
      "code",
      "method",
      "resend",
    ]);
    const code = await lastCodeTo(server, person.email);
    expect(refused(await visitor.login.update(form.id, { method: "code", code: wrongCode(code) })).texts).toMatchObject(
      [{ node: "", id: 4010008 }],
    );
    expect(refused(await visitor.whoami()).reason).toBe("AAL2_REQUIRED");
    accepted(await visitor.login.update(form.id, { method: "code", code }));
    expect(accepted(await visitor.whoami()).methods).toEqual(["password", "code"]);
  });

  it("the person chooses among their addresses; those of others are none of theirs", async () => {
    const phone = newPhone();
    const { person, visitor } = await enterAsNewPerson(protocol, server, { phone });
    const form = accepted(await visitor.login.create({ aal: "aal2" }));
    expect(form.nodes.filter(({ name }) => name === "address").map(({ value }) => value)).toEqual([
      phone,
      person.email,
    ]);
    const other = { method: "code", address: "somebody@example.com" };
    expect(refused(await visitor.login.update(form.id, other)).texts).toMatchObject([{ node: "", id: 4010010 }]);
    refused(await visitor.login.update(form.id, { method: "code", address: phone }));
    expect(await messagesTo(server, phone)).toMatchObject([{ channel: "sms", template: "login_code_valid" }]);
    accepted(await visitor.login.update(form.id, { method: "code", code: await lastCodeTo(server, phone) }));
    accepted(await visitor.whoami());
  });

  it("the query names the trait whose address gets the code", async () => {
    const phone = newPhone();
    const { visitor } = await enterAsNewPerson(protocol, server, { phone });
    const form = accepted(await visitor.login.create({ aal: "aal2", via: "phone" }));
    expect(form.nodes.filter(({ name }) => name === "address").map(({ value }) => value)).toEqual([phone]);
  });

  it("a code is no first factor", async () => {
    const { person } = await enterAsNewPerson(protocol, server);
    const visitor = protocol.enter(server);
    const form = accepted(await visitor.login.create());
    expect(form.nodes.some(({ group }) => group === "code")).toBe(false);
    const asks = { method: "code", identifier: person.email };
    expect(refused(await visitor.login.update(form.id, asks)).texts).toMatchObject([{ id: 4010002 }]);
    expect(await messagesTo(server, person.email)).toEqual([]);
  });

  it("what came by mail before is one factor with a code by mail, and the person is not asked for it", async () => {
    const { person, visitor } = await enterAsNewPerson(protocol, server);
    const at = new Date(0).toISOString();
    await storeMethods(person.id, [{ method: "code_recovery", aal: "aal1", completed_at: at, via: "email" }]);
    const form = await visitor.login.create({ aal: "aal2" });
    expect(accepted(form).nodes.some(({ group }) => group === "code")).toBe(false);
    const asks = { method: "code", address: person.email };
    refused(await visitor.login.update(accepted(form).id, asks));
    expect(await messagesTo(server, person.email)).toEqual([]);
    // There is nothing that such a session could be raised by.
    accepted(await visitor.whoami());
  });

  it("what came by mail before is another factor than a code by text message", async () => {
    const phone = newPhone();
    const { person, visitor } = await enterAsNewPerson(protocol, server, { phone });
    const at = new Date(0).toISOString();
    await storeMethods(person.id, [{ method: "code_recovery", aal: "aal1", completed_at: at, via: "email" }]);
    const form = accepted(await visitor.login.create({ aal: "aal2" }));
    expect(form.nodes.filter(({ name }) => name === "address").map(({ value }) => value)).toEqual([phone]);
    refused(await visitor.login.update(form.id, { method: "code", address: phone }));
    accepted(await visitor.login.update(form.id, { method: "code", code: await lastCodeTo(server, phone) }));
    accepted(await visitor.whoami());
  });
});

it("a mail code that someone got into a session after a mail code raises nothing", async () => {
  const { person, visitor } = await enterAsNewPerson(spa, server);
  const at = new Date(0).toISOString();
  await storeMethods(person.id, [
    { method: "code_recovery", aal: "aal1", completed_at: at, via: "email" },
    { method: "code", aal: "aal2", completed_at: at, via: "email" },
  ]);
  const answer = await fetch(`${server.url}/sessions/whoami`, {
    headers: {
      cookie: [...(visitor.credentials.jar?.names ?? [])]
        .map((n) => `${n}=${visitor.credentials.jar?.get(n)}`)
        .join("; "),
    },
  });
  expect(((await answer.json()) as { authenticator_assurance_level: string }).authenticator_assurance_level).toBe(
    "aal1",
  );
});
