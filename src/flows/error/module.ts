import type { JsonObject } from "@bufbuild/protobuf";
import type { Config } from "../../config/config.ts";
import type { Database } from "../../db/sql.ts";
import type { Clock } from "../../lib/clock.ts";
import type { PacedByNetwork } from "../../limits/paced.ts";
import type { Csrf } from "../../session/csrf.ts";
import { createErrorService } from "./service.ts";
import { createFlowErrorStore } from "./store.ts";

/** What stored errors stand on. */
export interface FlowErrorsDeps {
  readonly clock: Clock;
  readonly config: Pick<Config, "database">;
  readonly db: Database;
}

/** Creates what stores errors for the error page, and the service that reads them. */
export const createFlowErrors = ({ clock, config, db }: FlowErrorsDeps, csrf: Csrf, pace: PacedByNetwork) => {
  const errors = createFlowErrorStore();
  return {
    services: [createErrorService({ db, clock, csrf, errors })],
    purge: [{ table: "flow_errors", expires: "expires_at", retention: config.database.cleanup.older_than }],
    /** Stores an error; returns its id, or undefined when the network has had too many stored. */
    store: async (error: object, address: string): Promise<string | undefined> =>
      pace.consume(address) > 0 ? undefined : errors.insert(db, { ...error } as JsonObject, clock.now()),
  };
};
