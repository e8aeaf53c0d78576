import { timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { EventAdminService } from "../../../gen/ostiary/events/v1/event_admin_service_pb.ts";
import { type Event, EventOutcome, EventSchema } from "../../../gen/ostiary/events/v1/event_pb.ts";
import { type Command, CommandError, type OptionValues } from "../command.ts";
import { adminClient, adminHelp, adminOptions, answered, readLimit } from "./admin-client.ts";
import { printJson, table } from "./print.ts";

/** `ostiary events list` */
export const eventsList: Command = {
  name: "events list",
  summary: "list events",
  help: `Lists events, newest first.

Usage: ostiary events list [--identity ID] [--type TYPE]... [--since TIME] [--limit N]

      --identity ID     only those of one identity
      --type TYPE       only those of a type, or of all that begin alike: login.*
      --since TIME      only those from then on: 2026-01-31T12:00:00Z
      --limit N         at most so many (default: 250; 0 is all)
${adminHelp}

Examples:
  ostiary events list --identity 6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99
  ostiary events list --type 'login.*' --since 2026-01-31T00:00:00Z --json`,
  options: {
    ...adminOptions,
    identity: { type: "string" },
    type: { type: "string", multiple: true },
    since: { type: "string" },
    limit: { type: "string" },
  },
  run: async (values) => {
    const client = await adminClient(EventAdminService, values);
    const rows: string[][] = [];
    let [left, pageToken] = [readLimit(values.limit), ""];
    const from = readTime(values.since, "--since");
    do {
      const page = await answered(
        client.listEvents({
          pageSize: Math.min(500, left),
          pageToken,
          identityId: String(values.identity ?? ""),
          types: textsOf(values.type),
          ...(from && { from: timestampFromDate(from) }),
        }),
      );
      for (const event of page.events) {
        if (values.json === true) printJson(EventSchema, event);
        else rows.push(eventRow(event));
      }
      left -= page.events.length;
      pageToken = page.nextPageToken;
    } while (pageToken !== "" && left > 0);
    if (values.json !== true) console.log(table(eventHeads, rows));
  },
};

/** The head of a table of events. */
const eventHeads = ["TIME", "TYPE", "OUTCOME", "IDENTITY", "ADDRESS", "ID"] as const;

/** An event as a row of that table. */
export const eventRow = ({ id, type, outcome, identityId, remoteAddress, time }: Event): string[] => [
  time === undefined ? "" : timestampDate(time).toISOString(),
  type,
  outcome === EventOutcome.DONE ? "done" : "refused",
  identityId,
  remoteAddress,
  id,
];

/** The values of an option that may stand several times. */
export const textsOf = (value: OptionValues[string]): string[] => (Array.isArray(value) ? value.map(String) : []);

/** A time on the command line; undefined where none is given. @throws CommandError */
export const readTime = (value: OptionValues[string], option: string): Date | undefined => {
  if (value === undefined) return undefined;
  const time = new Date(String(value));
  if (Number.isNaN(time.getTime())) throw new CommandError(`${option} is no time such as 2026-01-31T12:00:00Z`);
  return time;
};
