import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { type Command, CommandError } from "../command.ts";
import { adminClient, adminHelp, adminOptions, answered } from "./admin-client.ts";

/** `ostiary identities delete-credential` */
export const identitiesDeleteCredential: Command = {
  name: "identities delete-credential",
  summary: "delete a credential of an identity",
  help: `Deletes a credential: a second factor always, a password or a provider while another
first factor is left.

Usage: ostiary identities delete-credential ID TYPE [--identifier TEXT]

      --identifier TEXT which one of several, such as github:4711
${adminHelp}

Examples:
  ostiary identities delete-credential 6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99 totp
  ostiary identities delete-credential 6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99 oidc \\
    --identifier github:4711`,
  options: { ...adminOptions, identifier: { type: "string" } },
  takesArguments: true,
  run: async (values, [id, type, ...more]) => {
    if (id === undefined || type === undefined || more.length > 0) throw new CommandError("name one id and one type");
    const client = await adminClient(IdentityAdminService, values);
    await answered(client.deleteCredential({ id, type, identifier: String(values.identifier ?? "") }));
    console.log(values.json === true ? JSON.stringify({ deleted: type, id }) : `deleted ${type} of ${id}`);
  },
};
