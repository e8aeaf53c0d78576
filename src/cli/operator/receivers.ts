import { EventAdminService, EventReceiverSchema } from "../../../gen/ostiary/events/v1/event_admin_service_pb.ts";
import type { Command } from "../command.ts";
import { adminClient, adminHelp, adminOptions, answered, readLimit } from "./admin-client.ts";
import { printJson, table } from "./print.ts";

/** `ostiary receivers list` */
export const receiversList: Command = {
  name: "receivers list",
  summary: "list receivers of events with their numbers of deliveries",
  help: `Lists the receivers of events of the configuration, and those that it has no more but
deliveries are still there to: nothing is delivered to them. Their deliveries are listed and dropped
by "deliveries list" and "deliveries drop". UNQUEUED counts events whose deliveries could not be queued:
the log of the server says why, and "events replay --parked" has it tried again.

Usage: ostiary receivers list [--limit N]

      --limit N         at most so many (default: 250; 0 is all)
${adminHelp}

Examples:
  ostiary receivers list
  ostiary receivers list --json`,
  options: { ...adminOptions, limit: { type: "string" } },
  run: async (values) => {
    const client = await adminClient(EventAdminService, values);
    const rows: string[][] = [];
    let [left, pageToken] = [readLimit(values.limit), ""];
    do {
      const page = await answered(client.listReceivers({ pageSize: Math.min(500, left), pageToken }));
      for (const receiver of page.receivers) {
        const { name, configured, ended, waiting, parked, unqueued } = receiver;
        if (values.json === true) printJson(EventReceiverSchema, receiver);
        else rows.push([name, stateOf({ configured, ended }), String(waiting), String(parked), String(unqueued)]);
      }
      left -= page.receivers.length;
      pageToken = page.nextPageToken;
    } while (pageToken !== "" && left > 0);
    if (values.json !== true) console.log(table(["NAME", "STATE", "WAITING", "PARKED", "UNQUEUED"], rows));
  },
};

const stateOf = ({ configured, ended }: { readonly configured: boolean; readonly ended: boolean }): string => {
  if (!configured) return "not configured";
  return ended ? "ended by 410" : "configured";
};
