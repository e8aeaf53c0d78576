import type { Database } from "../db/sql.ts";

/** Which receivers want no more: those that answered 410. All nodes know it after a few seconds. */
export interface ReceiverStates {
  isEnded(receiver: string): Promise<boolean>;
  end(receiver: string): Promise<void>;
  /** Begins again: after a restart, or where an operator asks for it. */
  resume(receiver: string): Promise<void>;
}

/** Milliseconds for which a node answers with what it has read. */
const CACHED_MS = 3_000;

/** Creates them. `changed` is called with what this node finds out. */
export const createReceiverStates = (
  db: Database,
  changed: (receiver: string, isEnded: boolean) => void,
): ReceiverStates => {
  const known = new Map<string, { readonly isEnded: boolean; readonly readAt: number }>();
  const set = (receiver: string, isEnded: boolean): boolean => {
    known.set(receiver, { isEnded, readAt: performance.now() });
    changed(receiver, isEnded);
    return isEnded;
  };
  return {
    isEnded: async (receiver) => {
      const cached = known.get(receiver);
      if (cached && performance.now() - cached.readAt < CACHED_MS) return cached.isEnded;
      const rows = await db.query("SELECT name FROM ended_receivers WHERE name = ?", [receiver]);
      return set(receiver, rows.length > 0);
    },
    end: async (receiver) => {
      await db.execute(
        "INSERT INTO ended_receivers (name, ended_at) VALUES (?, UTC_TIMESTAMP(3)) ON DUPLICATE KEY UPDATE name = name",
        [receiver],
        "same",
      );
      set(receiver, true);
    },
    resume: async (receiver) => {
      await db.execute("DELETE FROM ended_receivers WHERE name = ?", [receiver], "same");
      set(receiver, false);
    },
  };
};
