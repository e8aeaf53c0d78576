import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { createApp } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import { merge, type Raw } from "../../src/config/tree.ts";
import { migrate } from "../../src/db/migrate.ts";
import { createDatabase } from "../../src/db/pool.ts";
import { startPrivateDatabase } from "../../src/db/private.ts";
import { createLog } from "../../src/lib/log.ts";
import { type OpenidProvider, startOpenidProvider } from "../../test/setup/openid-provider.ts";

/** A real server for pictures of its pages, with sign-in providers. */
export interface World {
  /** Without a slash at the end. */
  readonly url: string;
  readonly adminUrl: string;
  readonly providers: Readonly<Record<"google" | "github", OpenidProvider>>;
  /** The time on the server. */
  now(): Date;
  /** Lets time pass on the server, in milliseconds. */
  advance(milliseconds: number): void;
  /** Starts it anew with these keys over its own, on the same data, at the time of its providers. */
  restart(overrides?: Raw): Promise<void>;
  close(): Promise<void>;
}

const silentLog = { info: () => undefined, error: (_: object, message: string) => console.error(message) };

/** Starts the server, with a database of its own that is gone afterwards. */
export const startWorld = async (): Promise<World> => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "ostiary-screens-"));
  const database = await startPrivateDatabase({ dataDir: path.join(folder, "database"), log: silentLog });
  const db = createDatabase({ dsn: database.dsn, poolSize: 2 });
  await migrate({ db });
  await db.close();
  const [port, adminPort] = [await freePort(), await freePort()];
  // Browsers have keys for names only.
  const url = `http://localhost:${port}`;
  const start = (id: string) =>
    startOpenidProvider({
      clients: [
        {
          client_id: id,
          client_secret: "secret of the provider",
          redirect_uris: [`${url}/self-service/methods/oidc/callback/${id}`],
        },
      ],
    });
  const [google, github] = [await start("google"), await start("github")];
  const provider = (id: string, label: string, { issuer }: OpenidProvider) => ({
    ...{
      id,
      label,
      provider: "generic",
      client_id: id,
      client_secret: "secret of the provider",
      issuer_url: issuer,
      scope: ["email", "profile"],
    },
    mapper: { traits: { email: "claims.email", "name.first": "claims.given_name" } },
  });

  let offset = 0;
  const clock = { now: () => new Date(Date.now() + offset) };
  const standard: Raw = {
    dev: true,
    dsn: database.dsn,
    serve: {
      public: { host: "127.0.0.1", port, base_url: `${url}/` },
      admin: { host: "127.0.0.1", port: adminPort },
    },
    account: { merge: { enabled: true } },
    hosted: { links: { help: "/help", privacy: "/privacy", terms: "/terms" } },
    selfservice: {
      methods: {
        password: { config: { haveibeenpwned_enabled: false } },
        oidc: {
          enabled: true,
          config: {
            providers: [
              provider("google", "Google", google),
              { ...provider("github", "GitHub", github), several_accounts: true },
              provider("contoso", "Contoso", google),
            ],
          },
        },
      },
      flows: {
        settings: {
          privileged_session_max_age: "15m",
          after: { password: { hooks: [{ hook: "revoke_active_sessions" }] } },
        },
        registration: {
          style: "unified",
          after: { password: { hooks: [{ hook: "session" }] }, oidc: { hooks: [{ hook: "session" }] } },
        },
        logout: { after: { default_browser_return_url: "/hosted/signed-out" } },
      },
    },
    secrets: {
      default: ["a secret of the pictures, long enough"],
      cookie: ["another secret for cookies"],
      cipher: ["exactly thirty-two bytes of text"],
    },
    hashers: { algorithm: "argon2", argon2: { memory: "8KB", iterations: 1, parallelism: 1 }, concurrency: 2 },
    limits: { login: { per_identifier: 3, per_network: 10_000 } },
  };
  const run = async (overrides: Raw) => {
    const { config } = loadConfig({ files: [], env: {}, overrides: merge(standard, overrides) });
    const app = await createApp(config, {
      clock,
      log: createLog({ level: "error", format: "text" }, { write: (line) => process.stderr.write(line) }),
    });
    await app.listen();
    return app;
  };
  let app = await run({});
  return {
    url,
    adminUrl: `http://127.0.0.1:${adminPort}`,
    providers: { google, github },
    now: clock.now,
    advance: (milliseconds) => {
      offset += milliseconds;
    },
    restart: async (overrides = {}) => {
      await app.close();
      offset = 0;
      app = await run(overrides);
    },
    close: async () => {
      await app.close();
      await Promise.all([google.close(), github.close()]);
      await database.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer().on("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === "object" && address !== null ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
