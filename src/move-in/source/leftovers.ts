import type { SqlValue } from "../../db/sql.ts";
import type { Tables } from "./tables.ts";

/** What stays behind: how many rows, by what they are. */
export type Leftovers = Readonly<Record<string, number>>;

/** Status of messages that are not sent yet: queued, and being sent. */
const WAITING = "status IN (1, 3)";

/** What is counted, in which table, under which condition; `?` is now. */
const counted = [
  ["messages_not_sent", "courier_messages", WAITING, false],
  ["settings_changes_in_waiting", "identity_pending_traits_changes", "status = 'pending'", false],
  ["sign_in_flows", "selfservice_login_flows", "expires_at > ?", true],
  ["sign_up_flows", "selfservice_registration_flows", "expires_at > ?", true],
  ["settings_flows", "selfservice_settings_flows", "expires_at > ?", true],
  ["recovery_flows", "selfservice_recovery_flows", "expires_at > ?", true],
  ["verification_flows", "selfservice_verification_flows", "expires_at > ?", true],
  ["sessions_that_ended", "sessions", "(active = 0 OR expires_at <= ?)", true],
] as const;

/** Creates the counting of what stays behind. Tables that are not there are left out. */
export const createLeftovers =
  (count: (sql: string, values: readonly SqlValue[]) => Promise<number>, network: string, tables: Tables) =>
  async (now: Date): Promise<Leftovers> => {
    const found: [string, number][] = [];
    for (const [name, table, condition, isTimed] of counted) {
      if (!tables.has(table, "nid")) continue;
      const sql = `SELECT COUNT(*) AS many FROM ${table} WHERE nid = ? AND ${condition}`;
      found.push([name, await count(sql, isTimed ? [network, now] : [network])]);
    }
    return Object.fromEntries(found.filter(([, many]) => many > 0));
  };
