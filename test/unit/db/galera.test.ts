import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDatabase } from "../../../src/db/pool.ts";
import { type PrivateDatabase, startPrivateDatabase } from "../../../src/db/private.ts";
import { type FreshDatabase, freshDatabase } from "../../setup/fresh-database.ts";
import { openWay, socketOf, type Way } from "../../setup/way.ts";

/*
 * A MariaDB that takes itself for a node of Galera and has no cluster: sessions
 * are set up as on any node, and it is never ready.
 */

const isMariaDb = process.env.ENGINE !== "mysql";

describe.runIf(isMariaDb)("a node of Galera", () => {
  let folder: string;
  let node: PrivateDatabase;
  let way: Way;
  let other: Way;
  let fresh: FreshDatabase;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "ostiary-galera-"));
    node = await startPrivateDatabase({
      dataDir: folder,
      engine: "mariadb",
      log: { info: () => undefined, error: () => undefined },
      options: ["--wsrep-on=ON", "--wsrep-provider=none", "--wsrep-cluster-address=gcomm://", "--binlog-format=ROW"],
    });
    fresh = await freshDatabase();
    way = await openWay(node.socketPath);
    other = await openWay(socketOf(fresh.dsn));
  }, 60_000);

  afterAll(async () => {
    for (const one of [way, other]) one?.close();
    await fresh?.drop();
    await node?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const settingBy = async (dsn: string) => {
    const db = createDatabase({ dsn, poolSize: 1 });
    try {
      const [row] = await db.query<{ isNode: number; wait: number }>(
        "SELECT @@session.wsrep_on AS isNode, @@session.wsrep_sync_wait AS wait",
      );
      return row;
    } finally {
      await db.close();
    }
  };

  it("is waited for until it has seen what the others committed, unless the dsn says otherwise", async () => {
    expect(await settingBy(node.dsn)).toEqual({ isNode: 1, wait: 7 });
    expect(await settingBy(`${node.dsn}&wsrep_sync_wait=0`)).toEqual({ isNode: 1, wait: 0 });
    expect(await settingBy(fresh.dsn)).toEqual({ isNode: 0, wait: 0 });
  });

  it("that is not part of its cluster is passed over where there is another", async () => {
    const both = `mysql://root@tcp(127.0.0.1:${way.port},127.0.0.1:${other.port})/${fresh.name}`;
    const setUp = createDatabase({ dsn: node.dsn, poolSize: 1 });
    await setUp.run(`CREATE DATABASE ${fresh.name}`);
    await setUp.close();
    expect(await settingBy(both)).toMatchObject({ isNode: 0 });
    expect(way.made()).toBeGreaterThan(0);
  });
});
