import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { merge } from "../../src/config/tree.ts";
import { passwordless, signUpWithCode } from "../protocols/codes.ts";
import { spa } from "../protocols/json-rest.ts";
import { enterAsNewPerson, newEmail } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { shownIn } from "../protocols/seen.ts";
import { lastCodeTo } from "../protocols/sent-messages.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

let server: TestServer;
beforeAll(async () => {
  const style = { selfservice: { flows: { login: { style: "identifier_first" } } } };
  server = await startServer({ overrides: merge(passwordless, style) });
});
afterAll(() => server?.stop());

describe.each(protocols)("through $name", (protocol) => {
  it("who it is comes first, and then what that person signs in with", async () => {
    const { person } = await enterAsNewPerson(protocol, server);
    const visitor = protocol.enter(server);
    const first = accepted(await visitor.login.create());
    expect(first.nodes.map(({ name, group }) => `${group} ${name}`)).toEqual(
      expect.arrayContaining(["identifier_first identifier", "identifier_first method"]),
    );
    expect(first.nodes.some(({ group }) => group === "password" || group === "code")).toBe(false);
    const step = refused(
      await visitor.login.update(first.id, { method: "identifier_first", identifier: person.email }),
    );
    expect(step).toMatchObject({ reason: "FORM_REJECTED", texts: [] });
    const second = accepted(await visitor.login.get(first.id));
    expect(second).toMatchObject({ state: "choose_method", active: "identifier_first" });
    expect(second.nodes.find(({ name }) => name === "identifier")).toMatchObject({
      type: "hidden",
      value: person.email,
    });
    expect(second.nodes.filter(({ type }) => type === "submit").map(({ group }) => group)).toEqual([
      "code",
      "password",
    ]);
    accepted(
      await visitor.login.update(first.id, { method: "password", identifier: person.email, password: person.password }),
    );
    expect(accepted(await visitor.whoami()).identityId).toBe(person.id);
  });

  it("whoever has no password is not asked for one", async () => {
    const email = newEmail();
    accepted(await signUpWithCode(server, spa.enter(server), { email }));
    const visitor = protocol.enter(server);
    const { id } = accepted(await visitor.login.create());
    refused(await visitor.login.update(id, { method: "identifier_first", identifier: email }));
    const second = accepted(await visitor.login.get(id));
    expect(second.nodes.some(({ group }) => group === "password")).toBe(false);
    refused(await visitor.login.update(id, { method: "code", identifier: email }));
    expect(shownIn(accepted(await visitor.login.get(id)), "identifier")).toBe(email);
    accepted(
      await visitor.login.update(id, { method: "code", identifier: email, code: await lastCodeTo(server, email) }),
    );
  });

  it("nobody's identifier is told, and one that is missing at its field", async () => {
    const visitor = protocol.enter(server);
    const { id } = accepted(await visitor.login.create());
    const unknown = { method: "identifier_first", identifier: newEmail() };
    expect(refused(await visitor.login.update(id, unknown)).texts).toMatchObject([{ node: "", id: 4000037 }]);
    const none = { method: "identifier_first", identifier: " " };
    expect(refused(await visitor.login.update(id, none)).texts).toMatchObject([{ node: "identifier", id: 4000002 }]);
  });

  it("whoever is signed in and authenticates again is not asked who it is", async () => {
    const { person, visitor } = await enterAsNewPerson(protocol, server);
    const form = accepted(await visitor.login.create({ refresh: "true" }));
    expect(form.nodes.some(({ group }) => group === "identifier_first")).toBe(false);
    expect(shownIn(form, "identifier")).toBe(person.email);
  });

  it("a client that gives identifier and password at once needs no steps", async () => {
    const { person } = await enterAsNewPerson(protocol, server);
    const visitor = protocol.enter(server);
    const { id } = accepted(await visitor.login.create());
    accepted(
      await visitor.login.update(id, { method: "password", identifier: person.email, password: person.password }),
    );
  });
});
