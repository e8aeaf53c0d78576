import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { EventAdminService } from "../../../gen/ostiary/events/v1/event_admin_service_pb.ts";
import { type Command, CommandError } from "../command.ts";
import { adminClient, adminHelp, adminOptions, answered } from "./admin-client.ts";
import { readTime } from "./events-list.ts";

/** `ostiary events replay` */
export const eventsReplay: Command = {
  name: "events replay",
  summary: "deliver events to a receiver again",
  help: `Delivers events again: some by their ids, those of a time, or those that were parked
after their last attempt. A receiver that has answered 410 is resumed. Each delivery has
the id of its event, by which a receiver tells that it had it.

Usage: ostiary events replay --receiver NAME [--parked | --since TIME [--until TIME] | --identity ID EVENT...]

      --receiver NAME   the receiver's name in the configuration
      --parked          the parked ones
      --since TIME      those from then on: 2026-01-31T12:00:00Z
      --until TIME      those before
      --identity ID     only those of one identity; needed with ids of events
${adminHelp}

Examples:
  ostiary events replay --receiver crm --parked
  ostiary events replay --receiver crm --since 2026-01-31T00:00:00Z --until 2026-02-01T00:00:00Z`,
  options: {
    ...adminOptions,
    receiver: { type: "string" },
    parked: { type: "boolean" },
    since: { type: "string" },
    until: { type: "string" },
    identity: { type: "string" },
  },
  takesArguments: true,
  run: async (values, ids) => {
    if (values.receiver === undefined) throw new CommandError("name a receiver with --receiver");
    const client = await adminClient(EventAdminService, values);
    const [from, until] = [readTime(values.since, "--since"), readTime(values.until, "--until")];
    let [queued, pageToken] = [0, ""];
    do {
      const answer = await answered(
        client.replayEvents({
          receiver: String(values.receiver),
          parked: values.parked === true,
          identityId: String(values.identity ?? ""),
          ids: [...ids],
          ...(from && { from: timestampFromDate(from) }),
          ...(until && { until: timestampFromDate(until) }),
          pageToken,
        }),
      );
      queued += answer.queued;
      pageToken = answer.nextPageToken;
    } while (pageToken !== "");
    console.log(values.json === true ? JSON.stringify({ queued }) : `${queued} queued`);
  },
};
