import path from "node:path";
import { createApp } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import { migrate } from "../../src/db/migrate.ts";
import { createDatabase } from "../../src/db/pool.ts";
import { createLog } from "../../src/lib/log.ts";
import { freePort } from "../protocols/free-port.ts";
import { migratedDatabase } from "../setup/fresh-database.ts";
import { observeCall } from "../setup/observed-errors.ts";
import { startMailbox } from "./mailbox.ts";
import { startProvider } from "./provider.ts";
import type { World } from "./scenario-client.ts";

const config = path.join(import.meta.dirname, "kratos.yml");

/** A server with the configuration that the exchanges were recorded with, and what it needs around it. */
export interface RunningWorld extends World {
  close(): Promise<void>;
}

/**
 * Starts it on free ports: the environment says which, as an operator would. Its database is the run's, or that of
 * COMPATIBILITY_DSN.
 */
export const startWorld = async (): Promise<RunningWorld> => {
  let ahead = 0;
  const clock = {
    now: () => new Date(Date.now() + ahead),
    advance: (milliseconds: number) => {
      ahead += milliseconds;
    },
  };
  const given = process.env.COMPATIBILITY_DSN;
  const database = given === undefined || given === "" ? await migratedDatabase() : undefined;
  const dsn = database?.dsn ?? given ?? "";
  const [provider, mailbox] = await Promise.all([startProvider(clock), startMailbox()]);
  const [publicPort, adminPort] = [await freePort(), await freePort()];
  const [publicUrl, adminUrl] = [`http://127.0.0.1:${publicPort}`, `http://127.0.0.1:${adminPort}`];
  const env = {
    DSN: dsn,
    SERVE_PUBLIC_PORT: String(publicPort),
    SERVE_PUBLIC_BASE_URL: `${publicUrl}/`,
    SERVE_ADMIN_PORT: String(adminPort),
    SERVE_ADMIN_BASE_URL: `${adminUrl}/`,
    SELFSERVICE_METHODS_OIDC_CONFIG_PROVIDERS_0_ISSUER_URL: provider.issuer,
    SELFSERVICE_METHODS_OIDC_CONFIG_PROVIDERS_1_ISSUER_URL: provider.issuer,
    COURIER_SMTP_CONNECTION_URI: `smtp://127.0.0.1:${mailbox.port}/?disable_starttls=true`,
  };
  const db = createDatabase({ dsn, poolSize: 2 });
  await migrate({ db });
  await db.close();
  const loaded = loadConfig({ files: [config], env, dev: true });
  const log = createLog({ level: "trace", format: "json" }, { write: observeCall });
  const app = await createApp(loaded.config, { clock, log });
  await app.listen();
  return {
    publicUrl,
    adminUrl,
    provider,
    mailbox,
    clock,
    close: async () => {
      await app.close();
      provider.close();
      mailbox.close();
      await database?.drop();
    },
  };
};
