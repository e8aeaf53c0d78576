import { execFile } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { nativeRest } from "../../protocols/json-rest.ts";
import { keyOrigin, signInWithPasskey, useKey, withKeys } from "../../protocols/keys.ts";
import { done, operatorProtocols, operatorRest, reasonOf } from "../../protocols/operators.ts";
import { newEmail, newPassword, signIn } from "../../protocols/person.ts";
import { accepted, refused } from "../../protocols/protocol.ts";
import { shownIn } from "../../protocols/seen.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";
import { type AuthenticatorKey, createAuthenticator, type GetOptions, publicKeyOf } from "../../setup/authenticator.ts";
import { bareEnv } from "../../setup/bare-env.ts";

/* What one identity document may bring along to sign in with, and how it goes out again. */

const rpc = IdentityAdminService.method;
const folder = mkdtempSync(path.join(tmpdir(), "ostiary-import-"));
let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: withKeys() });
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const newKey = (userHandle: Buffer): AuthenticatorKey => ({
  id: randomBytes(32),
  userHandle,
  algorithm: "ES256",
  privateKey: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey,
  counter: 7,
});

/** A key as it comes along. */
const given = (key: AuthenticatorKey, further: JsonObject = {}): JsonObject => ({
  id: key.id.toString("base64"),
  public_key: publicKeyOf(key).toString("base64"),
  attestation_type: "none",
  authenticator: { aaguid: Buffer.alloc(16).toString("base64"), sign_count: key.counter, clone_warning: false },
  display_name: "Key ring",
  added_at: "2026-01-02T03:04:05Z",
  flags: { user_present: true, user_verified: true, backup_eligible: false, backup_state: false },
  ...further,
});
const keysOf = (key: AuthenticatorKey, further: JsonObject = {}): JsonObject => ({
  config: { credentials: [given(key, further)], user_handle: key.userHandle.toString("base64") },
});
const deviceOf = (key: AuthenticatorKey) => createAuthenticator({ origin: keyOrigin, keys: [key] });
const newHandle = () => Buffer.from(randomBytes(32).toString("hex"));

describe.each(operatorProtocols)("through $name", ({ call }) => {
  const create = (message: JsonObject) => call(server.adminUrl, rpc.createIdentity, message);
  const created = async (message: JsonObject) => done(await create(message)).identity as JsonObject & { id: string };
  const revealed = async (id: string, type: string) => {
    const { identity } = done(await call(server.adminUrl, rpc.getIdentity, { id, include_credential: [type] }));
    return (identity as { credentials: Record<string, { config?: JsonObject }> }).credentials[type]?.config;
  };

  it("a link to a provider that is not configured is deleted beside a password, which stays", async () => {
    const [email, password] = [newEmail(), newPassword()];
    const { id } = await created({
      traits: { email },
      credentials: {
        password: { config: { password } },
        oidc: { config: { providers: [{ provider: "no-longer-there", subject: email }] } },
      },
    });
    const drop = (message: JsonObject) => call(server.adminUrl, rpc.deleteCredential, { id, ...message });
    expect(reasonOf(await drop({ type: "password" }))).toBe("INVALID_FIELD");
    expect(await drop({ type: "oidc" })).toMatchObject({ reason: "INVALID_FIELD", field: "identifier" });
    expect(reasonOf(await drop({ type: "oidc", identifier: `no-longer-there:x${email}` }))).toBe("NOT_FOUND");
    done(await drop({ type: "oidc", identifier: `no-longer-there:${email}` }));
    accepted(await signIn(nativeRest.enter(server), { email, password }));
  });

  it("a passkey that comes along signs in, and is shown as it came", async () => {
    const key = newKey(newHandle());
    const { id } = await created({ traits: { email: newEmail() }, credentials: { passkey: keysOf(key) } });
    const visitor = nativeRest.enter(server);
    const flow = accepted(await visitor.login.create());
    const passkey_login = deviceOf(key).get(shownIn(flow, "passkey_challenge"));
    accepted(await visitor.login.update(flow.id, { method: "passkey", passkey_login }));
    expect(await revealed(id, "passkey")).toMatchObject({
      user_handle: key.userHandle.toString("base64"),
      credentials: [{ id: key.id.toString("base64"), is_passwordless: true, authenticator: { sign_count: 8 } }],
    });
  });

  it("a passkey that comes along without flags is settled by its first sign-in, and stays what it was", async () => {
    const key = newKey(newHandle());
    const { flags: _, ...bare } = given(key);
    const credentials = {
      passkey: { config: { credentials: [bare], user_handle: key.userHandle.toString("base64") } },
    };
    const { id } = await created({ traits: { email: newEmail() }, credentials });
    expect(JSON.stringify(await revealed(id, "passkey"))).not.toContain("flags");
    const signInWith = (how: GetOptions) => signInWithPasskey(nativeRest.enter(server), deviceOf(key), how);
    accepted(await signInWith({ backupEligible: true, backedUp: false }));
    expect(await revealed(id, "passkey")).toMatchObject({ credentials: [{ flags: { backup_eligible: true } }] });
    expect(refused(await signInWith({ backupEligible: false })).reason).toBe("FORM_REJECTED");
    accepted(await signInWith({ backupEligible: true, backedUp: true }));
  });

  it("a security key that comes along is the second factor that it was", async () => {
    const key = newKey(randomBytes(16));
    const person = { email: newEmail(), password: "a given secret 9" };
    const { id } = await created({
      traits: { email: person.email },
      credentials: { password: { config: { password: person.password } }, webauthn: keysOf(key) },
    });
    expect(await revealed(id, "webauthn")).toMatchObject({
      user_handle: key.userHandle.toString("base64"),
      credentials: [given(key, { added_at: "2026-01-02T03:04:05.000Z", is_passwordless: false })],
    });
    const visitor = nativeRest.enter(server);
    accepted(await signIn(visitor, person));
    accepted(await useKey(visitor, deviceOf(key), { aal: "aal2" }));
    expect(accepted(await visitor.whoami()).aal).toBe(2);
  });

  it("tokens of a provider come along, and only those who may see them get them", async () => {
    const subject = newEmail();
    const tokens = { initial_id_token: "the id token", initial_access_token: "access", initial_refresh_token: "again" };
    const { id } = await created({
      traits: { email: newEmail() },
      credentials: { oidc: { config: { providers: [{ provider: "acme", subject, ...tokens }] } } },
    });
    expect(await revealed(id, "oidc")).toEqual({ providers: [{ provider: "acme", subject, ...tokens }] });
    const stored = await server.sql("SELECT config FROM identity_credentials WHERE identity_id = UNHEX(?)", [
      id.replaceAll("-", ""),
    ]);
    expect(JSON.stringify(stored)).not.toMatch(/the id token/);
  });

  it("addresses that codes go to come along beside those of the traits", async () => {
    const address = newEmail();
    const { id } = await created({
      traits: { email: newEmail() },
      credentials: { code: { config: { addresses: [{ channel: "email", address: address.toUpperCase() }] } } },
    });
    expect(await revealed(id, "code")).toMatchObject({
      addresses: expect.arrayContaining([{ channel: "email", address }]),
    });
  });

  it.each([
    ["a key without an id", { passkey: keysOf(newKey(newHandle()), { id: "" }) }, "passkey.config.credentials.0.id"],
    [
      "a public key that is none",
      { webauthn: keysOf(newKey(newHandle()), { public_key: "AAAA" }) },
      "webauthn.config.credentials.0.public_key",
    ],
    ["keys without a user handle", { passkey: keysOf(newKey(Buffer.alloc(0))) }, "passkey.config.user_handle"],
    ["a handle that finds nobody", { passkey: keysOf(newKey(Buffer.from([255]))) }, "passkey.config.user_handle"],
    ["no key at all", { webauthn: { config: { user_handle: "AAAA" } } }, "webauthn.config.credentials"],
    [
      "an address that is none",
      { code: { config: { addresses: [{ channel: "email", address: "x" }] } } },
      "code.config.addresses.0.address",
    ],
    [
      "an address that is longer than any may be once it is folded",
      { code: { config: { addresses: [{ channel: "email", address: `${"\uFDFA".repeat(29)}@x.example` }] } } },
      "code.config.addresses.0.address",
    ],
    [
      "a mail address that is none but for its at sign",
      { code: { config: { addresses: [{ channel: "email", address: "ann@" }] } } },
      "code.config.addresses.0.address",
    ],
    [
      "a mail address for text messages",
      { code: { config: { addresses: [{ channel: "sms", address: "ann@x.example" }] } } },
      "code.config.addresses.0.address",
    ],
    [
      "an unknown channel",
      { code: { config: { addresses: [{ channel: "fax", address: "x" }] } } },
      "code.config.addresses.0.channel",
    ],
    ["SAML", { saml: { config: { providers: [{ provider: "x", subject: "y" }] } } }, "saml"],
  ])("%s is refused by its name, and nobody is made", async (_, credentials, field) => {
    const email = newEmail();
    const answer = await create({ traits: { email }, credentials: credentials as JsonObject });
    expect([reasonOf(answer), answer.ok ? "" : answer.field]).toEqual(["INVALID_FIELD", `credentials.${field}`]);
    expect(done(await call(server.adminUrl, rpc.listIdentities, { credentials_identifier: email })).identities).toEqual(
      [],
    );
  });

  it("a key that somebody else has is theirs", async () => {
    const key = newKey(newHandle());
    await created({ traits: { email: newEmail() }, credentials: { passkey: keysOf(key) } });
    const again = { ...key, userHandle: newHandle() };
    expect(reasonOf(await create({ traits: { email: newEmail() }, credentials: { passkey: keysOf(again) } }))).toBe(
      "ALREADY_EXISTS",
    );
  });
});

describe("over the command line", () => {
  const run = promisify(execFile);
  const ostiary = async (...args: string[]) =>
    (
      await run(process.execPath, ["src/main.ts", "identities", ...args], {
        env: { ...bareEnv, OSTIARY_ADMIN_URL: server.adminUrl },
      })
    ).stdout;

  it("what is exported, imported and exported again is the same, of every kind", { timeout: 60_000 }, async () => {
    await server.sql("DELETE FROM identities");
    for (const table of ["identity_credentials", "identity_identifiers", "identity_addresses"])
      await server.sql(`DELETE FROM ${table}`);
    const create = async (message: JsonObject) =>
      done(await operatorRest.call(server.adminUrl, rpc.createIdentity, message));
    const email = newEmail();
    await create({
      traits: { email, name: { first: "Ann" } },
      external_id: email,
      state: "inactive",
      metadata_public: { plan: "x" },
      metadata_admin: ["y"],
      verifiable_addresses: [{ value: email, via: "email", verified: true, status: "completed" }],
      credentials: {
        password: { config: { hashed_password: "$2a$10$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq" } },
        oidc: { config: { providers: [{ provider: "acme", subject: email, initial_id_token: "a.b.c" }] } },
        totp: { config: { totp_url: "otpauth://totp/Old:ann?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Old" } },
        lookup_secret: {
          config: { codes: [{ code: "abcd1234" }, { code: "efgh5678", used_at: "2026-01-01T00:00:00Z" }] },
        },
        webauthn: keysOf(newKey(randomBytes(16))),
        passkey: keysOf(newKey(newHandle())),
        code: { config: { addresses: [{ channel: "email", address: newEmail() }] } },
      },
    });
    await create({ traits: { email: newEmail() } });
    const sorted = (text: string) => text.trim().split("\n").sort();
    const first = await ostiary("export", "--complete");
    const [one] = JSON.parse(await ostiary("export", "--format", "json")) as JsonObject[];
    // Other servers refuse fields that they do not know.
    expect(JSON.stringify(one)).not.toMatch(/initial_id_token|"code":\{/);
    const file = path.join(folder, "people.json");
    writeFileSync(file, `[\n${first.trim().split("\n").join(",\n")}\n]\n`);
    for (const { id } of JSON.parse(
      JSON.stringify(done(await operatorRest.call(server.adminUrl, rpc.listIdentities, {})).identities),
    ) as { id: string }[])
      done(await operatorRest.call(server.adminUrl, rpc.deleteIdentity, { id }));
    expect(await ostiary("import", file)).toBe("2 created, 0 there already, 0 failed\n");
    expect(sorted(await ostiary("export", "--complete"))).toEqual(sorted(first));
    expect(sorted(first)).toHaveLength(2);
  });
});
