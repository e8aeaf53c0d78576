import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDatabase } from "../../../src/db/pool.ts";
import { type PrivateDatabase, startPrivateDatabase } from "../../../src/db/private.ts";
import { type FreshDatabase, freshDatabase } from "../../setup/fresh-database.ts";
import { openWay, placeOf, type Way } from "../../setup/way.ts";

/*
 * A MariaDB that takes itself for a node of Galera and has no cluster: sessions
 * are set up as on any node, and it is never ready. MySQL has no such nodes, and
 * a server of its own is as good as any.
 */

const engine = process.env.ENGINE === "mysql" ? "mysql" : "mariadb";
const asNode = ["--wsrep-on=ON", "--wsrep-provider=none", "--wsrep-cluster-address=gcomm://", "--binlog-format=ROW"];

describe("a node of Galera", () => {
  let folder: string;
  let node: PrivateDatabase;
  let way: Way;
  let other: Way;
  let fresh: FreshDatabase;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "ostiary-galera-"));
    node = await startPrivateDatabase({
      dataDir: folder,
      engine,
      log: { info: () => undefined, error: () => undefined },
      options: engine === "mariadb" ? asNode : [],
    });
    fresh = await freshDatabase();
    way = await openWay(node.socketPath);
    other = await openWay(placeOf(fresh.dsn));
  }, 60_000);

  afterAll(async () => {
    for (const one of [way, other]) one?.close();
    await fresh?.drop();
    await node?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Whether the session is on a node, and what it waits for before it answers. */
  const settingBy = async (dsn: string) => {
    const db = createDatabase({ dsn, poolSize: 1 });
    try {
      const rows = await db.query<{ Variable_name: string; Value: string }>(
        "SHOW SESSION VARIABLES WHERE Variable_name IN ('wsrep_on', 'wsrep_sync_wait')",
      );
      const values = new Map(rows.map((row) => [row.Variable_name, row.Value]));
      return [values.get("wsrep_on") ?? "OFF", values.get("wsrep_sync_wait") ?? "0"];
    } finally {
      await db.close();
    }
  };
  const on = (wait: string) => (engine === "mariadb" ? ["ON", wait] : ["OFF", "0"]);

  it("is waited for until it has seen what the others committed, unless the dsn says otherwise", async () => {
    expect(await settingBy(node.dsn)).toEqual(on("7"));
    expect(await settingBy(`${node.dsn}&wsrep_sync_wait=0`)).toEqual(on("0"));
    expect(await settingBy(fresh.dsn)).toEqual(["OFF", "0"]);
  });

  it("that is not part of its cluster is passed over where there is another", async () => {
    const setUp = createDatabase({ dsn: node.dsn, poolSize: 1 });
    await setUp.run(`CREATE DATABASE ${fresh.name}`);
    await setUp.close();
    const both = `mysql://root@tcp(127.0.0.1:${way.port},127.0.0.1:${other.port})/${fresh.name}`;
    expect(await settingBy(both)).toEqual(["OFF", "0"]);
    expect(way.made()).toBeGreaterThan(0);
    expect(other.made()).toBe(engine === "mariadb" ? 1 : 0);
  });
});
