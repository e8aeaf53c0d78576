import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { createConnection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Health, HealthCheckResponse_ServingStatus as Status } from "../../gen/health/v1/health_pb.ts";
import { type PrivateDatabase, startPrivateDatabase } from "../../src/db/private.ts";
import { send } from "../protocols/http.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* A database server of the test's own, to be frozen and made read-only. */

let folder: string;
let database: PrivateDatabase;
let server: TestServer;
beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "readiness-"));
  database = await startPrivateDatabase({
    dataDir: folder,
    log: { info: () => undefined, error: () => undefined },
    engine: process.env.ENGINE === "mysql" ? "mysql" : "mariadb",
    options: ["--innodb-flush-log-at-trx-commit=0"],
  });
  // Whoever may do everything may write where nobody else may.
  await administer("CREATE USER app@localhost IDENTIFIED BY 'a password'");
  await administer("GRANT ALL ON ostiary.* TO app@localhost");
  const dsn = `mysql://app:a password@unix(${database.socketPath})/ostiary?parseTime=true`;
  server = await startServer({
    database: {
      dsn,
      besideDsn: dsn,
      name: "ostiary",
      connection: { socketPath: database.socketPath, user: "root", database: "ostiary" },
      drop: async () => undefined,
    },
  });
});
afterAll(async () => {
  process.kill(database.pid, "SIGCONT");
  await server?.stop();
  await database?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const administer = async (sql: string) => {
  const connection = await createConnection({ socketPath: database.socketPath, user: "root" });
  await connection.query(sql).finally(() => connection.end());
};
const overHttp = async (url = server.url) => (await send(`${url}/health/ready`)).status;
const overGrpc = async () => {
  const { status } = await createClient(
    Health,
    createGrpcTransport({ sessionManager: server.http2, baseUrl: server.url }),
  ).check({});
  return status === Status.SERVING;
};
/** What both say; throws when they take a second to say it. */
const said = async () => {
  const start = performance.now();
  const answers = [await overHttp(), await overHttp(server.adminUrl), await overGrpc()];
  expect(performance.now() - start).toBeLessThan(1_000);
  return answers;
};
const well = [200, 200, true];
const unwell = [503, 503, false];
const within = (milliseconds: number) => ({ timeout: milliseconds, interval: 50 });

describe("a server is ready", () => {
  it("unless its database is frozen, which shows within two seconds, and again when it is back", async () => {
    expect(await said()).toEqual(well);
    process.kill(database.pid, "SIGSTOP");
    await expect.poll(said, within(2_000)).toEqual(unwell);
    process.kill(database.pid, "SIGCONT");
    await expect.poll(said, within(5_000)).toEqual(well);
  });

  it("unless its database takes no writes", async () => {
    await administer("SET GLOBAL read_only = 1");
    await expect.poll(said, within(2_000)).toEqual(unwell);
    expect((await send(`${server.adminUrl}/health/ready`)).json).toMatchObject({
      errors: { database: expect.any(String) },
    });
    await administer("SET GLOBAL read_only = 0");
    await expect.poll(said, within(5_000)).toEqual(well);
  });

  it("and says so to whoever watches, within two seconds", async () => {
    const stop = new AbortController();
    const heard: [Status, number][] = [];
    const client = createClient(Health, createGrpcTransport({ baseUrl: server.url }));
    const watching = (async () => {
      for await (const { status } of client.watch({}, { signal: stop.signal })) heard.push([status, performance.now()]);
    })().catch(() => undefined);
    await expect.poll(() => heard.length, within(2_000)).toBe(1);
    const frozen = performance.now();
    process.kill(database.pid, "SIGSTOP");
    await expect.poll(() => heard.length, within(3_000)).toBe(2);
    process.kill(database.pid, "SIGCONT");
    expect(heard.map(([status]) => status)).toEqual([Status.SERVING, Status.NOT_SERVING]);
    expect((heard[1]?.[1] ?? 0) - frozen).toBeLessThan(5_000);
    stop.abort();
    await watching;
  });

  it("whoever asks, and however often: nothing is asked of the database for it", async () => {
    await expect.poll(said, within(5_000)).toEqual(well);
    const questions = async () => {
      const [row] = await server.sql<{ Value: string }>("SHOW GLOBAL STATUS LIKE 'Questions'");
      return Number(row?.Value);
    };
    const before = await questions();
    const start = performance.now();
    for (let n = 0; n < 300; n++) await overHttp();
    const perSecond = (await questions()) - before;
    // The watch itself and the jobs that look for work.
    expect(perSecond).toBeLessThan(60 + ((performance.now() - start) / 1_000) * 20);
  });
});
