import { createHash } from "node:crypto";
import type { Sql } from "../../db/sql.ts";
import { SETTLED_MS } from "../settled.ts";
import { padded, placeholders } from "./padded.ts";
import type { Outline } from "./source-person.ts";
import type { Tables } from "./tables.ts";

const unsettled = Buffer.alloc(32);

/** Tables whose rows are a person's, with the condition under which a row counts. */
const children = [
  ["identity_credentials", ""],
  ["identity_verifiable_addresses", ""],
  ["identity_recovery_addresses", ""],
  ["sessions", " AND active = 1"],
] as const;

/** What tells one version of somebody's rows in a table from the next. */
export interface Sum {
  /** When one of them was changed last. */
  readonly latest: Date;
  readonly many: number;
  /** Of the rows' ids and times (`mixOf`), by XOR: their order does not matter. */
  readonly mix: number;
}

interface SumRow {
  readonly identity_id: string;
  readonly latest: Date;
  readonly many: number | string;
  readonly mix: number | string;
}

/** A part of all people: ids after one, and before another. */
export interface Span {
  readonly after: string;
  readonly before: string;
}

/** People in the order of their ids, and when each was changed, beside what is theirs. */
export interface Listing {
  readonly people: readonly ListedPerson[];
  /** By the clock of the source. */
  readonly at: Date;
}

/** One of them. */
export interface ListedPerson {
  readonly id: string;
  readonly updatedAt: Date;
}

/** The column that says when a row was changed. */
export const changedColumn = (tables: Tables, table: string): string =>
  tables.has(table, "updated_at") ? "updated_at" : "created_at";

/** Expression of a row's id and time, as a number. */
export const mixOf = (changed: string): string => `CRC32(CONCAT(id, ${changed}))`;

/** Lists the people of a span. */
export const createList =
  (sql: Pick<Sql, "query">, network: string) =>
  async ({ after, before }: Span, limit: number): Promise<Listing> => {
    const rows = await sql.query<{ readonly id: string; readonly updated_at: Date; readonly now: Date }>(
      `SELECT id, updated_at, UTC_TIMESTAMP() AS now FROM identities WHERE nid = ? AND id > ? AND id < ?
        ORDER BY id LIMIT ${Number(limit)}`,
      [network, after, before],
    );
    return {
      people: rows.map(({ id, updated_at }) => ({ id, updatedAt: updated_at })),
      at: rows[0]?.now ?? new Date(0),
    };
  };

/** Looks which of some people are there at this moment. */
export const createPresent =
  (sql: Pick<Sql, "query">, network: string) =>
  async (people: readonly string[]): Promise<ReadonlySet<string>> => {
    if (people.length === 0) return new Set();
    const ids = padded(people);
    const rows = await sql.query<{ readonly id: string }>(
      `SELECT id FROM identities WHERE nid = ? AND id IN (${placeholders(ids)})`,
      [network, ...ids],
    );
    return new Set(rows.map(({ id }) => id));
  };

/** Reads of people, who came along before, what tells one version of theirs from the next, and no more. */
export const createOutlines =
  (sql: Pick<Sql, "query">, network: string, tables: Tables) =>
  async ({ people, at }: Listing): Promise<readonly Outline[]> => {
    if (people.length === 0) return [];
    const ids = padded(people.map(({ id }) => id));
    const sums = await Promise.all(
      children.map(async ([table, condition]) => {
        const changed = changedColumn(tables, table);
        const rows = await sql.query<SumRow>(
          `SELECT identity_id, MAX(${changed}) AS latest, COUNT(*) AS many, BIT_XOR(${mixOf(changed)}) AS mix
             FROM ${table} WHERE nid = ? AND identity_id IN (${placeholders(ids)})${condition} GROUP BY identity_id`,
          [network, ...ids],
        );
        return new Map(
          rows.map(({ identity_id, latest, many, mix }): [string, Sum] => [
            identity_id,
            { latest, many: Number(many), mix: Number(mix) },
          ]),
        );
      }),
    );
    return people.map((person) => ({
      id: person.id,
      digest: digestOf(
        person,
        sums.map((of) => of.get(person.id)),
        at,
      ),
    }));
  };

/**
 * The digest of a version: of when the person's own row was changed and of the sums of the other tables, in the order
 * of credentials, addresses for verification, those for recovery, and sessions that are not ended.
 *
 * @param at when they were read, by the clock of the source
 */
export const digestOf = (
  { updatedAt }: Pick<ListedPerson, "updatedAt">,
  sums: readonly (Sum | undefined)[],
  at: Date,
): Buffer => {
  const latest = Math.max(updatedAt.getTime(), ...sums.map((sum) => sum?.latest.getTime() ?? 0));
  if (latest >= at.getTime() - SETTLED_MS) return unsettled;
  const hash = createHash("sha256").update(String(updatedAt.getTime()));
  for (const sum of sums) hash.update(sum === undefined ? "|" : `|${sum.latest.getTime()} ${sum.many} ${sum.mix}`);
  return hash.digest();
};

/** The sum of rows that were read themselves, each with its own `mix`. */
export const sumOf = (rows: readonly { readonly changed: Date; readonly mix: number | string }[]): Sum | undefined => {
  const [first] = rows;
  if (first === undefined) return undefined;
  let [latest, mix] = [first.changed, 0];
  for (const row of rows) {
    if (row.changed > latest) latest = row.changed;
    // Numbers of 32 bits without a sign.
    mix = (mix ^ Number(row.mix)) >>> 0;
  }
  return { latest, many: rows.length, mix };
};
