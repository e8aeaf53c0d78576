import { createDatabase } from "../../db/pool.ts";
import type { Database, SqlValue } from "../../db/sql.ts";
import { createLeftovers, type Leftovers } from "./leftovers.ts";
import { createList, createOutlines, createPresent, type Listing, type Span } from "./outlines.ts";
import { createReadPeople, type ReadPerson } from "./people.ts";
import { SourceError } from "./source-error.ts";
import type { Outline } from "./source-person.ts";
import { readTables } from "./tables.ts";

/** A database of Ory Kratos, one network of it. It is only read: its server refuses writes of these connections. */
export interface Source {
  /** Id of the network, a UUID. */
  readonly network: string;
  /** People in the order of their ids. */
  list(span: Span, limit: number): Promise<Listing>;
  /** Which versions of them the source has. */
  outlines(listing: Listing): Promise<readonly Outline[]>;
  /** @param at the time by the clock of the source; `now`, that by our own */
  people(ids: readonly string[], times: { readonly at: Date; readonly now: Date }): Promise<readonly ReadPerson[]>;
  /** Which of them it has at this moment. */
  present(ids: readonly string[]): Promise<ReadonlySet<string>>;
  count(): Promise<number>;
  /** What stays behind, by what it is. */
  leftovers(now: Date): Promise<Leftovers>;
  close(): Promise<void>;
}

/** Where the source is. */
export interface SourceOptions {
  readonly dsn: string;
  /** Of several networks one; left out, the only one. */
  readonly network: string | undefined;
  /** Connections at once. */
  readonly connections: number;
}

/**
 * Opens it and looks what it has.
 *
 * @throws SourceError when it is no database of Ory Kratos, or has several networks; DsnError, DatabaseUnavailable
 */
export const openSource = async ({ dsn, network, connections }: SourceOptions): Promise<Source> => {
  const db = createDatabase({ dsn, poolSize: connections, readOnly: true });
  try {
    const tables = await readTables(db);
    if (tables.missing.length > 0)
      throw new SourceError(`it is no database of Ory Kratos: there is no usable table ${tables.missing.join(", ")}`);
    const nid = await chooseNetwork(db, network);
    const types = new Map(
      (
        await db.query<{ readonly id: string; readonly name: string }>("SELECT id, name FROM identity_credential_types")
      ).map(({ id, name }) => [id, name]),
    );
    const readPeople = createReadPeople(db, nid, tables);
    const one = async (sql: string, values: readonly SqlValue[]): Promise<number> => {
      const [row] = await db.query<{ readonly many: number | string }>(sql, values);
      return Number(row?.many ?? 0);
    };
    return {
      network: nid,
      list: createList(db, nid),
      outlines: createOutlines(db, nid, tables),
      people: (ids, times) => readPeople(ids, (id) => types.get(id) ?? "unknown", times),
      present: createPresent(db, nid),
      count: () => one("SELECT COUNT(*) AS many FROM identities WHERE nid = ?", [nid]),
      leftovers: createLeftovers(one, nid, tables),
      close: () => db.close(),
    };
  } catch (error) {
    await db.close();
    throw error;
  }
};

const chooseNetwork = async (db: Database, wanted: string | undefined): Promise<string> => {
  const networks = (await db.query<{ readonly id: string }>("SELECT id FROM networks")).map(({ id }) => id);
  const [first, second] = networks;
  if (wanted !== undefined) {
    if (!networks.includes(wanted)) throw new SourceError("it has no network of this id");
    return wanted;
  }
  if (first === undefined) throw new SourceError("it has no network, so that nobody is in it");
  if (second !== undefined) throw new SourceError(`it has several networks: choose one of ${networks.join(", ")}`);
  return first;
};
