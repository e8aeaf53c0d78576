import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { toJson } from "@bufbuild/protobuf";
import { AdminIdentitySchema } from "../../../gen/ostiary/identity/v1/admin_identity_pb.ts";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import type { Command } from "../command.ts";
import { adminClient, adminHelp, adminOptions, answered } from "./admin-client.ts";

/** `ostiary identities export` */
export const identitiesExport: Command = {
  name: "identities export",
  summary: "write identities in the form that import reads",
  help: `Writes every identity as JSON, one a line, in the form that \`ostiary identities import\`
and POST /admin/identities read: with hashes of passwords, provider links, authenticator
apps and backup codes. The output is as secret as the database.

Usage: ostiary identities export > FILE

${adminHelp}

Example:
  ostiary identities export > people.ndjson`,
  options: adminOptions,
  run: async (values) => {
    const client = adminClient(IdentityAdminService, values);
    const includeCredential = ["password", "oidc", "totp", "lookup_secret"];
    let pageToken = "";
    do {
      const page = await answered(client.listIdentities({ pageToken, pageSize: 500, includeCredential }));
      for (const identity of page.identities)
        console.log(
          JSON.stringify(importable(toJson(AdminIdentitySchema, identity, { useProtoFieldName: true }) as JsonObject)),
        );
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
  },
};

const kept = ["schema_id", "traits", "metadata_public", "metadata_admin", "external_id"] as const;

/** An identity as it is created, without what the server makes. */
const importable = (identity: JsonObject): JsonObject => ({
  ...Object.fromEntries(kept.flatMap((name) => (identity[name] === undefined ? [] : [[name, identity[name]]]))),
  state: identity.state === "STATE_INACTIVE" ? "inactive" : "active",
  verifiable_addresses: list(identity.verifiable_addresses).map((address) =>
    only(address, ["value", "via", "verified", "status", "verified_at"]),
  ),
  recovery_addresses: list(identity.recovery_addresses).map((address) => only(address, ["value", "via"])),
  credentials: credentialsOf(identity.credentials),
});

const credentialsOf = (credentials: JsonValue | undefined): JsonObject => {
  const config = (type: string): JsonObject => object(object(object(credentials)[type]).config);
  const { hashed_password } = config("password");
  const { totp_url } = config("totp");
  const providers = list(config("oidc").providers).map((link) => only(link, ["provider", "subject", "organization"]));
  const codes = list(config("lookup_secret").recovery_codes);
  return {
    ...(hashed_password !== undefined && { password: { config: { hashed_password } } }),
    ...(providers.length > 0 && { oidc: { config: { providers } } }),
    ...(totp_url !== undefined && totp_url !== "" && { totp: { config: { totp_url } } }),
    ...(codes.length > 0 && {
      lookup_secret: { config: { codes: codes.map((code) => only(code, ["code", "used_at"])) } },
    }),
  };
};

const object = (value: JsonValue | undefined): JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};

const list = (value: JsonValue | undefined): readonly JsonObject[] => (Array.isArray(value) ? value.map(object) : []);

const only = (from: JsonObject, names: readonly string[]): JsonObject =>
  Object.fromEntries(names.flatMap((name) => (from[name] === undefined ? [] : [[name, from[name]]])));
