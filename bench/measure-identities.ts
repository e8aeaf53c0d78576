import { mkdirSync } from "node:fs";
import path from "node:path";
import { createConnection } from "mysql2/promise";
import { createDatabase } from "../src/db/pool.ts";
import type { Database } from "../src/db/sql.ts";
import type { Options } from "./options.ts";
import { median } from "./rounds.ts";
import { freePort, migrate, startOstiary, writeConfig } from "./servers.ts";
import { sizeDatabase, writeBack } from "./size-database.ts";
import type { World } from "./world.ts";

/** What operators do, per second. */
export interface IdentityFigures {
  readonly created: number;
  readonly imported: number;
  /** Pages of 250. */
  readonly listed: number;
  /** By an identifier that they sign in with. */
  readonly fetched: number;
}

/** The same with few people and with many. */
export interface IdentitiesResult {
  /** Of the database, for both. */
  readonly bufferPoolMb: number;
  readonly few: IdentityFigures & { readonly people: number };
  readonly many: IdentityFigures & { readonly people: number };
}

const FEW = 1_000;
/** People that one statement makes. */
const CHUNK = 20_000;
const workers = 8;
const LINES = 1_000;

/**
 * Measures the admin API with a thousand people, and with as many as the options say, in turns: on two databases of one
 * server, a server of ours before each. The many are made by SQL, as the API would have made them.
 */
export const measureIdentities = async (world: World, say: (what: string) => void): Promise<IdentitiesResult> => {
  const { options, database } = world;
  await using started = new AsyncDisposableStack();
  const bufferPoolMb = await sizeDatabase(database.socketPath, options.many);
  const few = await peopled(database.dsn, FEW, say);
  started.defer(() => few.db.close());
  const manyServer = await startBeside(world, "many");
  started.defer(() => manyServer.stop());
  const many = await peopled(manyServer.dsn, options.many, say);
  started.defer(() => many.db.close());
  await writeBack(database.socketPath);
  const measured = await measure(options, [
    { adminUrl: world.adminUrl, made: FEW },
    { adminUrl: manyServer.adminUrl, made: options.many },
  ]);
  const [ofFew, ofMany] = measured;
  const result = {
    bufferPoolMb,
    few: { ...ofFew, people: few.people },
    many: { ...ofMany, people: many.people },
  };
  for (const figures of [result.few, result.many])
    say(
      Object.entries(figures)
        .map(([name, value]) => `${name} ${value.toFixed(0)}`)
        .join(", "),
    );
  return result;
};

const peopled = async (dsn: string, people: number, say: (what: string) => void) => {
  const db = createDatabase({ dsn, poolSize: 2, log: { info: () => undefined, warn: () => undefined } });
  await fill(db, people, say);
  return { db, people: await countPeople(db) };
};

/** A server on another database of the same database server. */
const startBeside = async ({ database, folder, options }: World, name: string) => {
  const connection = await createConnection({ socketPath: database.socketPath, user: "root" });
  await connection.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
  await connection.end();
  const dsn = database.dsn.replace(/\/\w+\?/, `/${name}?`);
  const [port, adminPort] = [await freePort(), await freePort()];
  const own = path.join(folder, name);
  mkdirSync(own);
  const file = writeConfig(own, { dsn, port, adminPort, options });
  await migrate(file);
  const server = await startOstiary(file, port, undefined);
  return { dsn, adminUrl: `http://127.0.0.1:${adminPort}`, stop: () => server.stop() };
};

const countPeople = async (db: Database): Promise<number> =>
  Number((await db.query<{ n: number }>("SELECT COUNT(*) AS n FROM identities"))[0]?.n);

const emailOf = (number: number): string => `made-${number}@bench.example`;

const digits = (name: string): string =>
  `(SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5
    UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9) AS ${name}`;

/** Makes people up to a number of them, with a password, an identifier and an address each. */
const fill = async (db: Database, wanted: number, say: (what: string) => void): Promise<void> => {
  let made = await countMade(db);
  for (; made < wanted; made = Math.min(wanted, made + CHUNK)) {
    const upTo = Math.min(wanted, made + CHUNK);
    if (made % 100_000 === 0 && made > 0) say(`${made} people are made`);
    await db.transaction(async (tx) => {
      const numbers = `SELECT ${made} + a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n AS n
        FROM ${["a", "b", "c", "d", "e"].map(digits).join(", ")}`;
      const people = `(SELECT n, UNHEX(CONCAT('018f00000000', '7000', '8000', LPAD(HEX(n), 12, '0'))) AS id,
          CONCAT('made-', n, '@bench.example') AS email FROM (${numbers}) AS numbers WHERE n < ${upTo}) AS people`;
      const at = "CAST('2026-01-01 00:00:00.000' AS DATETIME(3))";
      const address = `JSON_OBJECT('id', CONCAT('018f0000-0000-7000-8000-', LPAD(HEX(n), 12, '0')), 'via', 'email',
          'value', email, 'verified', FALSE, 'status', 'pending',
          'created_at', '2026-01-01T00:00:00.000Z', 'updated_at', '2026-01-01T00:00:00.000Z')`;
      await tx.execute(`INSERT INTO identities (id, schema_id, state, traits, addresses, credentials, version,
        created_at, updated_at)
        SELECT id, 'default', 'active', JSON_OBJECT('email', email),
          CONCAT('{"verifiable":[', ${address}, '],"recovery":[]}'),
          CONCAT('{"password":{"identifiers":["', email, '"],"set":true,"facts":{}}}'),
          1, ${at}, ${at} FROM ${people}`);
      await tx.execute(`INSERT INTO identity_credentials (identity_id, type, config, version, created_at, updated_at)
        SELECT id, 'password', '{"hashed_password":"$2a$10$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq"}',
          1, ${at}, ${at} FROM ${people}`);
      await tx.execute(`INSERT INTO identity_identifiers (identity_id, digest, type, identifier)
        SELECT id, UNHEX(SHA2(CONCAT('password', CHAR(0), email), 256)), 'password', email FROM ${people}`);
      await tx.execute(`INSERT INTO identity_addresses (identity_id, digest, purpose, via, value)
        SELECT id, UNHEX(SHA2(CONCAT('verification', CHAR(0), 'email', CHAR(0), email), 256)), 'verification', 'email',
        email
        FROM ${people}`);
    });
  }
};

const countMade = async (db: Database): Promise<number> =>
  Number(
    (
      await db.query<{ n: number }>(
        `SELECT COUNT(*) AS n FROM identities WHERE id BETWEEN UNHEX('018f0000000070008000000000000000')
          AND UNHEX('018f000000007000800000ffffffffff')`,
      )
    )[0]?.n,
  );

let turn = 0;
const newEmail = (): string => `new-${++turn}@bench.example`;
const json = { "content-type": "application/json" };

/** Which server, and how many of its people were made by SQL. */
interface Side {
  readonly adminUrl: string;
  readonly made: number;
}

/** What is done, and what it counts. */
type Work = Readonly<Record<keyof IdentityFigures, () => Promise<number>>>;

const workOf = ({ adminUrl, made }: Side): Work => {
  const ask = async (path: string, init: RequestInit = {}): Promise<string> => {
    const response = await fetch(`${adminUrl}${path}`, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text.slice(0, 300)}`);
    return text;
  };
  const document = () => JSON.stringify({ traits: { email: newEmail() } });
  const create = async (): Promise<number> => {
    await ask("/admin/identities", { method: "POST", headers: json, body: document() });
    return 1;
  };
  const importLines = async (): Promise<number> => {
    const body = Array.from({ length: LINES }, () => `${document()}\n`).join("");
    const headers = { "content-type": "application/x-ndjson" };
    const text = await ask("/admin/identities/import", { method: "POST", headers, body });
    const made = text.split('"action":"create"').length - 1;
    if (made !== LINES) throw new Error(`${made} of ${LINES} were imported: ${text.slice(0, 300)}`);
    return made;
  };
  const list = async (): Promise<number> => {
    await ask("/admin/identities?page_size=250");
    return 1;
  };
  const get = async (): Promise<number> => {
    const email = encodeURIComponent(emailOf(Math.floor(Math.random() * made)));
    const found = JSON.parse(await ask(`/admin/identities?credentials_identifier=${email}`)) as unknown[];
    if (found.length !== 1) throw new Error(`${found.length} people have ${email}`);
    return 1;
  };
  return { created: create, imported: importLines, listed: list, fetched: get };
};

/** In the order in which they are measured: what writes comes last. */
const kinds: readonly { readonly name: keyof IdentityFigures; readonly atOnce: number }[] = [
  { name: "fetched", atOnce: workers },
  { name: "listed", atOnce: workers },
  { name: "created", atOnce: workers },
  { name: "imported", atOnce: 1 },
];

/** Measures both sides in turns, round by round, after one that does not count. */
const measure = async (
  options: Options,
  sides: readonly [Side, Side],
): Promise<readonly [IdentityFigures, IdentityFigures]> => {
  const works = sides.map(workOf) as [Work, Work];
  const rounds = works.map(() => new Map<keyof IdentityFigures, number[]>());
  for (const { name, atOnce } of kinds)
    for (let round = -1; round < options.rounds; round++)
      for (const [side, work] of works.entries()) {
        const figure = await perSecond(work[name], atOnce, options.duration);
        if (round >= 0) rounds[side]?.set(name, [...(rounds[side].get(name) ?? []), figure]);
      }
  const figuresOf = (measured: ReadonlyMap<keyof IdentityFigures, number[]> | undefined): IdentityFigures => {
    const of = (name: keyof IdentityFigures) => median(measured?.get(name) ?? []);
    return { fetched: of("fetched"), listed: of("listed"), created: of("created"), imported: of("imported") };
  };
  return [figuresOf(rounds[0]), figuresOf(rounds[1])];
};

const perSecond = async (once: () => Promise<number>, atOnce: number, seconds: number): Promise<number> => {
  const began = performance.now();
  let done = 0;
  const work = async () => {
    while (performance.now() - began < seconds * 1_000) {
      const more = await once();
      done += more;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return done / ((performance.now() - began) / 1_000);
};
