import { insertRows } from "../../db/insert-rows.ts";
import type { Database, Sql } from "../../db/sql.ts";
import { eraseIdentity } from "../../identity/erase.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import { insertSecret } from "../../identity/secrets.ts";
import type { IdentityStore } from "../../identity/store.ts";
import type { Clock } from "../../lib/clock.ts";
import { uuidBytes } from "../../lib/ids.ts";
import { sessionRowColumns, sessionRowOf } from "../../session/store.ts";
import type { MovedPerson, MovedSession } from "../convert/conversion.ts";
import { SETTLED_MS } from "../settled.ts";
import { type MoveCandidate, markOf } from "./insert-people.ts";
import type { SessionTimes } from "./marked-sessions.ts";
import type { Mark, Marks } from "./marks.ts";

/**
 * What happened to a person who was imported before: `kept`: not changed, because the person was changed or signed in
 * here since; `stale`: not changed, because the source gave an older version than the one that was imported, as a
 * replica that lags does; `deleted_here`: not imported again, because the person was deleted here.
 */
export type Changed = "changed" | "unchanged" | "kept" | "stale" | "deleted_here" | "deleted";

interface Here {
  readonly version: number;
  readonly turn: number;
}

/** What it needs. */
export interface ChangePersonDeps {
  readonly marks: Marks;
  readonly identities: Pick<IdentityStore, "findForUpdate" | "update">;
  readonly clock: Clock;
}

/** Creates what is done with people who came along before, one at a time. */
export const createChangePerson = (db: Database, { marks, identities, clock }: ChangePersonDeps) => {
  const here = async (tx: Sql, id: string): Promise<Here | undefined> => {
    const [row] = await tx.query<Here>("SELECT version, turn FROM identities WHERE id = ? FOR UPDATE", [uuidBytes(id)]);
    return row;
  };
  const isAsWritten = (now: Here, mark: Mark): boolean => now.version === mark.version && now.turn === mark.turn;

  /** Identity and credentials as the source has them now. False: what is here is of a later version there. */
  const overwrite = async (tx: Sql, { identity, secrets }: MovedPerson): Promise<boolean> => {
    const before = await identities.findForUpdate(tx, identity.id);
    if (before === undefined || isOlder(identity, before)) return false;
    await identities.update(tx, before, { ...identity, version: before.version + 1 });
    await tx.execute("DELETE FROM identity_credentials WHERE identity_id = ?", [uuidBytes(identity.id)]);
    for (const { type, config, updatedAt } of secrets) await insertSecret(tx, identity.id, type, config, updatedAt);
    return true;
  };

  const change = (candidate: MoveCandidate): Promise<Changed> =>
    db.transaction(async (tx): Promise<Changed> => {
      const { person } = candidate;
      const now = await here(tx, person.identity.id);
      const mark = await marks.find(tx, person.identity.id);
      if (now === undefined || mark === undefined) return "deleted_here";
      const isSame = mark.content.equals(candidate.content);
      if (!isSame && !isAsWritten(now, mark)) return "kept";
      if (!isSame && !(await overwrite(tx, person))) return "stale";
      const lapsed = mark.sessions.filter(({ id }) => candidate.lapsed.includes(id));
      const hasOtherSessions = await writeSessions(tx, candidate, mark, clock.now());
      await marks.update(tx, markOf(candidate, isSame ? mark : { version: now.version + 1, turn: now.turn }, lapsed));
      return isSame && !hasOtherSessions ? "unchanged" : "changed";
    });

  const remove = (id: string): Promise<Changed> =>
    db.transaction(async (tx): Promise<Changed> => {
      const now = await here(tx, id);
      const mark = await marks.find(tx, id);
      if (now !== undefined && mark !== undefined && !isAsWritten(now, mark)) return "kept";
      if (now !== undefined) await eraseIdentity(tx, id);
      await marks.remove(tx, id);
      return now === undefined ? "deleted_here" : "deleted";
    });

  return { change, remove };
};

/**
 * Sessions that the source ended end here; those that it began are new here; what it changed of others since they came
 * is applied, unless they were renewed, extended or stepped up here. One that ended here stays ended, and one that only
 * ran out at the source lives as long as it does here.
 */
const writeSessions = async (
  tx: Sql,
  { person: { identity, sessions }, lapsed }: MoveCandidate,
  mark: Mark,
  now: Date,
): Promise<boolean> => {
  const owner = uuidBytes(identity.id);
  const came = new Map(mark.sessions.map(({ id, times }) => [id, times]));
  const there = new Set([...sessions.map(({ session }) => session.id), ...lapsed]);
  const fresh: MovedSession[] = sessions.filter(({ session }) => !came.has(session.id));
  let written = fresh.length > 0;
  for (const { session, digest } of sessions) {
    const before = came.get(session.id);
    if (before === undefined || isSameTimes(before, session)) continue;
    const { affectedRows } = await tx.execute(
      `UPDATE sessions SET methods = ?, authenticated_at = ?, expires_at = ?
        WHERE identity_id = ? AND id = ? AND token_digest = ? AND authenticated_at = ? AND expires_at = ?`,
      [
        JSON.stringify(session.methods),
        session.authenticatedAt,
        session.expiresAt,
        owner,
        uuidBytes(session.id),
        digest,
        before.authenticatedAt,
        before.expiresAt,
      ],
    );
    if (affectedRows > 0) written = true;
  }
  for (const { id, times } of mark.sessions) {
    if (there.has(id) || (times !== undefined && times.expiresAt <= now)) continue;
    const { affectedRows } = await tx.execute("DELETE FROM sessions WHERE identity_id = ? AND id = ?", [
      owner,
      uuidBytes(id),
    ]);
    if (affectedRows > 0) written = true;
  }
  await insertRows(
    tx,
    "sessions",
    sessionRowColumns,
    fresh.map(({ session, digest }) => sessionRowOf(session, digest)),
  );
  return written;
};

/**
 * Whether the source changed somebody, or one of their addresses, before what was imported of them, by more than the
 * clocks of its servers may differ. Times here are those of the source, as nothing has changed here since.
 */
const isOlder = (there: IdentityRecord, here: IdentityRecord): boolean =>
  isBefore(there.updatedAt, here.updatedAt) ||
  (["verifiable", "recovery"] as const).some((purpose) =>
    here[purpose].some(({ via, value, updated_at: before }) =>
      there[purpose].some(
        (address) =>
          address.via === via && address.value === value && isBefore(new Date(address.updated_at), new Date(before)),
      ),
    ),
  );

const isBefore = (one: Date, other: Date): boolean => one.getTime() < other.getTime() - SETTLED_MS;

const isSameTimes = (one: SessionTimes, other: SessionTimes): boolean =>
  one.authenticatedAt.getTime() === other.authenticatedAt.getTime() &&
  one.expiresAt.getTime() === other.expiresAt.getTime();
