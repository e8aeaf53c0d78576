import type { Config } from "../config/config.ts";
import type { Database } from "../db/sql.ts";
import type { Clock } from "../lib/clock.ts";
import { createCodeGuesses } from "./code-guesses.ts";
import { createFailureFloor, type Wait } from "./failure-floor.ts";
import { createMessageLimit } from "./message-limit.ts";
import { createPacedByNetwork } from "./paced.ts";
import { createRateLimiter } from "./rate-limiter.ts";
import { createRegistrationLimit } from "./registrations.ts";

/** What the limits stand on. */
export interface LimitsDeps {
  readonly config: Pick<Config, "database" | "limits" | "selfservice">;
  readonly clock: Clock;
  readonly db: Database;
  readonly digestKey: string;
  readonly wait: Wait | undefined;
}

/** Creates every limit against guessing and flooding. */
export const createLimits = ({
  config: { database, limits, selfservice },
  clock,
  db,
  digestKey: key,
  wait,
}: LimitsDeps) => ({
  attempts: createRateLimiter({ db, clock, config: limits.login, key }),
  registrations: createRegistrationLimit({ db, clock, config: limits.registration, key }),
  codeGuesses: createCodeGuesses({
    db,
    clock,
    config: limits.codes,
    perFlow: selfservice.methods.code.config.max_submissions,
    key,
  }),
  messages: createMessageLimit({ db, clock, config: limits.messages, key }),
  floor: createFailureFloor({ maxWait: limits.login.longest_wait, wait }),
  /** Under every answer to a request that may send a message. */
  messageFloor: createFailureFloor({ maxWait: limits.login.longest_wait, wait }),
  newFlows: createPacedByNetwork(limits.flows, clock),
  newFlowErrors: createPacedByNetwork(limits.flows, clock),
  purge: [
    { table: "attempts", expires: "expires_at", retention: database.cleanup.older_than },
    { table: "repeated_requests", expires: "expires_at", retention: 0 },
  ],
});
