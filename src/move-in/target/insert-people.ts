import { randomInt } from "node:crypto";
import { insertRows } from "../../db/insert-rows.ts";
import type { Database, Sql, SqlValue } from "../../db/sql.ts";
import { SqlError } from "../../db/sql-error.ts";
import { addressRowsOf, identifierRowsOf } from "../../identity/lookups.ts";
import { identityRowColumns, identityRowOf } from "../../identity/store.ts";
import { uuidBytes } from "../../lib/ids.ts";
import { sessionRowColumns, sessionRowOf } from "../../session/store.ts";
import type { MovedPerson } from "../convert/conversion.ts";
import { createConflicts, type Rejection } from "./conflicts.ts";
import type { Mark, Marks } from "./marks.ts";

/** Somebody who is to be written, and the version that the source has of them. */
export interface MoveCandidate {
  readonly person: MovedPerson;
  readonly digest: Buffer;
  readonly content: Buffer;
  /** Ids of sessions that ran out at the source and that nobody has ended there. */
  readonly lapsed: readonly string[];
}

/** What became of a batch. */
export interface Inserted {
  readonly written: readonly MoveCandidate[];
  readonly rejected: readonly Rejection[];
}

/** The mark of somebody who was written just now, and whose other sessions came before. */
export const markOf = (
  { person: { identity, sessions }, digest, content }: MoveCandidate,
  { version, turn }: Pick<Mark, "version" | "turn"> = { version: identity.version, turn: 0 },
  others: Mark["sessions"] = [],
): Mark => ({
  id: identity.id,
  digest,
  content,
  version,
  turn,
  sessions: [
    ...others,
    ...sessions.map(({ session: { id, authenticatedAt, expiresAt } }) => ({
      id,
      times: { authenticatedAt, expiresAt },
    })),
  ],
});

/**
 * Creates the writing of people who are new here: all of a batch in one transaction, with their marks. Whoever has the
 * id, an identifier, an address or a key of somebody else is rejected, and the others are written.
 */
export const createInsertPeople = (db: Database, marks: Marks) => {
  const { find: findConflicts } = createConflicts(db);

  const write = (candidates: readonly MoveCandidate[]): Promise<void> =>
    candidates.length === 0
      ? Promise.resolve()
      : db.transaction(async (tx) => {
          await insertAll(tx, candidates);
          await marks.insert(
            tx,
            candidates.map((candidate) => markOf(candidate)),
          );
        });

  const one = async (candidate: MoveCandidate): Promise<Rejection | undefined> => {
    try {
      await write([candidate]);
      return undefined;
    } catch (error) {
      if (!(error instanceof SqlError) || error.transient) throw error;
      const { id } = candidate.person.identity;
      const [conflict] = await findConflicts([candidate.person]);
      return conflict ?? { id, reason: "broken", explain: `the database refuses it: ${error.code}` };
    }
  };

  return async (candidates: readonly MoveCandidate[]): Promise<Inserted> => {
    try {
      await write(candidates);
      return { written: candidates, rejected: [] };
    } catch (error) {
      if (!(error instanceof SqlError) || error.transient) throw error;
    }
    // Somebody does not fit: each on their own tells who.
    const [written, rejected]: [MoveCandidate[], Rejection[]] = [[], []];
    for (const candidate of candidates) {
      const rejection = await one(candidate);
      if (rejection === undefined) written.push(candidate);
      else rejected.push(rejection);
    }
    return { written, rejected };
  };
};

const insertAll = async (tx: Sql, candidates: readonly MoveCandidate[]): Promise<void> => {
  const people = candidates.map(({ person }) => person);
  await insertRows(
    tx,
    "identities",
    identityRowColumns,
    people.map(({ identity }) => identityRowOf(identity)),
  );
  await insertRows(
    tx,
    "identity_credentials",
    ["identity_id", "type", "config", "version", "created_at", "updated_at"],
    people.flatMap(({ identity, secrets }) =>
      secrets.map(({ type, config, createdAt, updatedAt }): SqlValue[] => [
        uuidBytes(identity.id),
        type,
        JSON.stringify(config),
        randomInt(1, 2 ** 31),
        createdAt,
        updatedAt,
      ]),
    ),
  );
  await insertRows(
    tx,
    "identity_identifiers",
    ["identity_id", "digest", "type", "identifier"],
    people.flatMap(({ identity }) => identifierRowsOf(identity)),
  );
  await insertRows(
    tx,
    "identity_addresses",
    ["identity_id", "digest", "purpose", "via", "value"],
    people.flatMap(({ identity }) => addressRowsOf(identity)),
  );
  await insertRows(
    tx,
    "sessions",
    sessionRowColumns,
    people.flatMap(({ sessions }) => sessions.map(({ session, digest }) => sessionRowOf(session, digest))),
  );
};
