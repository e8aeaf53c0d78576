import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import { AdminIdentitySchema } from "../../../gen/ostiary/identity/v1/admin_identity_pb.ts";
import {
  IdentityAdminService,
  PatchIdentityRequestSchema,
} from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { type Command, CommandError } from "../command.ts";
import { adminClient, adminHelp, adminOptions, answered } from "./admin-client.ts";
import { printJson } from "./print.ts";

/** `ostiary identities patch` */
export const identitiesPatch: Command = {
  name: "identities patch",
  summary: "change parts of an identity",
  help: `Applies a JSON patch (RFC 6902) to an identity and shows what it is then.

Usage: ostiary identities patch ID PATCH

      --without-address-undo  whoever had a verified address that this takes away
                        hears of it, but cannot undo it
${adminHelp}

Example:
  ostiary identities patch 6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99 \\
    '[{"op":"replace","path":"/state","value":"inactive"}]'`,
  options: { ...adminOptions, "without-address-undo": { type: "boolean" } },
  takesArguments: true,
  run: async (values, [id, text, ...more]) => {
    if (id === undefined || text === undefined || more.length > 0)
      throw new CommandError("name one id and one patch, quoted");
    const client = await adminClient(IdentityAdminService, values);
    const { identity } = await answered(
      client.patchIdentity({ ...requestOf(id, text), withoutAddressUndo: values["without-address-undo"] === true }),
    );
    if (identity !== undefined) printJson(AdminIdentitySchema, identity);
  },
};

/** @throws CommandError */
const requestOf = (id: string, text: string) => {
  try {
    return fromJson(PatchIdentityRequestSchema, { id, patch: JSON.parse(text) as JsonValue });
  } catch {
    throw new CommandError("the patch is no JSON list of operations");
  }
};
