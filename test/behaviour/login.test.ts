import { argon2d, hash as argon2Hash, argon2i, argon2id } from "argon2";
import { hash as bcryptHash } from "bcryptjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send } from "../protocols/http.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { enterAs, enterAsNewPerson, newEmail, newPassword, type Person, signIn } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { everythingWritten, idBytes, passwordHashOf } from "../protocols/rows.ts";
import { shownIn } from "../protocols/seen.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.stop());

const importHash = async ({ id }: Person, hash: string): Promise<void> => {
  await server.sql("UPDATE identity_credentials SET config = ? WHERE identity_id = ?", [
    JSON.stringify({ hashed_password: hash }),
    idBytes(id),
  ]);
};

describe.each(protocols)("through $name", (protocol) => {
  it("a login that an OAuth2 server asks for is refused at once: nothing would lead back to it", async () => {
    const visitor = protocol.enter(server);
    for (const kind of ["login", "registration"] as const) {
      const { reason, field } = refused(await visitor[kind].create({ login_challenge: "a challenge" }));
      expect([kind, reason, field]).toEqual([kind, "INVALID_FIELD", "login_challenge"]);
      accepted(await visitor[kind].create({ login_challenge: "" }));
    }
  });

  it("whoever knows the password is signed in", async () => {
    const { person } = await enterAsNewPerson(protocol, server);
    const visitor = protocol.enter(server);
    const done = accepted(await signIn(visitor, person));
    if (!protocol.isForm) expect(done.session).toMatchObject({ identityId: person.id, methods: ["password"] });
    expect(done.token === undefined).toBe(protocol.family === "browser");
    expect(accepted(await visitor.whoami()).identityId).toBe(person.id);
  });

  it("by any identifier the schema gives, in any spelling", async () => {
    const nickname = `Ada-${newEmail().slice(1, 9)}`;
    const { person } = await enterAsNewPerson(protocol, server, { nickname });
    for (const email of [nickname, nickname.toUpperCase(), person.email.toUpperCase(), ` ${person.email}`])
      accepted(await signIn(protocol.enter(server), { ...person, email }));
  });

  it("a wrong password and an unknown person are answered alike, and nobody is signed in", async () => {
    const { person } = await enterAsNewPerson(protocol, server);
    const before = await everythingWritten(server);
    const known = refused(await signIn(protocol.enter(server), { ...person, password: newPassword() }));
    const unknown = refused(await signIn(protocol.enter(server), { email: newEmail(), password: newPassword() }));
    expect(known).toMatchObject({ reason: "FORM_REJECTED", texts: [{ node: "", id: 4000006 }] });
    // Each has a flow of its own; all else is the same.
    const own = { location: undefined, form: undefined };
    expect({ ...unknown, ...own }).toEqual({ ...known, ...own });
    expect(await everythingWritten(server)).toEqual(before);
  });

  it("a password does not answer a flow that asks for a second factor", async () => {
    const { person, visitor } = await enterAsNewPerson(protocol, server);
    const flow = accepted(await visitor.login.create({ aal: "aal2" })).id;
    const before = accepted(await visitor.whoami());
    const fields = { method: "password", identifier: person.email, password: person.password };
    const answer = refused(await visitor.login.update(flow, fields));
    expect(answer).toMatchObject({ reason: "FORM_REJECTED", texts: [{ id: 4010002 }] });
    expect(accepted(await visitor.whoami())).toEqual(before);
  });

  it("what is missing is told at its field; the identifier stays, the password does not", async () => {
    const visitor = protocol.enter(server);
    const flow = accepted(await visitor.login.create()).id;
    const email = newEmail();
    const submit = (fields: Record<string, string>) => visitor.login.update(flow, { method: "password", ...fields });
    expect(refused(await submit({ identifier: "", password: newPassword() })).texts).toMatchObject([
      { node: "identifier", id: 4000002 },
    ]);
    expect(refused(await submit({ identifier: email, password: "" })).texts).toMatchObject([
      { node: "password", id: 4000002 },
    ]);
    const shown = accepted(await visitor.login.get(flow));
    expect(shownIn(shown, "identifier")).toBe(email);
    refused(await submit({ identifier: email, password: "a wrong password" }));
    const again = accepted(await visitor.login.get(flow));
    expect([shownIn(again, "identifier"), shownIn(again, "password")]).toEqual([email, undefined]);
  });

  it("an older name of the identifier works as well", async () => {
    const { person } = await enterAsNewPerson(protocol, server);
    const visitor = protocol.enter(server);
    const flow = accepted(await visitor.login.create()).id;
    accepted(
      await visitor.login.update(flow, {
        method: "password",
        password_identifier: person.email,
        password: person.password,
      }),
    );
  });

  it("a submit without a method is refused with words of its own", async () => {
    const visitor = protocol.enter(server);
    const flow = accepted(await visitor.login.create()).id;
    expect(refused(await visitor.login.update(flow, {}))).toMatchObject({
      reason: "FORM_REJECTED",
      texts: [{ node: "", id: 4010002 }],
    });
  });

  it("asked to prove it again, the form knows who is asked", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const flow = accepted(await visitor.login.create({ refresh: "true" }));
    expect(flow.texts).toMatchObject([{ node: "", id: 1010003 }]);
    expect(flow.nodes.find(({ name }) => name === "identifier")).toMatchObject({ type: "hidden", value: person.email });
  });

  it("nobody is asked to prove again who they are without a session", async () => {
    const flow = accepted(await protocol.enter(server).login.create({ refresh: "true" }));
    expect(flow.texts).toEqual([]);
  });

  it("a level that there is not is refused, a second factor without a session as well", async () => {
    expect(refused(await protocol.enter(server).login.create({ aal: "aal9" }))).toMatchObject({
      reason: "INVALID_FIELD",
      field: "aal",
    });
    expect(refused(await protocol.enter(server).login.create({ aal: "aal2" })).reason).toBe("AAL1_REQUIRED");
  });
});

describe("an imported hash", () => {
  const password = "an imported pass phrase";
  const cheap = { memoryCost: 1_024, timeCost: 2, parallelism: 1 };
  it.each([
    ["bcrypt", () => bcryptHash(password, 4)],
    ["bcrypt of PHP", async () => (await bcryptHash(password, 4)).replace("$2b$", "$2y$")],
    ["argon2id of other costs", () => argon2Hash(password, { ...cheap, type: argon2id })],
    ["argon2i", () => argon2Hash(password, { ...cheap, type: argon2i })],
    ["argon2d", () => argon2Hash(password, { ...cheap, type: argon2d })],
  ])("of kind %s signs its owner in, and is made anew as configured", async (_, make) => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const imported = await make();
    await importHash(person, imported);
    refused(await signIn(nativeRest.enter(server), { ...person, password: `${password}!` }));
    expect(await passwordHashOf(server, person.id)).toBe(imported);
    accepted(await signIn(nativeRest.enter(server), { ...person, password }));
    const renewed = await passwordHashOf(server, person.id);
    expect(renewed).toMatch(/^\$argon2id\$v=19\$m=8,t=1,p=1\$/);
    accepted(await signIn(nativeRest.enter(server), { ...person, password }));
    expect(await passwordHashOf(server, person.id)).toBe(renewed);
  });

  it("of an unknown kind signs nobody in", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    await importHash(person, "$unknown$v=1$abc$def");
    expect(refused(await signIn(nativeRest.enter(server), person)).texts).toMatchObject([{ id: 4000006 }]);
  });

  it("is made anew when the costs are changed, and the password stays", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    await server.restart({ hashers: { argon2: { iterations: 2 } } });
    accepted(await signIn(nativeRest.enter(server), person));
    expect(await passwordHashOf(server, person.id)).toContain("t=2");
    await server.restart({ hashers: { algorithm: "bcrypt", bcrypt: { cost: 4 } } });
    accepted(await signIn(nativeRest.enter(server), person));
    expect(await passwordHashOf(server, person.id)).toMatch(/^\$2b\$04\$/);
    await server.restart();
    accepted(await signIn(nativeRest.enter(server), person));
  });
});

describe("small things clients rely on", () => {
  it("parameters without a value are none", async () => {
    const answer = await send(`${server.url}/self-service/login/browser?aal=&refresh=&return_to=&organization=&via=`, {
      headers: { accept: "application/json" },
    });
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({ refresh: false, requested_aal: "aal1" });
  });

  it("unknown parameters and fields are ignored over REST", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const visitor = nativeRest.enter(server);
    const flow = accepted(await visitor.login.create({ nonsense: "1" })).id;
    accepted(
      await visitor.login.update(flow, {
        method: "password",
        identifier: person.email,
        password: person.password,
        nonsense: { a: 1 },
      }),
    );
  });

  it("a number is taken for a password, as it is one in a form", async () => {
    const { visitor, person } = await enterAsNewPerson(spa, server);
    accepted(
      await visitor.settings.update(accepted(await visitor.settings.create()).id, {
        method: "password",
        password: 8_375_629_104,
      }),
    );
    await enterAs(nativeRest, server, { ...person, password: "8375629104" });
  });

  it("a session remembers the device it was begun on", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const flow = await send(`${server.url}/self-service/login/api`);
    const answer = await send(`${server.url}/self-service/login?flow=${String(flow.json.id)}`, {
      method: "POST",
      headers: { "content-type": "application/json", "user-agent": "a phone" },
      body: JSON.stringify({ method: "password", identifier: person.email, password: person.password }),
    });
    expect(answer.json).toMatchObject({ session: { devices: [{ ip_address: "127.0.0.1", user_agent: "a phone" }] } });
  });
});
