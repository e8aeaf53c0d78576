import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createConnection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { nativeRest } from "../protocols/json-rest.ts";
import { enterAsNewPerson, signIn } from "../protocols/person.ts";
import { idBytes } from "../protocols/rows.ts";
import { startServer, type TestServer } from "../protocols/server.ts";
import { type Cluster, startCluster } from "../setup/galera/cluster.ts";
import { type Changed, createCounts, live } from "./load.ts";

/*
 * Two servers on a cluster of their own, each with another node first. How much
 * is asked: GALERA_REQUESTS (15,000), for at most GALERA_SECONDS (120). Prints
 * its counts as one line of JSON each.
 */

const mostRequests = Number(process.env.GALERA_REQUESTS ?? 15_000);
const mostSeconds = Number(process.env.GALERA_SECONDS ?? 120);
const people = 12;

let cluster: Cluster;
let servers: readonly [TestServer, TestServer];

beforeAll(async () => {
  cluster = await startCluster({ folder: path.join(path.dirname(inject("notes")), "workload") });
  const [first = "", second = ""] = cluster.dsns;
  // What the test itself looks at, it looks at on the third node, which nobody ends.
  const connection = { socketPath: cluster.nodes[2]?.socketPath ?? "", user: "root", database: "ostiary" };
  const one = await startServer({
    database: { dsn: first, besideDsn: second, name: "ostiary", connection, drop: async () => undefined },
    wait: async () => undefined,
  });
  servers = [one, await startServer({ beside: one, wait: async () => undefined })];
}, 120_000);

afterAll(async () => {
  for (const server of servers ?? []) await server.stop();
  await cluster?.stop();
}, 60_000);

const report = (what: string, counts: object) =>
  process.stdout.write(`${JSON.stringify({ galera: what, ...counts })}\n`);

/** Reads on the third node as soon as it has all there is. */
const read = async <Row>(statement: string, values: readonly unknown[] = []): Promise<Row[]> => {
  const connection = await createConnection({ ...servers[0].database.connection });
  try {
    await connection.query("SET SESSION wsrep_sync_wait = 7");
    const [rows] = await connection.query(statement, [...values]);
    return rows as Row[];
  } finally {
    await connection.end();
  }
};

/** What of someone's acknowledged changes is not there, and what is there that was never made. */
const compare = async ({ person, age, acknowledged, doubtful }: Changed) => {
  const [row] = await read<{ age: number; version: number }>(
    "SELECT JSON_EXTRACT(traits, '$.age') AS age, version FROM identities WHERE id = ?",
    [idBytes(person.id)],
  );
  const changes = Number(row?.version) - 1;
  const isLast = Number(row?.age) === age || doubtful.has(Number(row?.age));
  return {
    lost: Math.max(isLast ? 0 : 1, acknowledged - changes),
    doubled: Math.max(0, changes - acknowledged - doubtful.size),
  };
};

describe("two servers on three nodes", () => {
  it("count every one of 960 wrong passwords, whichever server they are given to", async () => {
    const { person } = await enterAsNewPerson(nativeRest, servers[0]);
    const answers: Record<string, number> = {};
    let left = 960;
    const guess = async () => {
      while (left > 0) {
        const server = servers[left-- % 2] ?? servers[0];
        const answer = await signIn(nativeRest.enter(server), { ...person, password: "none of theirs" });
        const what = answer.ok ? "accepted" : answer.reason;
        answers[what] = (answers[what] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: 24 }, guess));
    const counted = await read<{ failures: number }>("SELECT failures FROM attempts ORDER BY failures DESC");
    report("wrong passwords", { answers, counted: counted.map(({ failures }) => failures) });
    expect(answers).toEqual({ FORM_REJECTED: 960 });
    expect(counted.filter(({ failures }) => failures === 960).length).toBeGreaterThan(0);
    expect(counted.every(({ failures }) => failures <= 960)).toBe(true);
  }, 240_000);

  it(
    "lose, double and forget nothing while a node dies and comes back",
    async () => {
      const counts = createCounts();
      const began = Date.now();
      const isOver = () => counts.requests >= mostRequests || Date.now() - began > mostSeconds * 1000;
      let isBack = false;
      // A third of the load before, the node's death and return in the middle of it, the rest after.
      const isOn = () => !isOver() || (!isBack && Date.now() - began < 2 * mostSeconds * 1000);
      const load = Promise.all(
        Array.from({ length: people }, (_, index) =>
          live({
            servers: index % 2 === 0 ? servers : [servers[1], servers[0]],
            protocol: nativeRest,
            counts,
            isOn,
          }),
        ),
      );
      const [victim] = cluster.nodes;
      const dying = async () => {
        while (counts.requests < mostRequests / 3 && Date.now() - began < (mostSeconds * 1000) / 3) await sleep(100);
        const before = counts.requests;
        await victim?.kill();
        const died = Date.now();
        await sleep(5_000);
        await victim?.start();
        isBack = true;
        return { away: Date.now() - died, requestsMeanwhile: counts.requests - before };
      };
      const [changed, outage] = await Promise.all([load, dying()]);
      const differences = await Promise.all(changed.map(compare));
      const sum = (what: "lost" | "doubled") => differences.reduce((total, each) => total + each[what], 0);
      const found = {
        ...counts,
        ...outage,
        seconds: (Date.now() - began) / 1000,
        lost: sum("lost"),
        doubled: sum("doubled"),
      };
      report("a node dies and comes back", found);
      expect(found).toMatchObject({ lost: 0, doubled: 0, stale: 0, effective: counts.signOuts });
      expect(counts.errors).toBeLessThan(10);
      expect(counts.signOuts).toBeGreaterThan(0);
      expect(outage.requestsMeanwhile).toBeGreaterThan(0);
    },
    2_000 * mostSeconds + 120_000,
  );
});
