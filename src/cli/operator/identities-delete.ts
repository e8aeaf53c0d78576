import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import type { Command } from "../command.ts";
import { adminClient, adminHelp, adminOptions, answered, mustBeNamed } from "./admin-client.ts";

/** `ostiary identities delete` */
export const identitiesDelete: Command = {
  name: "identities delete",
  summary: "delete identities and all their data",
  help: `Deletes identities: credentials, sessions, flows and events go with them. It cannot be undone.

Usage: ostiary identities delete ID...

${adminHelp}

Example:
  ostiary identities delete 6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99`,
  options: adminOptions,
  takesArguments: true,
  run: async (values, args) => {
    const client = await adminClient(IdentityAdminService, values);
    for (const id of mustBeNamed(args, "the ids of identities")) {
      await answered(client.deleteIdentity({ id }));
      console.log(values.json === true ? JSON.stringify({ deleted: id }) : `deleted ${id}`);
    }
  },
};
