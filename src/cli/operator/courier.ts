import { CourierAdminService } from "../../../gen/ostiary/courier/v1/courier_admin_service_pb.ts";
import { type Message, MessageSchema, MessageStatus, MessageType } from "../../../gen/ostiary/courier/v1/message_pb.ts";
import { type Command, CommandError } from "../command.ts";
import { adminClient, adminHelp, adminOptions, answered, mustBeNamed, readLimit } from "./admin-client.ts";
import { printJson, table, timeOf } from "./print.ts";

const statuses = {
  queued: MessageStatus.QUEUED,
  processing: MessageStatus.PROCESSING,
  sent: MessageStatus.SENT,
  abandoned: MessageStatus.ABANDONED,
} as const;

/** `ostiary courier list` */
export const courierList: Command = {
  name: "courier list",
  summary: "list messages to people",
  help: `Lists messages that the server sends, newest first.

Usage: ostiary courier list [--status STATUS] [--recipient ADDRESS] [--limit N]

      --status STATUS   only those that are ${Object.keys(statuses).join(", ")}
      --recipient ADDRESS
                        only those to an address or phone number
      --limit N         at most so many (default: 50; 0 is all)
${adminHelp}

Examples:
  ostiary courier list --status abandoned
  ostiary courier list --recipient ann@example.com --json`,
  options: { ...adminOptions, status: { type: "string" }, recipient: { type: "string" }, limit: { type: "string" } },
  run: async (values) => {
    const status = readStatus(values.status);
    const client = await adminClient(CourierAdminService, values);
    const rows: string[][] = [];
    let [left, pageToken] = [readLimit(values.limit, 50), ""];
    do {
      const page = await answered(
        client.listMessages({
          pageToken,
          pageSize: Math.min(500, left),
          recipient: String(values.recipient ?? ""),
          ...(status !== undefined && { status }),
        }),
      );
      for (const message of page.messages) {
        if (values.json === true) printJson(MessageSchema, message);
        else rows.push(rowOf(message));
      }
      left -= page.messages.length;
      pageToken = page.nextPageToken;
    } while (pageToken !== "" && left > 0);
    if (values.json !== true)
      console.log(table(["ID", "STATUS", "TYPE", "TEMPLATE", "RECIPIENT", "ATTEMPTS", "CREATED"], rows));
  },
};

/** `ostiary courier get` */
export const courierGet: Command = {
  name: "courier get",
  summary: "show messages with their attempts",
  help: `Shows messages as JSON, one a line, with each attempt to send them. What they say is shown
in development only.

Usage: ostiary courier get MESSAGE...

${adminHelp}

Example:
  ostiary courier get 6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99`,
  options: adminOptions,
  takesArguments: true,
  run: async (values, args) => {
    const client = await adminClient(CourierAdminService, values);
    for (const id of mustBeNamed(args, "the ids of messages")) {
      const { message } = await answered(client.getMessage({ id }));
      if (message !== undefined) printJson(MessageSchema, message);
    }
  },
};

/** @throws CommandError */
const readStatus = (value: unknown): MessageStatus | undefined => {
  if (value === undefined) return undefined;
  const known = Object.entries(statuses).find(([name]) => name === value);
  if (known === undefined) throw new CommandError(`--status is one of ${Object.keys(statuses).join(", ")}`);
  return known[1];
};

const rowOf = ({ id, status, type, templateType, recipient, sendCount, createdAt }: Message): string[] => [
  id,
  Object.entries(statuses).find(([, value]) => value === status)?.[0] ?? "",
  type === MessageType.SMS ? "sms" : "email",
  templateType,
  recipient,
  String(sendCount),
  timeOf(createdAt),
];
