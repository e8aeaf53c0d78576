import type { JsonObject } from "@bufbuild/protobuf";
import type { ContinuationBinding, ContinuationRecord, Continuations } from "../../continuation/continuation.ts";
import { newTicket, readTicket } from "../../continuation/ticket.ts";
import type { Sql } from "../../db/sql.ts";
import type { Clock } from "../../lib/clock.ts";
import { isObject } from "../../lib/json-object.ts";
import type { SessionKey } from "../../session/store.ts";

/** Milliseconds for which a code, and what is offered with it, is good. */
const LIFESPAN = 600_000;

/** A merge that was begun: the other account is not offered yet. */
export interface BegunMerge {
  readonly record: ContinuationRecord;
  /** The session that began it, of the account that stays. */
  readonly session: SessionKey;
}

/** A merge of two accounts that is not confirmed yet. */
export interface OfferedMerge extends BegunMerge {
  /** The session that offers the other account. */
  readonly other: SessionKey;
}

/** The pending merges. They are encrypted; of the code there is a digest. */
export interface MergeOffers {
  /** Takes the place of what the session began before. Returns the code, and until when it is good. */
  begin(tx: Sql, session: SessionKey): Promise<{ readonly code: string; readonly expiresAt: Date }>;
  /** What a code is of; undefined: it was used, has expired, or is none. */
  findByCode(sql: Sql, code: string): Promise<BegunMerge | undefined>;
  /** Uses a code up. False: it was used at the same time. */
  offer(tx: Sql, begun: BegunMerge, other: SessionKey): Promise<boolean>;
  /** What is offered to a session. */
  find(sql: Sql, session: SessionKey): Promise<OfferedMerge | undefined>;
  /** Uses an offer up. False: it was used, or replaced, at the same time. */
  consume(tx: Sql, offered: OfferedMerge): Promise<boolean>;
}

/** Creates the `MergeOffers`. */
export const createMergeOffers = ({
  clock,
  continuations,
}: {
  readonly clock: Clock;
  readonly continuations: Continuations;
}): MergeOffers => {
  const open = (record: ContinuationRecord, session: SessionKey, step: Step): JsonObject | undefined => {
    const payload = continuations.open(record, bindingOf(session, step));
    return isObject(payload) ? payload : undefined;
  };

  return {
    async begin(tx, session) {
      const { id, text, digest } = newTicket();
      await continuations.park(tx, bindingOf(session, "offer"), { digest }, LIFESPAN, id);
      return { code: text, expiresAt: new Date(clock.now().getTime() + LIFESPAN) };
    },

    async findByCode(sql, code) {
      const ticket = readTicket(code.trim());
      const record = ticket && (await continuations.find(sql, ticket.id));
      if (record?.sessionId === undefined) return undefined;
      const session = { id: record.sessionId, identityId: record.homeId };
      const payload = open(record, session, "offer");
      return ticket?.matches(payload?.digest) ? { record, session } : undefined;
    },

    async offer(tx, { record, session }, other) {
      if (!(await continuations.consume(tx, record))) return false;
      const left = record.expiresAt.getTime() - clock.now().getTime();
      const payload = { session: other.id, identity: other.identityId };
      await continuations.park(tx, bindingOf(session, "confirmation"), payload, left);
      return true;
    },

    async find(sql, session) {
      const record = await continuations.findOf(sql, bindingOf(session, "confirmation"));
      const { session: id, identity } = (record && open(record, session, "confirmation")) ?? {};
      if (record === undefined || typeof id !== "string" || typeof identity !== "string") return undefined;
      return { record, session, other: { id, identityId: identity } };
    },

    consume: (tx, { record }) => continuations.consume(tx, record),
  };
};

type Step = Extract<ContinuationBinding["step"], "offer" | "confirmation">;

const bindingOf = ({ id, identityId }: SessionKey, step: Step): ContinuationBinding => ({
  homeId: identityId,
  flowId: id,
  kind: "merge",
  step,
  method: "",
  sessionId: id,
  identityId,
});
