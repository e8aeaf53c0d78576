import { observeWrites } from "../db/committed-writes.ts";
import type { Database, Sql } from "../db/sql.ts";
import { isDuplicate } from "../db/sql-error.ts";
import { type ServiceError, serviceError } from "../errors/service-error.ts";
import type { Aead } from "../lib/aead.ts";
import type { Clock } from "../lib/clock.ts";
import { sha256 } from "../lib/digest.ts";
import { uuid7, uuidBytes } from "../lib/ids.ts";
import type { ServerLog } from "../lib/log.ts";

/** A request that its sender has given an id of their own (docs/repeated-requests.md). */
export interface IdentifiedRequest {
  /** Who sends it: the same id of another caller is another one. */
  readonly caller: string;
  /** The RPC: `ostiary.identity.v1.IdentityAdminService/CreateIdentity`. */
  readonly rpc: string;
  readonly id: string;
  /** Where the id stood, for errors: `idempotency-key`. */
  readonly field: string;
  /** What is asked, the same text for the same meaning. */
  readonly request: string;
  /** Whether a failure before anything was committed left everything as it was, so that it may be sent again. */
  readonly isUndone: (error: unknown) => boolean;
}

/** What the request came to. */
export interface RecordedAnswer {
  readonly answer: Buffer;
  /** Whose answer it is, a UUID: it goes when they are erased. */
  readonly identityId?: string | undefined;
}

/** Has a request with an id done once, and answers it again with the first answer, on whichever node. */
export interface RepeatedRequests {
  /**
   * @throws INVALID_FIELD when another request had the id, OVERLOADED while the first is being done, OUTCOME_UNKNOWN
   * when nobody knows what came of it, or a part was done; and what `work` throws, after which the id is free again if
   * nothing was done
   */
  once(request: IdentifiedRequest, work: () => Promise<RecordedAnswer>): Promise<Buffer>;
}

/** How long an id stands for its request. */
const STORED_FOR = 86_400_000;
/** A request without an answer is being done for so long; after that its node has died. */
const UNDERWAY_FOR = 60_000;
/** How often somebody else may come between. */
const TRIES = 5;
/** The attempt of a request of which nobody knows what it came to. */
const lost = Buffer.alloc(16);

interface Row {
  readonly request_digest: Buffer;
  readonly attempt: Buffer;
  readonly answer: Buffer | null;
  readonly expires_at: Date;
}

/** What it needs. */
interface RepeatedRequestsDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly aead: Aead;
  readonly log: ServerLog;
  /** Has the person's row locked until the end of the transaction; false: there is no such person. */
  readonly lockPerson: (tx: Sql, identityId: string) => Promise<boolean>;
}

/** Creates it. Answers are encrypted: they may hold secrets. */
export const createRepeatedRequests = (deps: RepeatedRequestsDeps): RepeatedRequests => {
  const { db, clock, aead, log, lockPerson } = deps;
  const boundTo = (digest: Buffer): string => `answer|${digest.toString("hex")}`;

  /** Claims an id whose time is over. False: somebody else was faster, or this attempt, whose answer was lost. */
  const takeOver = async (
    digest: Buffer,
    row: Row,
    claimed: { readonly asked: Buffer; readonly attempt: Buffer; readonly until: Date },
  ): Promise<boolean> => {
    const { affectedRows } = await db.execute(
      `UPDATE repeated_requests SET request_digest = ?, attempt = ?, answer = NULL, identity_id = NULL, expires_at = ?
          WHERE digest = ? AND attempt = ? AND expires_at = ?`,
      [claimed.asked, claimed.attempt, claimed.until, digest, row.attempt, row.expires_at],
      "same",
    );
    return affectedRows === 1;
  };

  /** Claims the id for this attempt, or returns what the first came to. */
  const claim = async (digest: Buffer, attempt: Buffer, request: IdentifiedRequest): Promise<Buffer | undefined> => {
    const asked = sha256(request.request);
    for (let tries = 1; tries <= TRIES; tries++) {
      const now = clock.now();
      const until = new Date(now.getTime() + STORED_FOR);
      if (await insert(db, [digest, asked, attempt, until])) return undefined;
      const [row] = await db.query<Row>(
        "SELECT request_digest, attempt, answer, expires_at FROM repeated_requests WHERE digest = ?",
        [digest],
      );
      if (row === undefined) continue;
      // This attempt's own: the answer to its INSERT or UPDATE was lost.
      if (row.attempt.equals(attempt)) return undefined;
      if (row.expires_at > now) {
        mustBeSame(row, asked, request.field);
        return answerOf(row, digest, now);
      }
      if (await takeOver(digest, row, { asked, attempt, until })) return undefined;
    }
    throw underway();
  };

  const answerOf = ({ answer, attempt }: Row, digest: Buffer, now: Date): Buffer => {
    if (answer === null)
      throw attempt.readUIntBE(0, 6) > now.getTime() - UNDERWAY_FOR
        ? underway()
        : serviceError("OUTCOME_UNKNOWN", { explain: "The request was begun before, and did not come to an answer." });
    const plain = aead.decrypt(answer, boundTo(digest));
    if (plain === undefined)
      throw serviceError("OUTCOME_UNKNOWN", {
        explain: "The request was done before, and its answer cannot be decrypted any more.",
      });
    return plain;
  };

  /** Frees the id, or says that nobody knows. */
  const end = async (digest: Buffer, attempt: Buffer, isUndone: boolean): Promise<void> => {
    await (isUndone
      ? db.execute("DELETE FROM repeated_requests WHERE digest = ? AND attempt = ?", [digest, attempt], "same")
      : db.execute(
          "UPDATE repeated_requests SET attempt = ? WHERE digest = ? AND attempt = ?",
          [lost, digest, attempt],
          "same",
        ));
  };

  /** With the person's row locked, so that no answer about somebody is written behind their erasure. */
  const record = ({ answer, identityId }: RecordedAnswer, digest: Buffer, attempt: Buffer): Promise<unknown> =>
    db.transaction(async (tx) => {
      if (identityId !== undefined && !(await lockPerson(tx, identityId))) return;
      await tx.execute(
        "UPDATE repeated_requests SET answer = ?, identity_id = ? WHERE digest = ? AND attempt = ?",
        [
          aead.encrypt(answer, boundTo(digest)),
          identityId === undefined ? null : uuidBytes(identityId),
          digest,
          attempt,
        ],
        "same",
      );
    });

  /** What comes after the work changes nothing of what it came to. */
  const inAnyCase = async (work: Promise<unknown>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      log.error({ err: error }, "what came of a request with an id could not be stored");
    }
  };

  return {
    once: async (request, work) => {
      const digest = sha256(JSON.stringify([request.caller, request.rpc, request.id]));
      const attempt = uuidBytes(uuid7(clock.now()));
      const known = await claim(digest, attempt, request);
      if (known !== undefined) return known;
      const done = await observeWrites(async (hasWritten) => {
        try {
          return await work();
        } catch (error) {
          await inAnyCase(end(digest, attempt, !hasWritten() && request.isUndone(error)));
          throw error;
        }
      });
      await inAnyCase(record(done, digest, attempt));
      return done.answer;
    },
  };
};

/** False: the id was used before. */
const insert = async (sql: Sql, values: readonly [Buffer, Buffer, Buffer, Date]): Promise<boolean> => {
  try {
    await sql.execute(
      "INSERT INTO repeated_requests (digest, request_digest, attempt, expires_at) VALUES (?, ?, ?, ?)",
      values,
      // The caller knows its own row again.
      "same",
    );
    return true;
  } catch (error) {
    if (isDuplicate(error, "PRIMARY")) return false;
    throw error;
  }
};

/** @throws INVALID_FIELD */
const mustBeSame = ({ request_digest }: Row, asked: Buffer, field: string): void => {
  if (!request_digest.equals(asked)) throw usedBefore(field);
};

const usedBefore = (field: string): ServiceError =>
  serviceError("INVALID_FIELD", {
    field,
    explain: "This id was sent with another request before. Use a new one.",
  });

const underway = (): ServiceError =>
  serviceError("OVERLOADED", {
    explain: "The request with this id is being done. Send it again in a moment.",
    headers: { "retry-after": "1" },
  });
