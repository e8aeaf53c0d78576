import type { Database, Sql } from "../db/sql.ts";
import { serviceError } from "../errors/service-error.ts";
import type { IdentityStore } from "../identity/store.ts";
import type { Clock } from "../lib/clock.ts";
import type { SessionRecord } from "./session.ts";
import type { SessionKey, SessionStore } from "./store.ts";
import { tokenDigest } from "./tokens.ts";

/** Ends sessions. Each comes before or after any change of the person: none that waited lands afterwards. */
export interface SessionEndings {
  /** Ends a session, whether its person is active or not. */
  end(key: SessionKey): Promise<void>;
  /** Ends the session of a token. False: there is none. */
  endByToken(token: string): Promise<boolean>;
  /**
   * Ends one other session of the person; gives how many were active until now. @throws SESSION_INACTIVE when the
   * one at hand is over itself
   */
  endOther(mine: SessionRecord, id: string): Promise<number>;
  /** Ends all the others. @throws SESSION_INACTIVE */
  endOthers(mine: SessionRecord): Promise<number>;
}

/** Creates it. */
export const createSessionEndings = ({
  db,
  clock,
  identities,
  sessions,
}: {
  readonly db: Database;
  readonly clock: Clock;
  readonly identities: IdentityStore;
  readonly sessions: SessionStore;
}): SessionEndings => {
  const end: SessionEndings["end"] = ({ id, identityId }) =>
    db.transaction(async (tx) => {
      await identities.lock(tx, identityId);
      await sessions.revokeOne(tx, identityId, id);
    });

  /** Writes for a session that is live while that is written: one that has just been ended ends no other. */
  const asLive = (mine: SessionRecord, write: (tx: Sql) => Promise<number>): Promise<number> =>
    db.transaction(async (tx) => {
      const isActive = await identities.lockActive(tx, mine.identityId);
      if (!isActive || !(await sessions.findLive(tx, mine, clock.now())))
        throw serviceError("SESSION_INACTIVE", { explain: "The session was ended at the same time." });
      return write(tx);
    });

  return {
    end,
    endByToken: async (token) => {
      const key = await sessions.findKey(db, tokenDigest(token));
      if (key !== undefined) await end(key);
      return key !== undefined;
    },
    endOther: (mine, id) => asLive(mine, (tx) => sessions.revokeOne(tx, mine.identityId, id)),
    endOthers: (mine) => asLive(mine, (tx) => sessions.revokeOthers(tx, mine.identityId, mine.id)),
  };
};
