import { AdminSessionSchema, SessionAdminService } from "../../../gen/ostiary/session/v1/session_admin_service_pb.ts";
import type { Command } from "../command.ts";
import { adminClient, adminHelp, adminOptions, answered, mustBeNamed } from "./admin-client.ts";
import { printJson } from "./print.ts";

/** `ostiary sessions get` */
export const sessionsGet: Command = {
  name: "sessions get",
  summary: "show sessions",
  help: `Shows sessions as JSON, one a line, with their identity and devices.

Usage: ostiary sessions get SESSION...

${adminHelp}

Example:
  ostiary sessions get 6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99`,
  options: adminOptions,
  takesArguments: true,
  run: async (values, args) => {
    const client = await adminClient(SessionAdminService, values);
    for (const id of mustBeNamed(args, "the ids of sessions")) {
      const { session } = await answered(client.getSession({ id, expand: ["identity", "devices"] }));
      if (session !== undefined) printJson(AdminSessionSchema, session);
    }
  },
};
