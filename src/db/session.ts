import { DatabaseUnavailable } from "./sql-error.ts";

/** Every session alike, whatever the server's defaults: UTC, strict, READ COMMITTED, short lock waits. */
const session = [
  "SET SESSION time_zone = '+00:00', innodb_lock_wait_timeout = 5, " +
    "sql_mode = 'STRICT_TRANS_TABLES,STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,NO_ZERO_DATE,NO_ZERO_IN_DATE," +
    "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
  "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
];

/**
 * Waits for what other nodes have committed before any read and write, so that no node of a cluster answers from the
 * past.
 */
const SYNC_WAIT = 7;

/** What a session is set up for. */
export interface SessionOptions {
  /** `wsrep_sync_wait` on a Galera cluster; undefined: 7. */
  readonly syncWait: number | undefined;
  /** Another server can stand in for one that is there and does not take writes. */
  readonly several: boolean;
  /** The server refuses every write of the session. */
  readonly readOnly?: boolean | undefined;
}

/**
 * Sets a session up and returns the server's version. Throws DatabaseUnavailable
 * where another server should be asked: one of several that is read-only, or a
 * node of Galera that is not part of its cluster.
 */
export const setUpSession = async (
  run: (sql: string) => Promise<unknown>,
  { syncWait = SYNC_WAIT, several, readOnly = false }: SessionOptions,
): Promise<string> => {
  const rows = async (sql: string) => (await run(sql)) as readonly Readonly<Record<string, unknown>>[];
  for (const sql of session) await run(sql);
  if (readOnly) await run("SET SESSION TRANSACTION READ ONLY");
  const isOn = (found: readonly Readonly<Record<string, unknown>>[]) => /^(?:on|1)$/i.test(String(found[0]?.Value));
  if (isOn(await rows("SHOW SESSION VARIABLES LIKE 'wsrep_on'"))) {
    if (several && !isOn(await rows("SHOW GLOBAL STATUS LIKE 'wsrep_ready'")))
      throw new DatabaseUnavailable("the node is not part of its cluster", "refused");
    await run(`SET SESSION wsrep_sync_wait = ${syncWait}`);
  }
  const [about] = await rows(`SELECT VERSION() AS version${several ? ", @@global.read_only AS locked" : ""}`);
  if (several && /^(?:1|on)/i.test(String(about?.locked)))
    throw new DatabaseUnavailable("the server is read-only", "refused");
  return String(about?.version);
};
