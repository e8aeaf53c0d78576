import type { JobStore } from "./store.ts";

/** What is due, as far as a node begins it. */
export interface DueJobs {
  /**
   * Ids of jobs of a kind that are due, the longest due first. The caller removes those that it begins; what is left
   * over is found again, as long as it fills the room. Others may have been faster with each of them.
   *
   * @param room how many there is room for
   * @param underway how many are under way that may still be read as due
   */
  find(kind: string, room: number, underway: number): Promise<FoundJobs>;
}

/** Jobs that are due. */
export interface FoundJobs {
  readonly ids: string[];
  /** Whether these were all when they were read. */
  readonly isAll: boolean;
}

/** How many ids are read beyond those that there is room for. */
const READ_AHEAD = 40;
/** How many of these are begun before they are read anew. */
const BEGUN_AHEAD = 4;

/**
 * Creates what reads ids of due jobs. If more jobs are due than a node can begin, each node begins at another place
 * among them; otherwise all nodes would try to claim the same jobs.
 *
 * @param believedFor milliseconds after which ids that were not begun are read again
 */
export const createDueJobs = (store: Pick<JobStore, "due">, believedFor: number): DueJobs => {
  const found = new Map<string, FoundJobs & { readonly until: number }>();
  return {
    find: async (kind, room, underway) => {
      const known = found.get(kind);
      const isEnough = known && known.ids.length > 0 && (known.isAll || known.ids.length >= room);
      if (isEnough && performance.now() < known.until) return known;
      const limit = room + underway + READ_AHEAD;
      const all = await store.due(kind, limit);
      const isAll = all.length < limit;
      const ids = isAll ? [...all] : shuffled(all).slice(0, room + underway + BEGUN_AHEAD);
      const read = { ids, isAll, until: performance.now() + believedFor };
      found.set(kind, read);
      return read;
    },
  };
};

const shuffled = (ids: readonly string[]): string[] =>
  ids
    .map((id) => ({ id, at: Math.random() }))
    .sort((one, other) => one.at - other.at)
    .map(({ id }) => id);
