import { type AdminIdentity, AdminIdentitySchema } from "../../../gen/ostiary/identity/v1/admin_identity_pb.ts";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import type { Command } from "../command.ts";
import { adminClient, adminHelp, adminOptions, answered, mustBeNamed } from "./admin-client.ts";
import { printJson } from "./print.ts";

/** `ostiary identities get` */
export const identitiesGet: Command = {
  name: "identities get",
  summary: "show identities",
  help: `Shows identities as JSON, one a line.

Usage: ostiary identities get ID... [--external-id] [--include-credential TYPE]...

      --external-id     the ids are those by which another system knows them
      --include-credential TYPE
                        shows the secrets of a kind as well: password, oidc, …
${adminHelp}

Examples:
  ostiary identities get 6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99
  ostiary identities get 6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99 --include-credential oidc
  ostiary identities get crm-4711 --external-id`,
  options: {
    ...adminOptions,
    "external-id": { type: "boolean" },
    "include-credential": { type: "string", multiple: true },
  },
  takesArguments: true,
  run: async (values, args) => {
    const client = await adminClient(IdentityAdminService, values);
    const include = values["include-credential"];
    const includeCredential = Array.isArray(include) ? include.map(String) : [];
    for (const id of mustBeNamed(args, "the ids of identities")) {
      const { identity } = await answered<{ readonly identity?: AdminIdentity | undefined }>(
        values["external-id"] === true
          ? client.getIdentityByExternalId({ externalId: id, includeCredential })
          : client.getIdentity({ id, includeCredential }),
      );
      if (identity !== undefined) printJson(AdminIdentitySchema, identity);
    }
  },
};
