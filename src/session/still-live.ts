import type { Sql } from "../db/sql.ts";
import { type ServiceError, serviceError } from "../errors/service-error.ts";
import type { SessionKey, SessionStore } from "./store.ts";

/** Says that the session of the caller ended while the request ran. */
export const sessionOver = (): ServiceError =>
  serviceError("SESSION_INACTIVE", { explain: "The session was ended at the same time." });

/**
 * Looks once more, in the transaction of what a session causes and with its person locked, whether it is live: one that
 * has just been ended causes nothing. @throws SESSION_INACTIVE
 */
export const mustStillBeLive = async (
  sessions: Pick<SessionStore, "findLive">,
  tx: Sql,
  session: SessionKey,
  now: Date,
): Promise<void> => {
  if (!(await sessions.findLive(tx, session, now))) throw sessionOver();
};
