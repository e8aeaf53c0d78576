import {
  EventAdminService,
  type EventDelivery,
  EventDeliverySchema,
} from "../../../gen/ostiary/events/v1/event_admin_service_pb.ts";
import {
  HookAdminService,
  type HookDelivery,
  HookDeliverySchema,
} from "../../../gen/ostiary/hooks/v1/hook_admin_service_pb.ts";
import { type Command, CommandError, type OptionValues } from "../command.ts";
import { adminClient, adminHelp, adminOptions, answered, mustBeNamed, readLimit } from "./admin-client.ts";
import { printJson, table, timeOf } from "./print.ts";

const targetOptions = { ...adminOptions, receiver: { type: "string" }, "web-hooks": { type: "boolean" } } as const;
const targetHelp = `      --receiver NAME   those of events to a receiver, by its name in the configuration
      --web-hooks       those of web hooks whose answer is ignored`;
/** Ids that the server takes in one call. */
const MOST_IDS = 1_000;

/** `ostiary deliveries list` */
export const deliveriesList: Command = {
  name: "deliveries list",
  summary: "list queued or parked deliveries",
  help: `Lists queued deliveries to a receiver of events or of web hooks, or those that were parked
after their last attempt, the oldest first. The receiver of events may have been removed from the
configuration: "receivers list" shows it as well. Nothing is shown of what a web hook sends.

Usage: ostiary deliveries list {--receiver NAME | --web-hooks} [--parked] [--limit N]

${targetHelp}
      --parked          the parked ones
      --limit N         at most so many (default: 250; 0 is all)
${adminHelp}

Examples:
  ostiary deliveries list --web-hooks --parked
  ostiary deliveries list --receiver crm --json`,
  options: { ...targetOptions, parked: { type: "boolean" }, limit: { type: "string" } },
  run: async (values) => {
    const receiver = receiverOf(values);
    const list = receiver === undefined ? await hookLister(values) : await eventLister(values, receiver);
    const rows: string[][] = [];
    let [left, pageToken] = [readLimit(values.limit), ""];
    do {
      const page = await list({ parked: values.parked === true, pageSize: Math.min(500, left), pageToken });
      for (const { row, print } of page.lines) {
        if (values.json === true) print();
        else rows.push(row);
      }
      left -= page.lines.length;
      pageToken = page.nextPageToken;
    } while (pageToken !== "" && left > 0);
    if (values.json !== true) console.log(table(receiver === undefined ? hookHeads : eventHeads, rows));
  },
};

/** `ostiary deliveries replay` */
export const deliveriesReplay: Command = {
  name: "deliveries replay",
  summary: "try deliveries again",
  help: `Tries deliveries again, from the first attempt on: some by their ids, or all parked ones.
Queued ones are tried at once. See also events replay, which delivers events of a time again.

Usage: ostiary deliveries replay {--receiver NAME | --web-hooks} {--parked | DELIVERY...}

${targetHelp}
      --parked          all parked ones
${adminHelp}

Examples:
  ostiary deliveries replay --web-hooks --parked
  ostiary deliveries replay --receiver crm 01a21f2d-f9d2-7bc7-ad22-7a7bbb451698`,
  options: { ...targetOptions, parked: { type: "boolean" } },
  takesArguments: true,
  run: async (values, ids) => {
    const receiver = receiverOf(values);
    const isParked = values.parked === true;
    if (isParked === ids.length > 0) throw new CommandError("name the ids of deliveries, or --parked");
    const replay = receiver === undefined ? await hookReplayer(values) : await eventReplayer(values, receiver);
    let queued = 0;
    for (const some of isParked ? [[]] : groupsOf(ids)) {
      let pageToken = "";
      do {
        const answer = await replay({ ids: some, parked: isParked, pageToken });
        queued += answer.queued;
        pageToken = answer.nextPageToken;
      } while (pageToken !== "");
    }
    console.log(values.json === true ? JSON.stringify({ queued }) : `${queued} queued`);
  },
};

/** `ostiary deliveries drop` */
export const deliveriesDrop: Command = {
  name: "deliveries drop",
  summary: "remove deliveries",
  help: `Removes queued or parked deliveries: they are not tried again, and those of the same
person that come after them are delivered. Events stay in the log. A delivery that is being sent
may be delivered all the same.

Usage: ostiary deliveries drop {--receiver NAME | --web-hooks} DELIVERY...

${targetHelp}
${adminHelp}

Example:
  ostiary deliveries drop --web-hooks 01a21f2d-f9d2-7bc7-ad22-7a7bbb451698`,
  options: targetOptions,
  takesArguments: true,
  run: async (values, args) => {
    const receiver = receiverOf(values);
    const groups = groupsOf(mustBeNamed(args, "the ids of deliveries"));
    const hooks = await adminClient(HookAdminService, values);
    const events = await adminClient(EventAdminService, values);
    let dropped = 0;
    for (const ids of groups) {
      const call = receiver === undefined ? hooks.dropDeliveries({ ids }) : events.dropDeliveries({ receiver, ids });
      dropped += (await answered<{ readonly dropped: number }>(call)).dropped;
    }
    console.log(values.json === true ? JSON.stringify({ dropped }) : `${dropped} dropped`);
  },
};

/** Whose deliveries are meant; undefined: those of web hooks. @throws CommandError */
const receiverOf = ({ receiver, "web-hooks": webHooks }: OptionValues): string | undefined => {
  if ((receiver === undefined) === (webHooks !== true))
    throw new CommandError("name a receiver of events with --receiver, or --web-hooks");
  return receiver === undefined ? undefined : String(receiver);
};

const groupsOf = (ids: readonly string[]): string[][] =>
  Array.from({ length: Math.ceil(ids.length / MOST_IDS) }, (_, at) => ids.slice(at * MOST_IDS, (at + 1) * MOST_IDS));

/** A delivery as a row of a table, and how it is printed as JSON. */
interface Line {
  readonly row: string[];
  readonly print: () => void;
}

type List = (request: {
  readonly parked: boolean;
  readonly pageSize: number;
  readonly pageToken: string;
}) => Promise<{ readonly lines: readonly Line[]; readonly nextPageToken: string }>;

const hookLister = async (values: OptionValues): Promise<List> => {
  const client = await adminClient(HookAdminService, values);
  return async (request) => {
    const { deliveries, nextPageToken } = await answered(client.listDeliveries(request));
    const lines = deliveries.map((one) => ({ row: hookRow(one), print: () => printJson(HookDeliverySchema, one) }));
    return { lines, nextPageToken };
  };
};

const eventLister = async (values: OptionValues, receiver: string): Promise<List> => {
  const client = await adminClient(EventAdminService, values);
  return async (request) => {
    const { deliveries, nextPageToken } = await answered(client.listDeliveries({ ...request, receiver }));
    const lines = deliveries.map((one) => ({ row: eventRow(one), print: () => printJson(EventDeliverySchema, one) }));
    return { lines, nextPageToken };
  };
};

type Replay = (request: {
  readonly ids: string[];
  readonly parked: boolean;
  readonly pageToken: string;
}) => Promise<{ readonly queued: number; readonly nextPageToken: string }>;

const hookReplayer = async (values: OptionValues): Promise<Replay> => {
  const client = await adminClient(HookAdminService, values);
  return (request) => answered(client.replayDeliveries(request));
};

const eventReplayer = async (values: OptionValues, receiver: string): Promise<Replay> => {
  const client = await adminClient(EventAdminService, values);
  return ({ ids, ...request }) => answered(client.replayEvents({ ...request, receiver, deliveryIds: ids }));
};

const hookHeads = ["ID", "HOOK", "URL", "IDENTITY", "ATTEMPTS", "CREATED", "PARKED", "ERROR"] as const;
const eventHeads = ["ID", "TYPE", "EVENT", "IDENTITY", "ATTEMPTS", "PARKED", "ERROR"] as const;

const hookRow = (delivery: HookDelivery): string[] => {
  const { id, hookId, url, identityId, attempts, createdAt, parkedAt, lastError } = delivery;
  return [id, hookId, url, identityId, String(attempts), timeOf(createdAt), timeOf(parkedAt), lastError];
};

const eventRow = ({ id, event, attempts, parkedAt, lastError }: EventDelivery): string[] => [
  id,
  event?.type ?? "",
  event?.id ?? "",
  event?.identityId ?? "",
  String(attempts),
  timeOf(parkedAt),
  lastError,
];
