import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { personTables } from "../../../src/identity/erase.ts";
import { nativeRest } from "../../protocols/json-rest.ts";
import {
  done,
  type OperatorAnswer,
  type OperatorProtocol,
  operatorProtocols,
  operatorRest,
  reasonOf,
} from "../../protocols/operators.ts";
import { enterAs, enterAsNewPerson, newEmail, signIn } from "../../protocols/person.ts";
import { accepted, refused } from "../../protocols/protocol.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* What operators do with identities, through every protocol. */

const rpc = IdentityAdminService.method;
let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    overrides: { selfservice: { methods: { totp: { enabled: true }, lookup_secret: { enabled: true } } } },
  });
});
afterAll(() => server?.stop());

type Shown = JsonObject & {
  readonly id: string;
  readonly state: string;
  readonly traits: JsonObject;
  readonly credentials: Readonly<
    Record<string, { readonly identifiers: readonly string[]; readonly config?: JsonObject }>
  >;
};

const through = ({ call }: OperatorProtocol) => {
  const ask = (method: Parameters<typeof call>[1], message: JsonObject) => call(server.adminUrl, method, message);
  const shown = (answer: OperatorAnswer): Shown => done(answer).identity as Shown;
  return {
    ask,
    create: (message: JsonObject) => ask(rpc.createIdentity, message),
    created: async (message: JsonObject) => shown(await ask(rpc.createIdentity, message)),
    get: (id: string, more: JsonObject = {}) => ask(rpc.getIdentity, { id, ...more }),
    got: async (id: string, more: JsonObject = {}) => shown(await ask(rpc.getIdentity, { id, ...more })),
    patch: (id: string, patch: JsonValue, more: JsonObject = {}) => ask(rpc.patchIdentity, { id, patch, ...more }),
    patched: async (id: string, patch: JsonValue) => shown(await ask(rpc.patchIdentity, { id, patch })),
    replace: (id: string, body: JsonObject, more: JsonObject = {}) => ask(rpc.updateIdentity, { id, body, ...more }),
    list: async (message: JsonObject) => {
      const answer = await ask(rpc.listIdentities, message);
      return { identities: done(answer).identities as Shown[], answer };
    },
  };
};

const nobody = "6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99";
const rest = through(operatorRest);

describe.each(operatorProtocols)("through $name", (protocol) => {
  const { ask, create, created, get, got, patch, patched, replace, list } = through(protocol);

  it("an identity is created as it is given, and found by its id and by that of another system", async () => {
    const email = newEmail();
    const given = {
      traits: { email, name: { first: "Ann" }, age: 30, tags: ["a", "b"] },
      metadata_public: { plan: "x" },
      metadata_admin: [1, { note: null }],
      external_id: `ext-${email}`,
    };
    const made = await created(given);
    expect(made).toMatchObject({ ...given, schema_id: "person", state: "active" });
    const found = await got(made.id);
    expect(found).toMatchObject(given);
    expect(found.credentials.password?.identifiers).toEqual([email]);
    const byExternal = done(await ask(rpc.getIdentityByExternalId, { external_id: `ext-${email}` }));
    expect(byExternal).toMatchObject({ identity: { id: made.id } });
    expect(reasonOf(await ask(rpc.getIdentityByExternalId, { external_id: "none" }))).toBe("NOT_FOUND");
  });

  it("a password that is given, and one that comes hashed, sign in", async () => {
    const clear = { email: newEmail(), password: "a given secret 9" };
    const made = await created({
      traits: { email: clear.email },
      credentials: { password: { config: { password: clear.password } } },
    });
    accepted(await signIn(nativeRest.enter(server), clear));
    expect(JSON.stringify(await got(made.id))).not.toContain("hashed_password");
    const revealed = await got(made.id, { include_credential: ["password"] });
    expect(revealed.credentials.password?.config).toEqual({ hashed_password: expect.stringMatching(/^\$argon2id\$/) });

    const hashed = { email: newEmail(), password: "123456" };
    const hash = "$2a$10$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq";
    const imported = await created({
      traits: { email: hashed.email },
      credentials: { password: { config: { hashed_password: hash } } },
    });
    expect(refused(await signIn(nativeRest.enter(server), { ...hashed, password: "not it" })).reason).toBe(
      "FORM_REJECTED",
    );
    expect((await got(imported.id, { include_credential: ["password"] })).credentials.password?.config).toEqual({
      hashed_password: hash,
    });
    accepted(await signIn(nativeRest.enter(server), hashed));
    // Whoever knows the password has it hashed anew, as those that are set here.
    await expect
      .poll(async () => (await got(imported.id, { include_credential: ["password"] })).credentials.password?.config)
      .toEqual({ hashed_password: expect.stringMatching(/^\$argon2id\$/) });
    accepted(await signIn(nativeRest.enter(server), hashed));
  });

  it("addresses are verified in a patch by any spelling of theirs", async () => {
    const email = newEmail();
    const { id } = await created({ traits: { email } });
    const verified = { via: "email", value: email.toUpperCase(), verified: true, status: "completed" };
    done(await patch(id, [{ op: "replace", path: "/verifiable_addresses", value: [verified] }]));
    expect((await got(id)).verifiable_addresses).toMatchObject([{ value: email, verified: true }]);
  });

  it("addresses may come proven", async () => {
    const email = newEmail();
    const { id } = await created({
      traits: { email },
      verifiable_addresses: [
        { value: email.toUpperCase(), via: "email", verified: true, status: "completed" },
        { value: "other@example.com", via: "email", verified: true, status: "completed" },
      ],
    });
    expect((await got(id)).verifiable_addresses).toMatchObject([{ value: email, verified: true, status: "completed" }]);
  });

  it.each([
    [{ traits: { email: "x" } }, "traits.email"],
    [{ traits: {} }, "traits.email"],
    [{}, "traits.email"],
    [{ traits: { email: "a@example.com", admin: true } }, "traits.admin"],
    [{ schema_id: "other", traits: { email: "a@example.com" } }, "schema_id"],
    [{ traits: { email: "a@example.com" }, organization_id: nobody }, "organization_id"],
    [
      { traits: { email: "a@example.com" }, credentials: { password: { config: { hashed_password: "plain" } } } },
      "credentials.password.config.hashed_password",
    ],
    [
      {
        traits: { email: "a@example.com" },
        credentials: { password: { config: { use_password_migration_hook: true } } },
      },
      "credentials.password.config.use_password_migration_hook",
    ],
    [{ traits: { email: "a@example.com" }, credentials: { password: { config: {} } } }, "credentials.password.config"],
    [
      {
        traits: { email: "a@example.com" },
        verifiable_addresses: [{ value: "a@example.com", via: "email", status: "proven" }],
      },
      "verifiable_addresses.0.status",
    ],
  ])("what does not fit is refused by its name, and nothing is written: %j", async (message, field) => {
    const [before] = await server.sql<{ n: number }>("SELECT COUNT(*) AS n FROM identities");
    const answer = await create(message);
    expect([reasonOf(answer), !answer.ok && answer.field]).toEqual(["INVALID_FIELD", field]);
    expect(await server.sql("SELECT COUNT(*) AS n FROM identities")).toEqual([before]);
  });

  it("an identifier, an address, an external id and an account at a provider belong to one identity", async () => {
    const email = newEmail();
    const link = { oidc: { config: { providers: [{ provider: "acme", subject: email }] } } };
    const nickname = email.slice(0, 13);
    const made = await created({ traits: { email, nickname }, external_id: email, credentials: link });
    expect(made.credentials.oidc?.identifiers).toEqual([`acme:${email}`]);
    for (const message of [
      { traits: { email } },
      { traits: { email: newEmail(), nickname } },
      { traits: { email: newEmail() }, external_id: email },
      { traits: { email: newEmail() }, credentials: link },
    ])
      expect(reasonOf(await create(message))).toBe("ALREADY_EXISTS");
    const other = await created({ traits: { email: newEmail() } });
    expect(reasonOf(await replace(other.id, { traits: { email } }))).toBe("ALREADY_EXISTS");
    expect(reasonOf(await patch(other.id, [{ op: "replace", path: "/traits/email", value: email }]))).toBe(
      "ALREADY_EXISTS",
    );
    expect((await got(other.id)).traits).toEqual(other.traits);
  });

  it("a patch changes what it names, and keeps the rest", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server, { name: { first: "Ann" } });
    const after = await patched(person.id, [
      { op: "test", path: "/traits/name/first", value: "Ann" },
      { op: "replace", path: "/traits/name/first", value: "Anna" },
      { op: "add", path: "/traits/age", value: 30 },
      { op: "add", path: "/metadata_admin", value: { b: [1] } },
      { op: "copy", from: "/metadata_admin/b", path: "/metadata_public" },
      { op: "add", path: "/external_id", value: person.email },
    ]);
    expect(after).toMatchObject({
      traits: { email: person.email, name: { first: "Anna" }, age: 30 },
      metadata_admin: { b: [1] },
      metadata_public: [1],
      external_id: person.email,
    });
    expect(await patched(person.id, [{ op: "move", from: "/traits/age", path: "/metadata_public/1" }])).toMatchObject({
      metadata_public: [1, 30],
    });
    expect(await patched(person.id, [{ op: "remove", path: "/external_id" }])).not.toHaveProperty("external_id");
    await enterAs(nativeRest, server, person);
  });

  it("whoever is made inactive is signed out and stays out, until they are active again", async () => {
    const { person, visitor } = await enterAsNewPerson(nativeRest, server);
    await patched(person.id, [{ op: "replace", path: "/state", value: "inactive" }]);
    expect(refused(await visitor.whoami()).reason).toBe("SESSION_INACTIVE");
    const answer = refused(await signIn(nativeRest.enter(server), person));
    expect(answer.texts.map(({ id }) => id)).toEqual([4010011]);
    await patched(person.id, [{ op: "replace", path: "/state", value: "active" }]);
    await enterAs(nativeRest, server, person);
  });

  it.each([
    ["the id", [{ op: "replace", path: "/id", value: nobody }]],
    ["times", [{ op: "replace", path: "/created_at", value: "2020-01-01T00:00:00Z" }]],
    ["credentials as a whole", [{ op: "remove", path: "/credentials" }]],
    ["a credential as a whole", [{ op: "replace", path: "/credentials/password", value: {} }]],
    ["the secret of a provider", [{ op: "add", path: "/credentials/oidc/config/providers/-", value: {} }]],
    ["the whole document", [{ op: "replace", path: "", value: {} }]],
    ["a place outside of it", [{ op: "add", path: "/role", value: "admin" }]],
    ["a path that is none", [{ op: "add", path: "traits/age", value: 30 }]],
    ["a path that only begins like one that is", [{ op: "add", path: "/traitsx", value: 30 }]],
    ["a name that acts on objects", [{ op: "add", path: "/traits/__proto__/age", value: 30 }]],
    ["an operation that is none", [{ op: "increment", path: "/traits/age", value: 1 }]],
    [
      "a test that fails",
      [
        { op: "add", path: "/traits/age", value: 30 },
        { op: "test", path: "/traits/age", value: 31 },
      ],
    ],
    ["what is not there", [{ op: "remove", path: "/traits/nothing" }]],
    ["a move from where nothing may be taken", [{ op: "move", from: "/id", path: "/traits/name/first" }]],
    [
      "a hash that is copied to where it would be shown",
      [{ op: "copy", from: "/credentials/password/config/hashed_password", path: "/metadata_admin" }],
    ],
    ["a hash that is moved there", [{ op: "move", from: "/credentials/password/config", path: "/metadata_admin" }]],
    ["everything that is copied there", [{ op: "copy", from: "", path: "/metadata_admin" }]],
    ["traits that do not fit", [{ op: "add", path: "/traits/age", value: 3 }]],
    ["traits that are none", [{ op: "replace", path: "/traits", value: [] }]],
    ["a state that is none", [{ op: "replace", path: "/state", value: "asleep" }]],
    ["a schema that is not there", [{ op: "replace", path: "/schema_id", value: "other" }]],
    ["a hash nobody knows", [{ op: "replace", path: "/credentials/password/config/hashed_password", value: "x" }]],
  ])("a patch of %s is refused, all of it", async (_, operations) => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const before = await got(person.id);
    expect(reasonOf(await patch(person.id, operations))).toBe("INVALID_FIELD");
    expect(await got(person.id)).toEqual(before);
  });

  it("two operators who patch one person are both heard", async () => {
    const { id } = await created({ traits: { email: newEmail() }, metadata_admin: {} });
    const add = (name: string) => patch(id, [{ op: "add", path: `/metadata_admin/${name}`, value: name }]);
    for (const answer of await Promise.all(["a", "b", "c", "d", "e"].map(add))) done(answer);
    expect((await got(id)).metadata_admin).toEqual({ a: "a", b: "b", c: "c", d: "d", e: "e" });
  });

  it("who names a version changes that one, or nothing", async () => {
    const { id } = await created({ traits: { email: newEmail() } });
    const answer = done(await get(id));
    const etag = String(answer.etag ?? "1");
    const operations = [{ op: "add", path: "/traits/age", value: 30 }];
    done(await patch(id, operations, { etag }));
    expect(reasonOf(await patch(id, operations, { etag }))).toBe("ETAG_MISMATCH");
    expect(reasonOf(await replace(id, { traits: { email: newEmail() } }, { etag }))).toBe("ETAG_MISMATCH");
  });

  it("a replacement takes away what it leaves out, but the state and the password", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server, { name: { first: "Ann" } });
    await patched(person.id, [
      { op: "add", path: "/metadata_public", value: 1 },
      { op: "add", path: "/metadata_admin", value: 2 },
      { op: "add", path: "/external_id", value: person.email },
    ]);
    const email = newEmail();
    const after = done(await replace(person.id, { traits: { email } })).identity as Shown;
    expect(after).toMatchObject({
      state: "active",
      traits: { email },
      credentials: { password: { identifiers: [email] } },
    });
    expect(after.metadata_public ?? null).toBeNull();
    expect(after).not.toHaveProperty("external_id");
    expect(after).not.toHaveProperty("metadata_admin");
    await enterAs(nativeRest, server, { ...person, email });
    done(
      await replace(person.id, {
        traits: { email },
        credentials: { password: { config: { password: "another one 7" } } },
      }),
    );
    expect(refused(await signIn(nativeRest.enter(server), { email, password: person.password })).reason).toBe(
      "FORM_REJECTED",
    );
    await enterAs(nativeRest, server, { email, password: "another one 7" });
  });

  it("whoever is deleted is gone from every table, with all that was theirs", async () => {
    const { person, visitor } = await enterAsNewPerson(nativeRest, server);
    accepted(await visitor.settings.create());
    await patched(person.id, [{ op: "add", path: "/external_id", value: person.email }]);
    done(await ask(rpc.deleteIdentity, { id: person.id }));
    expect(reasonOf(await get(person.id))).toBe("NOT_FOUND");
    expect(reasonOf(await ask(rpc.deleteIdentity, { id: person.id }))).toBe("NOT_FOUND");
    expect(refused(await visitor.whoami()).reason).toBe("SESSION_INACTIVE");
    expect(refused(await signIn(nativeRest.enter(server), person)).reason).toBe("FORM_REJECTED");
    const columns = await server.sql<{ t: string; c: string }>(
      `SELECT table_name AS t, column_name AS c FROM information_schema.columns WHERE table_schema = DATABASE()
        AND column_name IN ('identity_id', 'home_id')`,
    );
    expect(columns.length).toBeGreaterThan(6);
    for (const { t, c } of columns)
      expect([
        t,
        c,
        await server.sql(
          `SELECT 1 FROM ${t} WHERE ${c} = UNHEX(REPLACE(?, '-',
            ''))${t === "security_events" ? " AND type <> 'identity.deleted'" : ""}`,
          [person.id],
        ),
      ]).toEqual([t, c, []]);
    // The name is free again.
    done(await create({ traits: { email: person.email }, external_id: person.email }));
  });

  it("a credential is deleted while another first factor is left", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const drop = (type: string, more: JsonObject = {}) => ask(rpc.deleteCredential, { id: person.id, type, ...more });
    expect(reasonOf(await drop("password"))).toBe("INVALID_FIELD");
    expect(reasonOf(await drop("oidc", { identifier: "acme:1" }))).toBe("NOT_FOUND");
    expect(reasonOf(await drop("magic"))).toBe("NOT_FOUND");
    expect(reasonOf(await ask(rpc.deleteCredential, { id: nobody, type: "password" }))).toBe("NOT_FOUND");
    await enterAs(nativeRest, server, person);
  });

  it("lists have pages, in the order of ids, whose tokens nobody can make", async () => {
    for (let made = 0; made < 100; made++) await created({ traits: { email: newEmail() } });
    const ids: string[] = [];
    let token = "";
    for (let pages = 0; pages < 500; pages++) {
      const { answer, identities } = await list({ page_size: 97, page_token: token });
      ids.push(...identities.map(({ id }) => id));
      const next = answer.ok
        ? protocol === operatorRest
          ? linkToken(answer.headers.link)
          : answer.value.next_page_token
        : "";
      token = String(next ?? "");
      if (token === "") break;
    }
    const [all] = await server.sql<{ n: number }>("SELECT COUNT(*) AS n FROM identities");
    expect(ids).toHaveLength(Number(all?.n));
    expect(ids).toEqual([...ids].sort());
    for (const page_token of ["x", nobody, Buffer.from(nobody).toString("base64url"), "A".repeat(80)])
      expect(reasonOf(await ask(rpc.listIdentities, { page_token }))).toBe("INVALID_FIELD");
  });

  it("are filtered by one thing at a time", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const idsOf = async (message: JsonObject) => (await list(message)).identities.map(({ id }) => id);
    expect(await idsOf({ ids: [person.id, nobody] })).toEqual([person.id]);
    expect(await idsOf({ credentials_identifier: person.email.toUpperCase() })).toEqual([person.id]);
    expect(await idsOf({ credentials_identifier: newEmail() })).toEqual([]);
    expect(await idsOf({ preview_credentials_identifier_similar: person.email.slice(0, 9) })).toEqual([person.id]);
    expect(await idsOf({ preview_credentials_identifier_similar: "%" })).toEqual([]);
    expect(await idsOf({ organization_id: nobody })).toEqual([]);
    const { identities } = await list({ ids: [person.id], include_credential: ["password"] });
    expect(identities[0]?.credentials.password?.config).toHaveProperty("hashed_password");
    for (const message of [
      { ids: [nobody], credentials_identifier: "x" },
      { credentials_identifier: "x", organization_id: nobody },
      { ids: ["x"] },
      { include_credential: ["magic"] },
    ])
      expect(reasonOf(await ask(rpc.listIdentities, message))).toBe("INVALID_FIELD");
  });

  it("many are created each on its own: what cannot be is told in its place", async () => {
    const [email, other] = [newEmail(), newEmail()];
    const patch_id = "11111111-1111-4111-8111-111111111111";
    const batch = (identities: JsonValue[]) => ask(rpc.batchPatchIdentities, { identities });
    const answer = done(
      await batch([
        { create: { traits: { email } }, patch_id },
        { create: { traits: { email } } },
        { create: { traits: { email: "x" } }, patch_id: nobody },
        {
          create: { traits: { email: other }, credentials: { password: { config: { password: "a given secret 9" } } } },
        },
      ]),
    );
    const results = answer.identities as { action: string; error?: { code: number }; patch_id?: string }[];
    expect(results.map(({ action }) => action).toSorted()).toEqual(["create", "create", "error", "error"]);
    expect(
      results
        .slice(0, 2)
        .map(({ error }) => error?.code ?? 0)
        .toSorted(),
    ).toEqual([0, 409]);
    expect(results[2]).toMatchObject({ action: "error", error: { code: 400 }, patch_id: nobody });
    expect(results[0]?.patch_id).toBe(patch_id);
    await enterAs(nativeRest, server, { email: other, password: "a given secret 9" });
    const crowd = Array.from({ length: 600 }, () => ({
      create: { traits: { email: newEmail(), name: { first: "An" } } },
    }));
    const many = done(await batch(crowd)).identities as { action: string }[];
    expect(many.filter(({ action }) => action === "create")).toHaveLength(600);
    expect(reasonOf(await batch([...crowd, ...crowd]))).toBe("INVALID_FIELD");
    const clear = { credentials: { password: { config: { password: "a given secret 9" } } } };
    const tooSlow = Array.from({ length: 201 }, () => ({ create: { traits: { email: newEmail() }, ...clear } }));
    expect(reasonOf(await batch(tooSlow))).toBe("INVALID_FIELD");
  });

  it("an authenticator app and backup codes are imported, shown to whoever may see them, and deleted", async () => {
    const email = newEmail();
    const totp_url = "otpauth://totp/Old:ann?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Old";
    const { id } = await created({
      traits: { email },
      credentials: {
        password: { config: { password: "a given secret 9" } },
        totp: { config: { totp_url } },
        lookup_secret: {
          config: { codes: [{ code: "abcd1234" }, { code: "efgh5678", used_at: "2026-01-01T00:00:00Z" }] },
        },
      },
    });
    const seen = await got(id, { include_credential: ["totp", "lookup_secret"] });
    expect(seen.credentials.totp?.config?.totp_url).toContain("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP");
    expect(seen.credentials.lookup_secret?.config).toMatchObject({
      recovery_codes: [{ code: "abcd1234" }, { code: "efgh5678", used_at: expect.stringMatching(/^2026-01-01T/) }],
    });
    const stored = await server.sql(
      "SELECT config FROM identity_credentials WHERE identity_id = UNHEX(REPLACE(?, '-', ''))",
      [id],
    );
    expect(JSON.stringify(stored)).not.toMatch(/JBSWY3DPEHPK3PXP|abcd1234/);
    done(await ask(rpc.deleteCredential, { id, type: "totp" }));
    // The backup codes would ask for a second step that nothing else is there for.
    expect(Object.keys((await got(id)).credentials)).toEqual(["password"]);
    for (const url of [
      "x",
      "otpauth://hotp/a?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&counter=1",
      "otpauth://totp/a?secret=JBSW",
    ])
      expect(
        reasonOf(await create({ traits: { email: newEmail() }, credentials: { totp: { config: { totp_url: url } } } })),
      ).toBe("INVALID_FIELD");
  });

  it("who is not there is not found, an id that is none included", async () => {
    for (const id of [nobody, "x"]) {
      expect(reasonOf(await get(id))).toBe("NOT_FOUND");
      expect(reasonOf(await patch(id, []))).toBe("NOT_FOUND");
      expect(reasonOf(await replace(id, { traits: { email: newEmail() } }))).toBe("NOT_FOUND");
    }
  });
});

describe("over REST", () => {
  it("a creation is 201 and says where the identity is", async () => {
    const answer = await rest.create({ traits: { email: newEmail() } });
    const { id } = done(answer).identity as Shown;
    expect(answer.ok && [answer.status, answer.headers.location]).toEqual([201, `${server.adminUrl}/identities/${id}`]);
  });

  it("members that nobody knows are refused", async () => {
    const answer = await rest.create({ traits: { email: newEmail() }, role: "admin" });
    expect([reasonOf(answer), !answer.ok && answer.field]).toEqual(["INVALID_FIELD", "role"]);
  });

  it("pages by number tell how many there are, and reach no farther than a thousand", async () => {
    const { answer } = await rest.list({ page: 1, per_page: 2 });
    const [all] = await server.sql<{ n: number }>("SELECT COUNT(*) AS n FROM identities");
    expect(answer.ok && Number(answer.headers["x-total-count"])).toBe(Number(all?.n));
    expect(reasonOf(await rest.ask(rpc.listIdentities, { page: 500, per_page: 250 }))).toBe("INVALID_FIELD");
  });
});

it("every table that names a person is among those that a deletion empties", async () => {
  const columns = await server.sql<{ t: string; c: string }>(
    `SELECT table_name AS t, column_name AS c FROM information_schema.columns WHERE table_schema = DATABASE()
      AND column_name IN ('identity_id', 'home_id')`,
  );
  const known = new Set(personTables.map(([table]) => String(table)));
  expect(columns.map(({ t }) => t).filter((table) => !known.has(table))).toEqual([]);
});

const linkToken = (link: string | undefined): string =>
  new URL(/<([^>]+)>; rel="next"/.exec(link ?? "")?.[1] ?? "/", "http://x").searchParams.get("page_token") ?? "";
