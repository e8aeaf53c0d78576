import { Configuration, CourierApi, IdentityApi, MetadataApi } from "@ory/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nativeRest } from "../protocols/json-rest.ts";
import { enterAsNewPerson, newEmail } from "../protocols/person.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* The SDK that operators use with Ory Kratos, unchanged: what it calls on the admin port. */

let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    overrides: { selfservice: { flows: { recovery: { enabled: true } }, methods: { link: { enabled: true } } } },
  });
});
afterAll(() => server?.stop());

const nobody = "6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99";

/** What a call answers. */
const of = async <T>(call: Promise<{ readonly data: T }>): Promise<T> => (await call).data;
/** The status with which it is refused; 0: it is not. */
const statusOf = (call: Promise<unknown>): Promise<number> =>
  call.then(
    () => 0,
    (error: { readonly response?: { readonly status: number } }) => error.response?.status ?? 0,
  );

const sdk = () => {
  const configuration = new Configuration({ basePath: server.adminUrl });
  return {
    identity: new IdentityApi(configuration),
    courier: new CourierApi(configuration),
    metadata: new MetadataApi(configuration),
  };
};

describe("the SDK of Ory Kratos, on the admin port,", () => {
  it("creates, finds, changes and deletes identities", async () => {
    const { identity } = sdk();
    const email = newEmail();
    const made = await of(
      identity.createIdentity({
        createIdentityBody: {
          schema_id: "person",
          traits: { email },
          external_id: email,
          credentials: { password: { config: { password: "a given secret 9" } } },
        },
      }),
    );
    expect(made).toMatchObject({ schema_id: "person", traits: { email } });
    const { id } = made;
    const shown = await of(identity.getIdentity({ id, includeCredential: ["password"] }));
    expect(JSON.stringify(shown.credentials?.password?.config)).toContain("argon2id");
    expect(await of(identity.getIdentityByExternalID({ externalID: email }))).toMatchObject({ id });
    expect(await of(identity.listIdentities({ credentialsIdentifier: email }))).toMatchObject([{ id }]);
    expect(await of(identity.listIdentities({ ids: [id], pageSize: 1 }))).toMatchObject([{ id }]);
    expect(await of(identity.listIdentities({ consistency: "eventual", perPage: 1, page: 1 }))).toHaveLength(1);
    const jsonPatch = [{ op: "add" as const, path: "/traits/age", value: 30 }];
    expect(await of(identity.patchIdentity({ id, jsonPatch }))).toMatchObject({ traits: { age: 30 } });
    const body = { schema_id: "person", state: "active", traits: { email, age: 31 } } as const;
    expect(await of(identity.updateIdentity({ id, updateIdentityBody: body }))).toMatchObject({ traits: { age: 31 } });
    const create = { schema_id: "person", traits: { email: newEmail() } };
    expect(
      await of(identity.batchPatchIdentities({ patchIdentitiesBody: { identities: [{ create }] } })),
    ).toMatchObject({ identities: [{ action: "create" }] });
    expect(await statusOf(identity.deleteIdentityCredentials({ id, type: "totp" }))).toBe(404);
    await identity.deleteIdentity({ id });
    expect(await statusOf(identity.getIdentity({ id }))).toBe(404);
  });

  it("looks at sessions, extends and ends them", async () => {
    const { identity } = sdk();
    const { person } = await enterAsNewPerson(nativeRest, server);
    const [session] = await of(identity.listIdentitySessions({ id: person.id, active: true }));
    const id = session?.id ?? "";
    expect(await of(identity.getSession({ id, expand: ["identity"] }))).toMatchObject({ id, active: true });
    expect((await of(identity.listSessions({ active: true, expand: ["devices"] }))).length).toBeGreaterThan(0);
    expect(await of(identity.extendSession({ id }))).toMatchObject({ id });
    await identity.disableSession({ id });
    expect(await of(identity.getSession({ id }))).toMatchObject({ active: false });
    await identity.deleteIdentitySessions({ id: person.id });
    expect(await statusOf(identity.deleteIdentitySessions({ id: nobody }))).toBe(404);
  });

  it("makes codes and links for recovery, and reads schemas, messages, health and version", async () => {
    const { identity, courier, metadata } = sdk();
    const { person } = await enterAsNewPerson(nativeRest, server);
    const wanted = { identity_id: person.id, expires_in: "1h" };
    expect(
      await of(identity.createRecoveryCodeForIdentity({ createRecoveryCodeForIdentityBody: wanted })),
    ).toMatchObject({ recovery_code: expect.stringMatching(/^\d{6}$/) });
    expect(
      await of(identity.createRecoveryLinkForIdentity({ createRecoveryLinkForIdentityBody: wanted })),
    ).toMatchObject({ recovery_link: expect.stringContaining("token=") });
    expect(await of(courier.listCourierMessages({ pageSize: 5 }))).toEqual(expect.any(Array));
    expect(await statusOf(courier.getCourierMessage({ id: nobody }))).toBe(404);
    expect(await of(metadata.getVersion())).toEqual({ version: expect.stringMatching(/^\d+\./) });
    const [schema] = await of(identity.listIdentitySchemas());
    expect(await of(identity.getIdentitySchema({ id: schema?.id ?? "" }))).toMatchObject({ type: "object" });
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
