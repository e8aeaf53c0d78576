import type { JsonObject } from "@bufbuild/protobuf";
import { toJson } from "@bufbuild/protobuf";
import { AdminIdentitySchema } from "../../../gen/ostiary/identity/v1/admin_identity_pb.ts";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { type Command, CommandError } from "../command.ts";
import { adminClient, adminHelp, adminOptions, answered } from "./admin-client.ts";
import { exportedTypes, importable } from "./importable.ts";

/** `ostiary identities export` */
export const identitiesExport: Command = {
  name: "identities export",
  summary: "write identities in the form that import reads",
  help: `Writes every identity in the form that \`ostiary identities import\`, POST
/admin/identities and the import of Ory Kratos read: with hashes of passwords, provider
links, authenticator apps, backup codes, security keys and passkeys, and the state of
addresses. The output is as secret as the database.

Usage: ostiary identities export [--format ndjson|json] [--complete] > FILE

      --format FORMAT   ndjson: one object a line (default); json: one array, as
                        \`kratos identities import\` reads it
      --complete        with what only Ostiary reads: tokens of providers, and the
                        addresses that codes go to
${adminHelp}

Examples:
  ostiary identities export > people.ndjson
  ostiary identities export --format json > people.json`,
  options: { ...adminOptions, format: { type: "string" }, complete: { type: "boolean" } },
  run: async (values) => {
    const { format = "ndjson" } = values;
    if (format !== "ndjson" && format !== "json") throw new CommandError("--format is ndjson or json");
    const client = await adminClient(IdentityAdminService, values);
    let [pageToken, count] = ["", 0];
    do {
      const page = await answered(
        client.listIdentities({ pageToken, pageSize: 500, includeCredential: [...exportedTypes] }),
      );
      for (const identity of page.identities) {
        const shown = toJson(AdminIdentitySchema, identity, { useProtoFieldName: true }) as JsonObject;
        const line = JSON.stringify(importable(shown, values.complete === true));
        if (format === "ndjson") await written(`${line}\n`);
        else await written(`${count === 0 ? "[" : ","}\n${line}`);
        count += 1;
      }
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    if (format === "json") await written(count === 0 ? "[]\n" : "\n]\n");
  },
};

/** Waits until a slow reader has read what was written, so that memory stays flat. */
const written = (text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
