import type { Config } from "../config/config.ts";
import type { Jobs } from "../jobs/engine.ts";
import type { Aead } from "../lib/aead.ts";
import type { Clock } from "../lib/clock.ts";
import { createQueue } from "./courier.ts";
import { createMessageStore } from "./store.ts";

/** What the courier stands on. */
export interface CourierModuleDeps {
  readonly config: Pick<Config, "database">;
  readonly clock: Clock;
  readonly aead: Aead;
  readonly jobs: Jobs;
}

/** Creates the courier: what queues messages, and what delivers them. */
export const createCourier = ({ config, clock, aead, jobs }: CourierModuleDeps) => {
  const messages = createMessageStore(aead);
  return {
    ...createQueue({ jobs, messages, clock, needsIdentity: true }),
    purge: [
      {
        table: "courier_messages",
        expires: "created_at",
        retention: config.database.cleanup.courier_messages_older_than,
      },
    ],
  };
};
