import { SessionAdminService } from "../../../gen/ostiary/session/v1/session_admin_service_pb.ts";
import type { Command } from "../command.ts";
import { adminClient, adminHelp, adminOptions, answered, mustBeNamed } from "./admin-client.ts";
import { timeOf } from "./print.ts";

/** `ostiary sessions extend` */
export const sessionsExtend: Command = {
  name: "sessions extend",
  summary: "extend sessions",
  help: `Lets sessions end a lifespan from now, if they end within the time in which they may be
extended (session.earliest_possible_extend).

Usage: ostiary sessions extend SESSION...

${adminHelp}

Example:
  ostiary sessions extend 6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99`,
  options: adminOptions,
  takesArguments: true,
  run: async (values, args) => {
    const client = await adminClient(SessionAdminService, values);
    for (const id of mustBeNamed(args, "the ids of sessions")) {
      const { session } = await answered(client.extendSession({ id }));
      const expires = timeOf(session?.expiresAt);
      console.log(values.json === true ? JSON.stringify({ id, expires_at: expires }) : `${id} ends ${expires}`);
    }
  },
};
