import { insertRows } from "../../db/insert-rows.ts";
import type { Sql, SqlValue } from "../../db/sql.ts";
import { uuidBytes, uuidText } from "../../lib/ids.ts";
import { type MarkedSession, readMarkedSessions, writeMarkedSessions } from "./marked-sessions.ts";

/** What is known of somebody who came along. */
export interface Mark {
  readonly id: string;
  /** Of the version that the source had. */
  readonly digest: Buffer;
  /** Keyed digest of all that came, but for sessions. */
  readonly content: Buffer;
  /** Of the person's row here, after it was written. */
  readonly version: number;
  readonly turn: number;
  /** Sessions that came. */
  readonly sessions: readonly MarkedSession[];
}

/** A mark as it is compared, without what only a change needs. */
export type MarkOutline = Pick<Mark, "id" | "digest">;

/** Who came along from one source. */
export interface Marks {
  /** Those whose ids lie between two, both included. */
  between(sql: Sql, low: Buffer, high: Buffer): Promise<ReadonlyMap<string, MarkOutline>>;
  find(sql: Sql, id: string): Promise<Mark | undefined>;
  count(sql: Sql): Promise<number>;
  insert(tx: Sql, marks: readonly Mark[]): Promise<void>;
  update(tx: Sql, mark: Mark): Promise<void>;
  remove(tx: Sql, id: string): Promise<void>;
}

interface MarkRow {
  readonly id: Buffer;
  readonly digest: Buffer;
  readonly content: Buffer;
  readonly version: number;
  readonly turn: number;
  readonly sessions: Buffer;
}

/** Creates them. @param network of the source */
export const createMarks = (network: string): Marks => {
  const source = uuidBytes(network);
  return {
    async between(sql, low, high) {
      const rows = await sql.query<Pick<MarkRow, "id" | "digest">>(
        "SELECT id, digest FROM moved_identities WHERE source = ? AND id >= ? AND id <= ?",
        [source, low, high],
      );
      return new Map(rows.map(({ id, digest }) => [uuidText(id), { id: uuidText(id), digest }]));
    },

    async find(sql, id) {
      const [row] = await sql.query<MarkRow>(
        "SELECT id, digest, content, version, turn, sessions FROM moved_identities WHERE source = ? AND id = ?",
        [source, uuidBytes(id)],
      );
      return row && { ...row, id: uuidText(row.id), sessions: readMarkedSessions(row.sessions) };
    },

    async count(sql) {
      const [row] = await sql.query<{ readonly many: number }>(
        "SELECT COUNT(*) AS many FROM moved_identities WHERE source = ?",
        [source],
      );
      return Number(row?.many ?? 0);
    },

    insert: (tx, marks) =>
      insertRows(
        tx,
        "moved_identities",
        ["source", "id", "digest", "content", "version", "turn", "sessions"],
        marks.map((mark) => [source, uuidBytes(mark.id), ...valuesOf(mark)]),
      ),

    async update(tx, mark) {
      await tx.execute(
        `UPDATE moved_identities SET digest = ?, content = ?, version = ?, turn = ?, sessions = ?
          WHERE source = ? AND id = ?`,
        [...valuesOf(mark), source, uuidBytes(mark.id)],
      );
    },

    async remove(tx, id) {
      await tx.execute("DELETE FROM moved_identities WHERE source = ? AND id = ?", [source, uuidBytes(id)]);
    },
  };
};

const valuesOf = ({ digest, content, version, turn, sessions }: Mark): SqlValue[] => [
  digest,
  content,
  version,
  turn,
  writeMarkedSessions(sessions),
];
