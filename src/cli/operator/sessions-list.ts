import { timestampDate } from "@bufbuild/protobuf/wkt";
import {
  type AdminSession,
  AdminSessionSchema,
  SessionAdminService,
} from "../../../gen/ostiary/session/v1/session_admin_service_pb.ts";
import type { Command } from "../command.ts";
import { adminClient, adminHelp, adminOptions, answered } from "./admin-client.ts";
import { printJson, table } from "./print.ts";

/** `ostiary sessions list` */
export const sessionsList: Command = {
  name: "sessions list",
  summary: "list sessions",
  help: `Lists sessions, newest first.

Usage: ostiary sessions list [--identity ID] [--active] [--limit N]

      --identity ID     only those of one identity
      --active          only those that are active
      --limit N         at most so many (default: 250)
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
    const client = adminClient(SessionAdminService, values);
    const asked = {
      pageSize: Math.max(1, Number(values.limit ?? 250) || 250),
      ...(values.active === true && { active: true }),
    };
    const { sessions } = await answered<{ readonly sessions: AdminSession[] }>(
      values.identity === undefined
        ? client.listAllSessions({ ...asked, expand: ["identity", "devices"] })
        : client.listIdentitySessions({ ...asked, id: String(values.identity) }),
    );
    if (values.json === true) for (const session of sessions) printJson(AdminSessionSchema, session);
    else console.log(table(["ID", "ACTIVE", "IDENTITY", "ISSUED", "EXPIRES", "ADDRESS"], sessions.map(rowOf)));
  },
};

const rowOf = ({ id, active, identity, issuedAt, expiresAt, devices }: AdminSession): string[] => [
  id,
  active ? "yes" : "no",
  identity?.id ?? "",
  issuedAt === undefined ? "" : timestampDate(issuedAt).toISOString(),
  expiresAt === undefined ? "" : timestampDate(expiresAt).toISOString(),
  devices[0]?.ipAddress ?? "",
];
