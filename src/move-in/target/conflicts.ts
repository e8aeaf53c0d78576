import type { Sql } from "../../db/sql.ts";
import { addressRowsOf, identifierRowsOf } from "../../identity/lookups.ts";
import { uuidBytes, uuidText } from "../../lib/ids.ts";
import type { MovedPerson } from "../convert/conversion.ts";

/** Somebody who could not be written, and why. */
export interface Rejection {
  readonly id: string;
  readonly reason: "conflict" | "broken";
  readonly explain: string;
}

/** Values of one IN list. */
const MOST = 1_000;

/** Finds who cannot be written because of somebody who is here. */
export const createConflicts = (sql: Pick<Sql, "query">) => {
  const owners = async (table: string, digests: readonly Buffer[]): Promise<ReadonlyMap<string, string>> => {
    const found = new Map<string, string>();
    for (let at = 0; at < digests.length; at += MOST) {
      const part = digests.slice(at, at + MOST);
      const rows = await sql.query<{ readonly digest: Buffer; readonly identity_id: Buffer }>(
        `SELECT digest, identity_id FROM ${table} WHERE digest IN (${part.map(() => "?").join(", ")})`,
        part,
      );
      for (const { digest, identity_id } of rows) found.set(digest.toString("hex"), uuidText(identity_id));
    }
    return found;
  };

  return {
    /** A rejection for each who has something of somebody else, names of fields only. */
    async find(people: readonly MovedPerson[]): Promise<readonly Rejection[]> {
      const rowsOf = people.map(({ identity }) => ({
        id: identity.id,
        identifiers: identifierRowsOf(identity),
        addresses: addressRowsOf(identity),
      }));
      const digestOf = (row: readonly unknown[]): Buffer => row[1] as Buffer;
      const [identifiers, addresses] = await Promise.all([
        owners(
          "identity_identifiers",
          rowsOf.flatMap((each) => each.identifiers.map(digestOf)),
        ),
        owners(
          "identity_addresses",
          rowsOf.flatMap((each) => each.addresses.map(digestOf)),
        ),
      ]);
      const there = await existing(
        sql,
        rowsOf.map(({ id }) => id),
      );
      return rowsOf.flatMap(({ id, ...rows }): Rejection[] => {
        const reject = (explain: string): Rejection[] => [{ id, reason: "conflict", explain }];
        if (there.has(id)) return reject("an identity of this id is here already, and did not come from there");
        const ownerOf = (owner: ReadonlyMap<string, string>, row: readonly unknown[]): string | undefined => {
          const found = owner.get(digestOf(row).toString("hex"));
          return found === id ? undefined : found;
        };
        for (const row of rows.identifiers) {
          const owner = ownerOf(identifiers, row);
          if (owner !== undefined)
            return reject(`its identifier of the type ${String(row[2])} belongs to ${owner} here`);
        }
        for (const row of rows.addresses) {
          const owner = ownerOf(addresses, row);
          if (owner !== undefined) return reject(`its address for ${String(row[2])} belongs to ${owner} here`);
        }
        return [];
      });
    },
  };
};

const existing = async (sql: Pick<Sql, "query">, ids: readonly string[]): Promise<ReadonlySet<string>> => {
  if (ids.length === 0) return new Set();
  const rows = await sql.query<{ readonly id: Buffer }>(
    `SELECT id FROM identities WHERE id IN (${ids.map(() => "?").join(", ")})`,
    ids.map(uuidBytes),
  );
  return new Set(rows.map(({ id }) => uuidText(id)));
};
