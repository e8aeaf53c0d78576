import type { Database } from "../db/sql.ts";
import type { Call } from "../lib/call.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { AuditLog, SecurityEvent } from "./audit-log.ts";

/** Something that was refused to whoever claims to be a person who has an account. */
export interface Refusal {
  readonly identityId: string;
  readonly sessionId?: string | undefined;
  readonly flow: "login" | "recovery" | "registration" | "verification";
  /** `password`, `code`, … */
  readonly method: string;
  /** `wrong_credential`, `identity_disabled`, … */
  readonly reason: string;
  readonly call: Call;
}

/**
 * Records refusals. Nobody waits for it: an answer that came later where there
 * is an account would tell that there is one.
 */
export interface Refusals {
  record(refusal: Refusal): void;
  /** Something was not even tried, because too much had failed: recorded once in a while, however often it is tried. */
  limited(refusal: Omit<Refusal, "reason">): void;
  /**
   * A sign-up was refused, because what was typed is somebody's: recorded for them once in a while, however often it
   * is tried.
   *
   * @param find whose it is; undefined: nobody's any more
   */
  signUp(find: () => Promise<string | undefined>, refusal: Pick<Refusal, "method" | "reason" | "call">): void;
  /** Waits for what is being written. */
  close(): Promise<void>;
}

/** How long further guesses beyond a limit count as the same: milliseconds. */
const SAME_FOR_MS = 600_000;
/** People that are remembered for that. */
const MOST_REMEMBERED = 10_000;
/** Refusals that are being written at once; more of them are named in the log alone. */
const MOST_AT_ONCE = 200;

/** Creates it. */
export const createRefusals = ({
  audit,
  clock,
  db,
  log,
}: {
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly db: Database;
  readonly log: Log;
}): Refusals => {
  const underway = new Set<Promise<void>>();
  const limitedAt = new Map<string, number>();

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

  const write = (event: SecurityEvent, call: Call): void =>
    begin(event.type, event.identityId, () => audit.record(db, event, call));

  /** Whether the same was recorded a moment ago; from now on it was. */
  const wasRecorded = (identityId: string, flow: Refusal["flow"]): boolean => {
    const now = clock.now().getTime();
    const key = `${identityId} ${flow}`;
    if (now - (limitedAt.get(key) ?? Number.NEGATIVE_INFINITY) < SAME_FOR_MS) return true;
    limitedAt.delete(key);
    limitedAt.set(key, now);
    const [oldest] = limitedAt.keys();
    if (limitedAt.size > MOST_REMEMBERED && oldest !== undefined) limitedAt.delete(oldest);
    return false;
  };

  return {
    record: ({ identityId, sessionId, flow, method, reason, call }) =>
      write({ identityId, sessionId, type: `${flow}.refused`, outcome: "refused", detail: { method, reason } }, call),

    limited: ({ identityId, sessionId, flow, method, call }) => {
      if (wasRecorded(identityId, flow)) return;
      const detail = { method, reason: "too_many_attempts" };
      const type = flow === "login" ? "login.limited" : (`${flow}.refused` as const);
      write({ identityId, sessionId, type, outcome: "refused", detail }, call);
    },

    signUp: (find, { method, reason, call }) =>
      begin("registration.refused", undefined, async () => {
        const identityId = await find();
        if (identityId === undefined || wasRecorded(identityId, "registration")) return;
        const event = { type: "registration.refused", outcome: "refused", detail: { method, reason } } as const;
        await audit.record(db, { identityId, sessionId: undefined, ...event }, call);
      }),

    close: async () => {
      await Promise.all(underway);
    },
  };
};
