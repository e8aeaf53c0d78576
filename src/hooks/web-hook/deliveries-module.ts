import type { Config } from "../../config/config.ts";
import type { Jobs } from "../../jobs/engine.ts";
import { digestOf } from "../../lib/digest.ts";
import { createKeyring } from "../../lib/keyring.ts";
import { createHookAdminService, type HookDeliveriesDeps } from "./admin-deliveries.ts";

/** What they stand on. */
interface HookDeliveriesCore extends Pick<HookDeliveriesDeps, "log"> {
  readonly config: Pick<Config, "database" | "secrets">;
  readonly jobs: Jobs;
}

/** Creates what operators do with deliveries of web hooks, and what purges the jobs of every kind that they leave. */
export const createHookDeliveries = ({ config, jobs, log }: HookDeliveriesCore) => {
  const { batch_size: batchSize, parked_jobs_older_than: age } = config.database.cleanup;
  const pages = createKeyring(config.secrets.pagination.map(digestOf)).seal("page of deliveries of web hooks");
  return {
    services: [createHookAdminService({ jobs, log, pages })],
    purge: [{ table: "jobs", expires: "parked_at", delete: () => jobs.purgeParked(age, batchSize) }],
  };
};
