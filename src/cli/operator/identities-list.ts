import { type AdminIdentity, AdminIdentitySchema } from "../../../gen/ostiary/identity/v1/admin_identity_pb.ts";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { State } from "../../../gen/ostiary/identity/v1/identity_pb.ts";
import type { Command } from "../command.ts";
import { adminClient, adminHelp, adminOptions, answered, readLimit } from "./admin-client.ts";
import { printJson, table } from "./print.ts";

/** `ostiary identities list` */
export const identitiesList: Command = {
  name: "identities list",
  summary: "list identities",
  help: `Lists identities in the order of their ids.

Usage: ostiary identities list [--identifier TEXT | --prefix TEXT | --id ID...] [--limit N]

      --identifier TEXT only those that sign in with it
      --prefix TEXT     only those with an identifier that begins so
      --id ID           only these; repeated
      --limit N         at most so many (default: 250; 0 is all)
${adminHelp}

Examples:
  ostiary identities list --limit 20
  ostiary identities list --identifier ann@example.com --json`,
  options: {
    ...adminOptions,
    identifier: { type: "string" },
    prefix: { type: "string" },
    id: { type: "string", multiple: true },
    limit: { type: "string" },
  },
  run: async (values) => {
    const client = await adminClient(IdentityAdminService, values);
    const limit = readLimit(values.limit);
    const rows: string[][] = [];
    let [left, pageToken] = [limit, ""];
    do {
      const page = await answered(
        client.listIdentities({
          pageToken,
          pageSize: Math.min(500, left),
          credentialsIdentifier: String(values.identifier ?? ""),
          previewCredentialsIdentifierSimilar: String(values.prefix ?? ""),
          ids: Array.isArray(values.id) ? values.id.map(String) : [],
        }),
      );
      for (const identity of page.identities) {
        if (values.json === true) printJson(AdminIdentitySchema, identity);
        else rows.push(rowOf(identity));
      }
      left -= page.identities.length;
      pageToken = page.nextPageToken;
    } while (pageToken !== "" && left > 0);
    if (values.json !== true) console.log(table(["ID", "STATE", "SCHEMA", "ADDRESSES"], rows));
  },
};

const rowOf = ({ id, state, schemaId, verifiableAddresses, recoveryAddresses }: AdminIdentity): string[] => [
  id,
  state === State.ACTIVE ? "active" : "inactive",
  schemaId,
  [...new Set([...verifiableAddresses, ...recoveryAddresses].map(({ value }) => value))].join(", "),
];
