import { createApp } from "../src/app.ts";
import { loadConfig } from "../src/config/load.ts";
import type { Database } from "../src/db/sql.ts";

/*
 * `node bench/without-limits.ts FILE`: the server as it is, but that no statement
 * of a limit reaches the database: what limits cost is what it does more.
 */

const isOfLimits = (statement: string): boolean => /\battempts\b/.test(statement);
/** As if nothing had been counted before. */
const newRows = (statement: string): number => statement.match(/\(\?, \?, \?\)/g)?.length ?? 0;

const withoutLimits = (db: Database): Database => ({
  ...db,
  query: (statement, params) => (isOfLimits(statement) ? Promise.resolve([]) : db.query(statement, params)),
  execute: (statement, params, repeatable) =>
    isOfLimits(statement)
      ? Promise.resolve({ affectedRows: newRows(statement) })
      : db.execute(statement, params, repeatable),
});

const { config } = loadConfig({ files: process.argv.slice(2), env: {}, overrides: { dev: true } });
const app = await createApp(config, { wrapDatabase: withoutLimits });
await app.listen();
process.once("SIGTERM", () => void app.close().then(() => process.exit(0)));
