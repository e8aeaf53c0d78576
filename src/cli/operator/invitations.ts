import type { JsonObject } from "@bufbuild/protobuf";
import {
  type Invitation,
  InvitationAdminService,
  InvitationSchema,
} from "../../../gen/ostiary/account/v1/invitation_admin_service_pb.ts";
import { type Command, CommandError } from "../command.ts";
import { adminClient, adminHelp, adminOptions, answered, mustBeNamed, mustBeOne, readLimit } from "./admin-client.ts";
import { printJson, table, timeOf } from "./print.ts";

const expiry = `      --expires-in TIME how long the link is good, such as 72h (default: as configured)
`;

const print = (invitation: Invitation | undefined, json: unknown): void => {
  if (invitation === undefined) return;
  const { identityId, address, expiresAt } = invitation;
  if (json === true) printJson(InvitationSchema, invitation);
  else console.log(table(["IDENTITY", "SENT TO", "EXPIRES"], [[identityId, address, timeOf(expiresAt)]]));
};

/** @throws CommandError */
const readTraits = (text: string): JsonObject => {
  try {
    const traits: unknown = JSON.parse(text);
    if (typeof traits === "object" && traits !== null && !Array.isArray(traits)) return traits as JsonObject;
  } catch {
    // Said below.
  }
  throw new CommandError('--traits is no JSON object such as {"email":"ann@example.com"}');
};

/** `ostiary identities invite` */
export const identitiesInvite: Command = {
  name: "identities invite",
  summary: "invite somebody: create their identity and send them the link",
  help: `Makes an identity without anything to sign in with, and sends its owner a link: there
they choose a password, a passkey or an account at a provider. Works while registration is closed.

Usage: ostiary identities invite ADDRESS [--traits JSON] [--schema ID] [--language TAG]

      --traits JSON     what is known of the person (default: {"email": ADDRESS})
      --schema ID       the schema of the identity (default: the default one)
      --language TAG    language of the message, such as de (default: en)
${expiry}      --return-to URL   where the person goes in the end
${adminHelp}

Examples:
  ostiary identities invite ann@example.com
  ostiary identities invite ann@example.com --language fr \\
    --traits '{"email":"ann@example.com","name":{"first":"Ann"}}'`,
  options: {
    ...adminOptions,
    traits: { type: "string" },
    schema: { type: "string" },
    language: { type: "string" },
    "expires-in": { type: "string" },
    "return-to": { type: "string" },
  },
  takesArguments: true,
  run: async (values, args) => {
    const address = mustBeOne(args, "the one address that the invitation goes to");
    const traits = values.traits === undefined ? { email: address } : readTraits(String(values.traits));
    const client = await adminClient(InvitationAdminService, values);
    const { invitation } = await answered(
      client.inviteIdentity({
        schemaId: String(values.schema ?? ""),
        traits,
        address,
        language: String(values.language ?? ""),
        expiresIn: String(values["expires-in"] ?? ""),
        returnTo: String(values["return-to"] ?? ""),
      }),
    );
    print(invitation, values.json);
  },
};

/** `ostiary invitations list` */
export const invitationsList: Command = {
  name: "invitations list",
  summary: "list invitations",
  help: `Lists invitations, the oldest first: those that wait, have expired or were accepted.

Usage: ostiary invitations list [--limit N]

      --limit N         at most so many (default: 250; 0 is all)
${adminHelp}

Example:
  ostiary invitations list --limit 0 --json`,
  options: { ...adminOptions, limit: { type: "string" } },
  run: async (values) => {
    const client = await adminClient(InvitationAdminService, values);
    const rows: string[][] = [];
    let [left, pageToken] = [readLimit(values.limit), ""];
    do {
      const page = await answered(client.listInvitations({ pageSize: Math.min(500, left), pageToken }));
      for (const invitation of page.invitations) {
        const { identityId, status, address, sentAt, expiresAt } = invitation;
        if (values.json === true) printJson(InvitationSchema, invitation);
        else rows.push([identityId, status, address, timeOf(sentAt), timeOf(expiresAt)]);
      }
      left -= page.invitations.length;
      pageToken = page.nextPageToken;
    } while (pageToken !== "" && left > 0);
    if (values.json !== true) console.log(table(["IDENTITY", "STATUS", "SENT TO", "SENT", "EXPIRES"], rows));
  },
};

/** `ostiary invitations resend` */
export const invitationsResend: Command = {
  name: "invitations resend",
  summary: "send an invitation again",
  help: `Sends an invitation again, with a new link: the old one is good no more. Works after the
invitation has expired, too.

Usage: ostiary invitations resend ID [--expires-in TIME]

${expiry}${adminHelp}

Example:
  ostiary invitations resend 6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99`,
  options: { ...adminOptions, "expires-in": { type: "string" } },
  takesArguments: true,
  run: async (values, args) => {
    const identityId = mustBeOne(args, "one id of an identity");
    const client = await adminClient(InvitationAdminService, values);
    const asked = { identityId, expiresIn: String(values["expires-in"] ?? "") };
    const { invitation } = await answered(client.resendInvitation(asked));
    print(invitation, values.json);
  },
};

/** `ostiary invitations revoke` */
export const invitationsRevoke: Command = {
  name: "invitations revoke",
  summary: "revoke invitations",
  help: `Revokes invitations: their links are good no more, and identities that nobody has accepted
are erased.

Usage: ostiary invitations revoke ID...

${adminHelp}

Example:
  ostiary invitations revoke 6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99`,
  options: adminOptions,
  takesArguments: true,
  run: async (values, args) => {
    const client = await adminClient(InvitationAdminService, values);
    for (const identityId of mustBeNamed(args, "the ids of identities")) {
      await answered(client.revokeInvitation({ identityId }));
      console.log(values.json === true ? JSON.stringify({ revoked: identityId }) : `revoked ${identityId}`);
    }
  },
};
