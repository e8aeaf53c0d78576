import {
  CreateRecoveryCodeResponseSchema,
  CreateRecoveryLinkResponseSchema,
  RecoveryAdminService,
} from "../../../gen/ostiary/recovery/v1/recovery_admin_service_pb.ts";
import type { Command } from "../command.ts";
import { adminClient, adminHelp, adminOptions, answered, mustBeOne } from "./admin-client.ts";
import { printJson, timeOf } from "./print.ts";

const expiry = `      --expires-in TIME how long it is good, such as 30m or 12h (default: as configured)
`;

/** `ostiary recovery code` */
export const recoveryCode: Command = {
  name: "recovery code",
  summary: "create a recovery code",
  help: `Makes a one-time code for whoever has lost access to their account, and a link to the page
where it is typed. Whoever has both gets in: hand them over by a way you trust.

Usage: ostiary recovery code ID [--expires-in TIME]

${expiry}${adminHelp}

Example:
  ostiary recovery code 6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99 --expires-in 12h`,
  options: { ...adminOptions, "expires-in": { type: "string" } },
  takesArguments: true,
  run: async (values, args) => {
    const identityId = mustBeOne(args, "one id of an identity");
    const client = await adminClient(RecoveryAdminService, values);
    const made = await answered(
      client.createRecoveryCode({ identityId, expiresIn: String(values["expires-in"] ?? "") }),
    );
    if (values.json === true) printJson(CreateRecoveryCodeResponseSchema, made);
    else console.log(`${made.recoveryCode}\n${made.recoveryLink}\nexpires ${timeOf(made.expiresAt)}`);
  },
};

/** `ostiary recovery link` */
export const recoveryLink: Command = {
  name: "recovery link",
  summary: "create a recovery link",
  help: `Makes a one-time link for whoever has lost access to their account. Whoever has it gets
in: hand it over by a way you trust.

Usage: ostiary recovery link ID [--expires-in TIME] [--return-to URL]

${expiry}      --return-to URL   where the person goes in the end
${adminHelp}

Example:
  ostiary recovery link 6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99 --expires-in 12h`,
  options: { ...adminOptions, "expires-in": { type: "string" }, "return-to": { type: "string" } },
  takesArguments: true,
  run: async (values, args) => {
    const identityId = mustBeOne(args, "one id of an identity");
    const client = await adminClient(RecoveryAdminService, values);
    const made = await answered(
      client.createRecoveryLink({
        returnTo: String(values["return-to"] ?? ""),
        body: { identityId, expiresIn: String(values["expires-in"] ?? "") },
      }),
    );
    if (values.json === true) printJson(CreateRecoveryLinkResponseSchema, made);
    else console.log(`${made.recoveryLink}\nexpires ${timeOf(made.expiresAt)}`);
  },
};
