import { ChainFaultSchema, EventAdminService } from "../../../gen/ostiary/events/v1/event_admin_service_pb.ts";
import type { Command } from "../command.ts";
import { adminClient, adminHelp, adminOptions, answered } from "./admin-client.ts";
import { printJson } from "./print.ts";

/** `ostiary events verify` */
export const eventsVerify: Command = {
  name: "events verify",
  summary: "check that no event was altered or removed",
  help: `Checks the chains of events, of one identity or of all. It ends with 1 where one does not
hold, and says where.

Usage: ostiary events verify [--identity ID]

      --identity ID     only that of one identity
${adminHelp}

Example:
  ostiary events verify`,
  options: { ...adminOptions, identity: { type: "string" } },
  run: async (values) => {
    const client = await adminClient(EventAdminService, values);
    const sum = { identities: 0, events: 0, unchained: 0, faults: 0 };
    let pageToken = "";
    do {
      const identityId = String(values.identity ?? "");
      const page = await answered(client.verifyEvents({ identityId, pageSize: 500, pageToken }));
      sum.identities += page.identities;
      sum.events += Number(page.events);
      sum.unchained += Number(page.unchained);
      sum.faults += page.faults.length;
      for (const fault of page.faults) {
        if (values.json === true) printJson(ChainFaultSchema, fault);
        else console.error(`${fault.identityId}: event ${fault.position} is ${fault.fault}`);
      }
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    const text = `${sum.events} events of ${sum.identities} identities checked, ${sum.faults} chains do not hold`;
    console.log(values.json === true ? JSON.stringify(sum) : text);
    if (sum.faults > 0) process.exitCode = 1;
  },
};
