import { createHash } from "node:crypto";
import type { Sql } from "../../db/sql.ts";
import { padded, placeholders } from "./padded.ts";
import type { Outline } from "./source-person.ts";
import type { Tables } from "./tables.ts";

/** Seconds after which a time of whole seconds can stand for no second change any more. */
const SETTLED_SECONDS = 2;
const unsettled = Buffer.alloc(32);

/** Tables whose rows are a person's, with the condition under which a row counts. */
const children = [
  ["identity_credentials", ""],
  ["identity_verifiable_addresses", ""],
  ["identity_recovery_addresses", ""],
  ["sessions", " AND active = 1"],
] as const;

interface Sum {
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

/**
 * Reads which people there are, in the order of their ids, and of each what tells one version from the next: when its
 * rows were changed last, how many there are, and a sum of ids and times that does not depend on their order.
 */
export const createOutlines =
  (sql: Pick<Sql, "query">, network: string, tables: Tables) =>
  async ({ after, before }: Span, limit: number): Promise<readonly Outline[]> => {
    const people = await sql.query<{ readonly id: string; readonly updated_at: Date; readonly now: Date }>(
      `SELECT id, updated_at, UTC_TIMESTAMP() AS now FROM identities WHERE nid = ? AND id > ? AND id < ? ORDER BY id LIMIT ${Number(limit)}`,
      [network, after, before],
    );
    const [first] = people;
    if (first === undefined) return [];
    const ids = padded(people.map(({ id }) => id));
    const sums = await Promise.all(
      children.map(async ([table, condition]) => {
        const changed = tables.has(table, "updated_at") ? "updated_at" : "created_at";
        const rows = await sql.query<Sum>(
          `SELECT identity_id, MAX(${changed}) AS latest, COUNT(*) AS many, BIT_XOR(CRC32(CONCAT(id, ${changed}))) AS mix
             FROM ${table} WHERE nid = ? AND identity_id IN (${placeholders(ids)})${condition} GROUP BY identity_id`,
          [network, ...ids],
        );
        return new Map(rows.map((row) => [row.identity_id, row]));
      }),
    );
    const settled = first.now.getTime() - SETTLED_SECONDS * 1_000;
    return people.map(({ id, updated_at: updatedAt }) => {
      const own = sums.map((of) => of.get(id));
      const latest = Math.max(updatedAt.getTime(), ...own.map((sum) => sum?.latest.getTime() ?? 0));
      return { id, digest: latest >= settled ? unsettled : digestOf(updatedAt, own) };
    });
  };

const digestOf = (updatedAt: Date, sums: readonly (Sum | undefined)[]): Buffer => {
  const hash = createHash("sha256").update(String(updatedAt.getTime()));
  for (const sum of sums) hash.update(sum === undefined ? "|" : `|${sum.latest.getTime()} ${sum.many} ${sum.mix}`);
  return hash.digest();
};
