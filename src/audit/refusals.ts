import type { Database, Sql } from "../db/sql.ts";
import type { Call } from "../lib/call.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { AuditLog, SecurityEvent } from "./audit-log.ts";
import type { EventType } from "./event-types.ts";

/** Why something was refused, for the owner of the account. */
export type RefusalReason =
  | "wrong_credential"
  | "expired"
  | "too_many_attempts"
  | "too_many_messages"
  | "identity_disabled"
  | "identifier_taken"
  | "hook"
  | "address_unverified";

/** Something that was refused to whoever claims to be a person who has an account. */
export interface Refusal {
  readonly identityId: string;
  readonly sessionId?: string | undefined;
  readonly flow: "login" | "recovery" | "registration" | "verification";
  /** `password`, `code`, … */
  readonly method: string;
  /** Channel of the address, of a message that was refused. */
  readonly via?: string;
  readonly reason: RefusalReason;
  readonly call: Call;
}

/**
 * Records refusals, unless as many of the same person, kind of flow and reason
 * were recorded in ten minutes as say all that there is to say: not every limit
 * counts what is refused, and strangers must not fill anybody's log. Nobody
 * waits for it: an answer that came later where there is an account would tell
 * that there is one.
 */
export interface Refusals {
  record(refusal: Refusal): void;
  /**
   * A sign-up was refused, because what was typed is somebody's: recorded for them.
   *
   * @param find whose it is; undefined: nobody's any more
   */
  signUp(find: () => Promise<string | undefined>, refusal: Pick<Refusal, "method" | "reason" | "call">): void;
  /** Waits for what is being written. */
  close(): Promise<void>;
}

/** What they need. */
export interface RefusalsDeps {
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly db: Database;
  readonly log: Log;
  /** Has everything of a person wait for the end of the transaction. False: there is no such person. */
  readonly tryLock: (tx: Sql, identityId: string) => Promise<boolean>;
}

/** Milliseconds in which so many are recorded. */
const WINDOW_MS = 600_000;
/** How many of each reason. What was not even compared is the same every time. */
const MOST: Readonly<Record<RefusalReason, number>> = {
  wrong_credential: 20,
  expired: 20,
  identity_disabled: 20,
  hook: 20,
  address_unverified: 20,
  identifier_taken: 1,
  too_many_attempts: 1,
  too_many_messages: 1,
};
/** People and reasons that are counted at once. Beyond, the one that came first is forgotten. */
const MOST_COUNTED = 10_000;
/** Refusals that are being written at once; more of them are named in the log alone. */
const MOST_AT_ONCE = 200;

const typeOf = ({ flow, reason }: Refusal): EventType => {
  if (flow === "login" && reason === "too_many_attempts") return "login.limited";
  const isOfAddress = flow === "recovery" || flow === "verification";
  return isOfAddress && reason === "too_many_messages" ? `${flow}.requested` : `${flow}.refused`;
};

/** Creates the `Refusals`. */
export const createRefusals = ({ audit, clock, db, log, tryLock }: RefusalsDeps): Refusals => {
  const underway = new Set<Promise<void>>();
  const counts = new Map<string, { readonly since: number; recorded: number }>();

  /** Whether there is room for another one; counts it then. */
  const hasRoom = ({ identityId, flow, reason }: Pick<Refusal, "identityId" | "flow" | "reason">): boolean => {
    const now = clock.now().getTime();
    const key = `${identityId} ${flow} ${reason}`;
    const known = counts.get(key);
    if (known && now - known.since < WINDOW_MS) return known.recorded++ < MOST[reason];
    // The map is in the order in which windows began.
    counts.delete(key);
    counts.set(key, { since: now, recorded: 1 });
    const [oldest] = counts.keys();
    if (counts.size > MOST_COUNTED && oldest !== undefined) counts.delete(oldest);
    return true;
  };

  const begin = (type: string, identity: string | undefined, work: () => Promise<void>): void => {
    const failed = (reason: string) => log.warn({ identity, type, reason }, "a refusal could not be recorded");
    if (underway.size >= MOST_AT_ONCE) {
      failed("too many at once");
      return;
    }
    const writing = work()
      .catch((error: unknown) => failed(error instanceof Error ? error.message : "unknown"))
      .finally(() => underway.delete(writing));
    underway.add(writing);
  };

  /** Of somebody who was erased meanwhile nothing is written. */
  const write = (event: SecurityEvent, call: Call): Promise<void> =>
    db.transaction(async (tx) => {
      if (await tryLock(tx, event.identityId)) await audit.record(tx, event, call);
    });

  return {
    record: (refusal) => {
      if (!hasRoom(refusal)) return;
      const { identityId, sessionId, method, via, reason, call } = refusal;
      const type = typeOf(refusal);
      const event = {
        type,
        outcome: "refused",
        detail: { method, reason, ...(via !== undefined && { via }) },
      } as const;
      begin(type, identityId, () => write({ identityId, sessionId, ...event }, call));
    },

    signUp: (find, { method, reason, call }) =>
      begin("registration.refused", undefined, async () => {
        const identityId = await find();
        if (identityId === undefined || !hasRoom({ identityId, flow: "registration", reason })) return;
        const event = { type: "registration.refused", outcome: "refused", detail: { method, reason } } as const;
        await write({ identityId, sessionId: undefined, ...event }, call);
      }),

    close: async () => {
      await Promise.all(underway);
    },
  };
};
