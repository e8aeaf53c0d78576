import { timestampDate } from "@bufbuild/protobuf/wkt";
import {
  type AdminSession,
  AdminSessionSchema,
  SessionAdminService,
} from "../../../gen/ostiary/session/v1/session_admin_service_pb.ts";
import type { Command } from "../command.ts";
import { adminClient, adminHelp, adminOptions, answered, readLimit } from "./admin-client.ts";
import { printJson, table } from "./print.ts";

/** `ostiary sessions list` */
export const sessionsList: Command = {
  name: "sessions list",
  summary: "list sessions",
  help: `Lists sessions, newest first.

Usage: ostiary sessions list [--identity ID] [--active] [--limit N]

      --identity ID     only those of one identity
      --active          only those that are active
      --limit N         at most so many (default: 250; 0 is all)
${adminHelp}

Examples:
  ostiary sessions list --active
  ostiary sessions list --identity 6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99 --json`,
  options: {
    ...adminOptions,
    identity: { type: "string" },
    active: { type: "boolean" },
    limit: { type: "string" },
  },
  run: async (values) => {
    const client = await adminClient(SessionAdminService, values);
    const rows: string[][] = [];
    let [left, pageToken] = [readLimit(values.limit), ""];
    do {
      const asked = {
        pageSize: Math.min(500, left),
        pageToken,
        ...(values.active === true && { active: true }),
      };
      const page = await answered<{ readonly sessions: AdminSession[]; readonly nextPageToken: string }>(
        values.identity === undefined
          ? client.listAllSessions({ ...asked, expand: ["identity", "devices"] })
          : client.listIdentitySessions({ ...asked, id: String(values.identity) }),
      );
      for (const session of page.sessions) {
        if (values.json === true) printJson(AdminSessionSchema, session);
        else rows.push(sessionRow(session));
      }
      left -= page.sessions.length;
      pageToken = page.nextPageToken;
    } while (pageToken !== "" && left > 0);
    if (values.json !== true) console.log(table(sessionHeads, rows));
  },
};

/** The head of a table of sessions. */
const sessionHeads = ["ID", "ACTIVE", "IDENTITY", "ISSUED", "EXPIRES", "ADDRESS"] as const;

/** A session as a row of that table. */
const sessionRow = ({ id, active, identity, issuedAt, expiresAt, devices }: AdminSession): string[] => [
  id,
  active ? "yes" : "no",
  identity?.id ?? "",
  issuedAt === undefined ? "" : timestampDate(issuedAt).toISOString(),
  expiresAt === undefined ? "" : timestampDate(expiresAt).toISOString(),
  devices[0]?.ipAddress ?? "",
];
