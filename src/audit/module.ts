import type { Config } from "../config/config.ts";
import type { Refusals } from "./refusals.ts";

/** Creates the module of the log: what is purged of it, and its end. */
export const createAudit = ({
  config,
  refusals,
}: {
  readonly config: Pick<Config, "database">;
  readonly refusals: Refusals;
}) => ({
  purge: [
    {
      table: "security_events",
      expires: "created_at",
      retention: config.database.cleanup.security_events_older_than,
    },
  ],
  close: () => refusals.close(),
});
