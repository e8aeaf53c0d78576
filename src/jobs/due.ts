import type { JobStore } from "./store.ts";

/** What is due, as far as a node begins it. */
export interface DueJobs {
  /**
   * Ids of jobs of a kind that are due, the longest due first. The caller removes those that it begins; what is left
   * over is found again. Others may have been faster with each of them.
   *
   * @param room how many there is room for
   * @param underway how many are under way that may still be read as due
   */
  find(kind: string, room: number, underway: number): Promise<string[]>;
}

/** How many ids are read beyond those that there is room for. */
const READ_AHEAD = 40;
/** How many of these are begun before they are read anew. */
const BEGUN_AHEAD = 4;

/**
 * Creates what reads ids of due jobs. Where more is due than there is room for, each node begins elsewhere among them:
 * else all nodes would ask for the same ones, and most in vain.
 *
 * @param believedFor milliseconds after which ids that were not begun are read anew
 */
export const createDueJobs = (store: Pick<JobStore, "due">, believedFor: number): DueJobs => {
  const found = new Map<string, { readonly ids: string[]; readonly until: number }>();
  return {
    find: async (kind, room, underway) => {
      const known = found.get(kind);
      if (known && known.ids.length > 0 && performance.now() < known.until) return known.ids;
      const limit = room + underway + READ_AHEAD;
      const all = await store.due(kind, limit);
      const ids = all.length < limit ? [...all] : shuffled(all).slice(0, room + underway + BEGUN_AHEAD);
      found.set(kind, { ids, until: performance.now() + believedFor });
      return ids;
    },
  };
};

const shuffled = (ids: readonly string[]): string[] =>
  ids
    .map((id) => ({ id, at: Math.random() }))
    .sort((one, other) => one.at - other.at)
    .map(({ id }) => id);
