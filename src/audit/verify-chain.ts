import type { JsonValue } from "@bufbuild/protobuf";
import { readJson } from "../db/read-json.ts";
import type { Sql } from "../db/sql.ts";
import { uuidBytes, uuidText } from "../lib/ids.ts";
import { type ChainedContent, checkpointDigest, contentDigest, linkDigest } from "./chain.ts";

/** The first event of a chain that does not hold. */
export interface ChainFault {
  readonly identityId: string;
  readonly position: number;
  /** Undefined where it is missing. */
  readonly eventId: string | undefined;
  readonly fault: "altered" | "missing";
}

/** What came of checking the chain of one person. */
export interface CheckedChain {
  readonly events: number;
  /** Events from before events were chained. */
  readonly unchained: number;
  readonly fault: ChainFault | undefined;
}

/** Checks the chain of a person's events. */
export type VerifyChain = (sql: Sql, identityId: string) => Promise<CheckedChain>;

interface Row {
  readonly id: Buffer;
  readonly session_id: Buffer | null;
  readonly type: string;
  readonly outcome: string;
  readonly remote_address: string;
  readonly user_agent: string;
  readonly request_id: string;
  readonly detail: unknown;
  readonly created_at: Date | null;
  readonly position: number | string;
  readonly digest: Buffer | null;
}

/** The type of the row that stands for events that were purged. */
export const CHECKPOINT = "checkpoint";

const PAGE = 500;
const nothing = Buffer.alloc(0);

/** Creates it. `keys` are all that events may have been written with: those of `secrets.default`. */
export const createVerifyChain = (keys: readonly string[]): VerifyChain => {
  /** Whether a row follows the one before. */
  const holds = (identityId: string, row: Row, before: Buffer | undefined): boolean => {
    const digest = row.digest ?? nothing;
    const position = Number(row.position);
    const detail = readJson<JsonValue>(row.detail);
    if (row.type === CHECKPOINT) {
      const { mac } = detail as { readonly mac?: string };
      return before === undefined && keys.some((key) => checkpointDigest(key, identityId, position, digest) === mac);
    }
    const content: ChainedContent = {
      identityId,
      id: uuidText(row.id),
      sessionId: row.session_id === null ? undefined : uuidText(row.session_id),
      type: row.type,
      outcome: row.outcome,
      remoteAddress: row.remote_address,
      userAgent: row.user_agent,
      requestId: row.request_id,
      detail,
      createdAt: row.created_at ?? undefined,
    };
    return keys.some((key) => linkDigest(before, contentDigest(key, content)).equals(digest));
  };

  /** What is wrong with a row that follows another. */
  const faultOf = (identityId: string, row: Row, last: number, before: Buffer | undefined): ChainFault | undefined => {
    const position = Number(row.position);
    const begins = last === 0 && row.type === CHECKPOINT;
    if (position !== last + 1 && !begins)
      return { identityId, position: last + 1, eventId: undefined, fault: "missing" };
    return holds(identityId, row, before)
      ? undefined
      : { identityId, position, eventId: uuidText(row.id), fault: "altered" };
  };

  return async (sql, identityId) => {
    const identity = uuidBytes(identityId);
    const [old] = await sql.query<{ n: number | string }>(
      "SELECT COUNT(*) AS n FROM security_events e WHERE e.identity_id = ? AND e.position IS NULL",
      [identity],
    );
    const unchained = Number(old?.n ?? 0);
    let [last, events]: [number, number] = [0, 0];
    let before: Buffer | undefined;
    for (;;) {
      const rows = await sql.query<Row>(
        `SELECT e.id, e.session_id, e.type, e.outcome, e.remote_address, e.user_agent, e.request_id, e.detail,
                e.created_at, e.position, e.digest
           FROM security_events e WHERE e.identity_id = ? AND e.position > ? ORDER BY e.position LIMIT ${PAGE}`,
        [identity, last],
      );
      for (const row of rows) {
        const fault = faultOf(identityId, row, last, before);
        if (fault) return { events, unchained, fault };
        events += row.type === CHECKPOINT ? 0 : 1;
        before = row.digest ?? nothing;
        last = Number(row.position);
      }
      if (rows.length < PAGE) return { events, unchained, fault: undefined };
    }
  };
};
