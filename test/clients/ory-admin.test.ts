import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nativeRest } from "../protocols/json-rest.ts";
import { enterAsNewPerson, newEmail } from "../protocols/person.ts";
import { startServer, type TestServer } from "../protocols/server.ts";
import { orySdks } from "./ory-sdk.ts";

/* The SDKs that operators use with Ory Kratos, unchanged: what they call on the admin port. */

let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    overrides: { selfservice: { flows: { recovery: { enabled: true } }, methods: { link: { enabled: true } } } },
  });
});
afterAll(() => server?.stop());

const nobody = "6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99";

describe.each(orySdks)("$name, on the admin port,", ({ create, names, refusal }) => {
  /** Names of what was called. */
  const called = new Set<string>();
  const noting = <Api extends object>(api: Api): Api =>
    new Proxy(api, {
      get: (target, name) => {
        called.add(String(name));
        const found: unknown = Reflect.get(target, name);
        return typeof found === "function" ? found.bind(target) : found;
      },
    });
  const sdk = () => {
    const { identity, courier, metadata } = create(server.adminUrl);
    return { identity: noting(identity), courier: noting(courier), metadata };
  };
  const statusOf = async (call: Promise<unknown>): Promise<number> => (await refusal(call)).status;

  it("creates, finds, changes and deletes identities", async () => {
    const { identity } = sdk();
    const email = newEmail();
    const made = await identity.createIdentity({
      createIdentityBody: {
        schema_id: "person",
        traits: { email },
        external_id: email,
        credentials: { password: { config: { password: "a given secret 9" } } },
      },
    });
    expect(made).toMatchObject({ schema_id: "person", traits: { email } });
    const { id } = made;
    const shown = await identity.getIdentity({ id, includeCredential: ["password"] });
    expect(JSON.stringify(shown.credentials?.password?.config)).toContain("argon2id");
    expect(await identity.getIdentityByExternalID({ externalID: email })).toMatchObject({ id });
    expect(await identity.listIdentities({ credentialsIdentifier: email })).toMatchObject([{ id }]);
    expect(await identity.listIdentities({ ids: [id], pageSize: 1 })).toMatchObject([{ id }]);
    expect(await identity.listIdentities({ consistency: "eventual", perPage: 1, page: 1 })).toHaveLength(1);
    const jsonPatch = [{ op: "add" as const, path: "/traits/age", value: 30 }];
    expect(await identity.patchIdentity({ id, jsonPatch })).toMatchObject({ traits: { age: 30 } });
    const body = { schema_id: "person", state: "active", traits: { email, age: 31 } } as const;
    expect(await identity.updateIdentity({ id, updateIdentityBody: body })).toMatchObject({ traits: { age: 31 } });
    const create = { schema_id: "person", traits: { email: newEmail() } };
    expect(await identity.batchPatchIdentities({ patchIdentitiesBody: { identities: [{ create }] } })).toMatchObject({
      identities: [{ action: "create" }],
    });
    expect(await statusOf(identity.deleteIdentityCredentials({ id, type: "totp" }))).toBe(404);
    await identity.deleteIdentity({ id });
    expect(await statusOf(identity.getIdentity({ id }))).toBe(404);
  });

  it("looks at sessions, extends and ends them", async () => {
    const { identity } = sdk();
    const { person } = await enterAsNewPerson(nativeRest, server);
    const [session] = await identity.listIdentitySessions({ id: person.id, active: true });
    const id = session?.id ?? "";
    expect(await identity.getSession({ id, expand: ["identity"] })).toMatchObject({ id, active: true });
    expect((await identity.listSessions({ active: true, expand: ["devices"] })).length).toBeGreaterThan(0);
    expect(await identity.extendSession({ id })).toMatchObject({ id });
    await identity.disableSession({ id });
    expect(await identity.getSession({ id })).toMatchObject({ active: false });
    const other = await enterAsNewPerson(nativeRest, server);
    const [live] = await identity.listIdentitySessions({ id: other.person.id });
    const manageSessionsBody = { action: "disable" as const, sessions: [live?.id ?? ""] };
    await identity.manageSessions({ manageSessionsBody });
    expect(await identity.getSession({ id: live?.id ?? "" })).toMatchObject({ active: false });
    await identity.deleteIdentitySessions({ id: person.id });
    expect(await statusOf(identity.deleteIdentitySessions({ id: nobody }))).toBe(404);
  });

  it("makes codes and links for recovery, and reads schemas, messages, health and version", async () => {
    const { identity, courier, metadata } = sdk();
    const { person } = await enterAsNewPerson(nativeRest, server);
    const wanted = { identity_id: person.id, expires_in: "1h" };
    expect(await identity.createRecoveryCodeForIdentity({ createRecoveryCodeForIdentityBody: wanted })).toMatchObject({
      recovery_code: expect.stringMatching(/^\d{6}$/),
    });
    expect(await identity.createRecoveryLinkForIdentity({ createRecoveryLinkForIdentityBody: wanted })).toMatchObject({
      recovery_link: expect.stringContaining("token="),
    });
    expect(await courier.listCourierMessages({ pageSize: 5 })).toEqual(expect.any(Array));
    expect(await statusOf(courier.getCourierMessage({ id: nobody }))).toBe(404);
    expect(await metadata.getVersion()).toEqual({ version: expect.stringMatching(/^\d+\./) });
    const [schema] = await identity.listIdentitySchemas();
    expect(await identity.getIdentitySchema({ id: schema?.id ?? "" })).toMatchObject({ type: "object" });
  });

  it("can do all that it can do with the server it was made for", () => {
    // Test runs of a sign-in configuration are of a hosted service.
    expect(names.filter((name) => !called.has(name))).toEqual(["createTestLoginFlow"]);
  });
});

it("nodes with the same configuration say so, and nothing of it", async () => {
  const digest = async ({ adminUrl }: TestServer) => (await fetch(`${adminUrl}/health/config`)).text();
  expect(await digest(server)).toMatch(/^[0-9a-f]{64}$/);
  expect(await digest(server)).toBe(await digest(server));
  const other = await startServer({ overrides: { session: { lifespan: "2h" } }, beside: server });
  try {
    expect(await digest(other)).not.toBe(await digest(server));
  } finally {
    await other.stop();
  }
  expect((await fetch(`${server.url}/health/config`)).status).not.toBe(200);
});
