import { SessionAdminService } from "../../../gen/ostiary/session/v1/session_admin_service_pb.ts";
import { type Command, CommandError } from "../command.ts";
import { adminClient, adminHelp, adminOptions, answered } from "./admin-client.ts";

const ending = (action: "disable" | "delete", summary: string): Command => ({
  name: `sessions ${action}`,
  summary,
  help: `${action === "disable" ? "Ends sessions; they stay to be looked at." : "Deletes sessions."}

Usage: ostiary sessions ${action} [SESSION...] [--identity ID]... [--all]

      --identity ID     all of an identity; repeated
      --all             everybody's
${adminHelp}

Examples:
  ostiary sessions ${action} 6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99
  ostiary sessions ${action} --all`,
  options: { ...adminOptions, identity: { type: "string", multiple: true }, all: { type: "boolean" } },
  takesArguments: true,
  run: async (values, sessions) => {
    const client = await adminClient(SessionAdminService, values);
    const identities = values.all === true ? ["*"] : Array.isArray(values.identity) ? values.identity.map(String) : [];
    if (identities.length === 0 && sessions.length === 0) throw new CommandError("name sessions, --identity or --all");
    let processed = 0;
    for (let more = true; more; ) {
      const answer = await answered(client.manageSessions({ action, identities, sessions: [...sessions] }));
      processed += answer.processed;
      more = answer.more;
    }
    console.log(values.json === true ? JSON.stringify({ processed }) : `${processed} sessions: ${action}d`);
  },
});

/** `ostiary sessions disable` */
export const sessionsDisable = ending("disable", "end sessions");
/** `ostiary sessions delete` */
export const sessionsDelete = ending("delete", "delete sessions");
