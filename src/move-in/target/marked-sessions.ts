import { uuidBytes, uuidText } from "../../lib/ids.ts";

/** A session that came, as the source had it then. */
export interface MarkedSession {
  readonly id: string;
  /** Undefined in marks that name sessions by their ids alone. */
  readonly times: SessionTimes | undefined;
}

/** When somebody signed in, and how long the session lives. */
export interface SessionTimes {
  readonly authenticatedAt: Date;
  readonly expiresAt: Date;
}

const ID_BYTES = 16;
const TIME_BYTES = 8;
const ENTRY_BYTES = ID_BYTES + 2 * TIME_BYTES;

/** The first byte where times follow the ids. Ids alone are a multiple of 16 bytes, without a first byte. */
const WITH_TIMES = 1;

/** Writes them: id, and milliseconds of both times, each. */
export const writeMarkedSessions = (sessions: readonly MarkedSession[]): Buffer => {
  const timed = sessions.flatMap(({ id, times }) => (times === undefined ? [] : [{ id, ...times }]));
  if (timed.length === 0) return Buffer.alloc(0);
  const bytes = Buffer.alloc(1 + timed.length * ENTRY_BYTES, WITH_TIMES);
  for (const [at, { id, authenticatedAt, expiresAt }] of timed.entries()) {
    const begin = 1 + at * ENTRY_BYTES;
    uuidBytes(id).copy(bytes, begin);
    bytes.writeBigInt64BE(BigInt(authenticatedAt.getTime()), begin + ID_BYTES);
    bytes.writeBigInt64BE(BigInt(expiresAt.getTime()), begin + ID_BYTES + TIME_BYTES);
  }
  return bytes;
};

/** Reads them. */
export const readMarkedSessions = (bytes: Buffer): readonly MarkedSession[] =>
  bytes.length % ID_BYTES === 0
    ? entries(bytes, ID_BYTES).map((id) => ({ id: uuidText(id), times: undefined }))
    : entries(bytes.subarray(1), ENTRY_BYTES).map((entry) => ({
        id: uuidText(entry.subarray(0, ID_BYTES)),
        times: { authenticatedAt: timeAt(entry, ID_BYTES), expiresAt: timeAt(entry, ID_BYTES + TIME_BYTES) },
      }));

const entries = (bytes: Buffer, size: number): readonly Buffer[] =>
  Array.from({ length: Math.floor(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size));

const timeAt = (bytes: Buffer, at: number): Date => new Date(Number(bytes.readBigInt64BE(at)));
