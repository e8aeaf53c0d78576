import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { objectOrEmpty } from "../../lib/json-object.ts";

/** Types of credentials whose secrets an export asks for. */
export const exportedTypes = ["password", "oidc", "totp", "lookup_secret", "webauthn", "passkey", "code"] as const;

const fields = ["schema_id", "traits", "metadata_public", "metadata_admin", "external_id"] as const;
const tokens = ["initial_id_token", "initial_access_token", "initial_refresh_token"] as const;

/**
 * An identity in the form in which it is created, without what the server makes.
 *
 * @param identity as operators see it, with secrets
 * @param complete with what only this server reads: tokens of providers, and addresses that codes go to
 */
export const importable = (identity: JsonObject, complete: boolean): JsonObject => ({
  ...Object.fromEntries(fields.flatMap((name) => (identity[name] === undefined ? [] : [[name, identity[name]]]))),
  state: identity.state === "STATE_INACTIVE" ? "inactive" : "active",
  verifiable_addresses: list(identity.verifiable_addresses).map((address) =>
    only(address, ["value", "via", "verified", "status", "verified_at"]),
  ),
  recovery_addresses: list(identity.recovery_addresses).map((address) => only(address, ["value", "via"])),
  credentials: credentialsOf(identity.credentials, complete),
});

const credentialsOf = (credentials: JsonValue | undefined, complete: boolean): JsonObject => {
  const config = (type: string): JsonObject => objectOrEmpty(objectOrEmpty(objectOrEmpty(credentials)[type]).config);
  const { hashed_password, use_password_migration_hook } = config("password");
  const { totp_url } = config("totp");
  const linked = ["provider", "subject", "organization", ...(complete ? tokens : [])];
  const providers = list(config("oidc").providers).map((link) => only(link, linked));
  const codes = list(config("lookup_secret").recovery_codes);
  const addresses = list(config("code").addresses);
  return {
    ...(hashed_password !== undefined && { password: { config: { hashed_password } } }),
    ...(use_password_migration_hook === true && { password: { config: { use_password_migration_hook } } }),
    ...(providers.length > 0 && { oidc: { config: { providers } } }),
    ...(totp_url !== undefined && totp_url !== "" && { totp: { config: { totp_url } } }),
    ...(codes.length > 0 && {
      lookup_secret: { config: { codes: codes.map((code) => only(code, ["code", "used_at"])) } },
    }),
    ...keysOf("webauthn", config("webauthn")),
    ...keysOf("passkey", config("passkey")),
    ...(complete && addresses.length > 0 && { code: { config: { addresses: [...addresses] } } }),
  };
};

const keysOf = (type: string, config: JsonObject): JsonObject => {
  const credentials = list(config.credentials);
  return credentials.length === 0 ? {} : { [type]: { config: { credentials, user_handle: config.user_handle ?? "" } } };
};

const list = (value: JsonValue | undefined): JsonObject[] => (Array.isArray(value) ? value.map(objectOrEmpty) : []);

/** What is null is left out: it says nothing. */
const only = (from: JsonObject, names: readonly string[]): JsonObject =>
  Object.fromEntries(
    names.flatMap((name) => (from[name] === undefined || from[name] === null ? [] : [[name, from[name]]])),
  );
