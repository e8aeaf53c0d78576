import { AdminIdentitySchema } from "../../../gen/ostiary/identity/v1/admin_identity_pb.ts";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import type { Command } from "../command.ts";
import { adminClient, adminHelp, adminOptions, answered, mustBeNamed } from "./admin-client.ts";
import { printJson } from "./print.ts";

/** `ostiary identities get` */
export const identitiesGet: Command = {
  name: "identities get",
  summary: "show identities",
  help: `Shows identities as JSON, one a line.

Usage: ostiary identities get ID... [--include-credential TYPE]...

      --include-credential TYPE
                        shows the secrets of a kind as well: password, oidc, …
${adminHelp}

Examples:
  ostiary identities get 6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99
  ostiary identities get 6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99 --include-credential oidc`,
  options: { ...adminOptions, "include-credential": { type: "string", multiple: true } },
  takesArguments: true,
  run: async (values, args) => {
    const client = adminClient(IdentityAdminService, values);
    const include = values["include-credential"];
    for (const id of mustBeNamed(args, "the ids of identities")) {
      const includeCredential = Array.isArray(include) ? include.map(String) : [];
      const { identity } = await answered(client.getIdentity({ id, includeCredential }));
      if (identity !== undefined) printJson(AdminIdentitySchema, identity);
    }
  },
};
