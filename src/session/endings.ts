import type { AuditLog } from "../audit/audit-log.ts";
import type { Database, Sql } from "../db/sql.ts";
import type { IdentityStore } from "../identity/store.ts";
import type { Call } from "../lib/call.ts";
import type { Clock } from "../lib/clock.ts";
import type { SessionRecord } from "./session.ts";
import { mustStillBeLive } from "./still-live.ts";
import type { SessionKey, SessionStore } from "./store.ts";
import { tokenDigest } from "./tokens.ts";

/** Ends sessions. Each comes before or after any change of the person: none that waited lands afterwards. */
export interface SessionEndings {
  /** Ends a session because its owner signs out, whether they are active or not. */
  end(key: SessionKey, call: Call): Promise<void>;
  /** Ends the session of a token. False: there is none. */
  endByToken(token: string, call: Call): Promise<boolean>;
  /**
   * Ends another session of the person; returns how many were active until now. @throws SESSION_INACTIVE if the
   * session `mine` has ended
   */
  endOther(mine: SessionRecord, id: string, call: Call): Promise<number>;
  /** Ends all the others. @throws SESSION_INACTIVE */
  endOthers(mine: SessionRecord, call: Call): Promise<number>;
}

/** Creates the `SessionEndings`. */
export const createSessionEndings = ({
  audit,
  db,
  clock,
  identities,
  sessions,
}: {
  readonly audit: AuditLog;
  readonly db: Database;
  readonly clock: Clock;
  readonly identities: IdentityStore;
  readonly sessions: SessionStore;
}): SessionEndings => {
  const end: SessionEndings["end"] = ({ id, identityId }, call) =>
    db.transaction(async (tx) => {
      await identities.lock(tx, identityId);
      if ((await sessions.revokeOne(tx, identityId, id)) === 0) return;
      const event = { type: "session.ended", outcome: "done", detail: { by: "logout", subject: id } } as const;
      await audit.record(tx, { identityId, sessionId: id, ...event }, call);
    });

  /** Writes for a session that is live while that is written: one that has just been ended ends no other. */
  const asLive = (
    mine: SessionRecord,
    call: Call,
    subject: string | undefined,
    write: (tx: Sql) => Promise<number>,
  ): Promise<number> =>
    db.transaction(async (tx) => {
      await identities.lockActive(tx, mine.identityId);
      await mustStillBeLive(sessions, tx, mine, clock.now());
      const count = await write(tx);
      if (count > 0) {
        const detail = { by: "owner", count, ...(subject !== undefined && { subject: subject.toLowerCase() }) };
        const event = { type: "session.ended", outcome: "done", detail } as const;
        await audit.record(tx, { identityId: mine.identityId, sessionId: mine.id, ...event }, call);
      }
      return count;
    });

  return {
    end,
    endByToken: async (token, call) => {
      const key = await sessions.findKey(db, tokenDigest(token));
      if (key !== undefined) await end(key, call);
      return key !== undefined;
    },
    endOther: (mine, id, call) => asLive(mine, call, id, (tx) => sessions.revokeOne(tx, mine.identityId, id)),
    endOthers: (mine, call) =>
      asLive(mine, call, undefined, (tx) => sessions.revokeOthers(tx, mine.identityId, mine.id)),
  };
};
