import { type Purpose, purposes, type Share, weights } from "./share.ts";

/** Where something stands in line. */
export type Place = Pick<Share, "purpose" | "network" | "subject">;

/**
 * A queue that is fair between purposes by their weights, within a purpose
 * between networks, and within a network between subjects: weighted fair
 * queueing above two levels of round robin. Each purpose has a bound of its own.
 */
export interface FairQueue<T> {
  /**
   * Adds an item. When its purpose is full, the network with the most waiting
   * loses its newest item, or within one network the subject with the most: gives
   * what was dropped, which is the new item itself when nobody has more.
   */
  add(place: Place, item: T): T | undefined;
  /** Takes out whose turn it is, and charges its purpose with what it is expected to cost. */
  next(cost: number): { readonly purpose: Purpose; readonly item: T } | undefined;
  /** Charges a purpose with more, or less, than was expected. */
  charge(purpose: Purpose, cost: number): void;
  waiting(purpose: Purpose): number;
}

interface Network<T> {
  size: number;
  readonly subjects: Map<string, T[]>;
}

interface Line<T> {
  size: number;
  /** What the purpose has cost so far over its weight; the least is next. */
  pass: number;
  readonly networks: Map<string, Network<T>>;
}

/** Creates an empty queue. `bound` is how many may wait for each purpose. */
export const createFairQueue = <T>(bound: number): FairQueue<T> => {
  const lines = Object.fromEntries(
    purposes.map((purpose) => [purpose, { size: 0, pass: 0, networks: new Map() }]),
  ) as Record<Purpose, Line<T>>;
  /** The pass of whoever was last: a purpose that returns begins here, and saves nothing up while it is away. */
  let present = 0;

  const put = (line: Line<T>, { network, subject }: Place, item: T): void => {
    const at = getOrSet(line.networks, network, () => ({ size: 0, subjects: new Map<string, T[]>() }));
    getOrSet(at.subjects, subject, () => []).push(item);
    at.size += 1;
    line.size += 1;
  };

  const dequeue = (line: Line<T>, network: string, subject: string, which: "oldest" | "newest"): T | undefined => {
    const at = line.networks.get(network);
    const items = at?.subjects.get(subject);
    if (at === undefined || items === undefined) return undefined;
    const item = which === "oldest" ? items.shift() : items.pop();
    // Who had a turn goes to the end, and comes back into line only with something that waits.
    if (which === "oldest") {
      at.subjects.delete(subject);
      if (items.length > 0) at.subjects.set(subject, items);
      line.networks.delete(network);
      if (at.size > 1) line.networks.set(network, at);
    } else {
      if (items.length === 0) at.subjects.delete(subject);
      if (at.size === 1) line.networks.delete(network);
    }
    at.size -= 1;
    line.size -= 1;
    return item;
  };

  /** Whoever has so much more waiting than the newcomer that they still have no less without one. */
  const displaced = (
    line: Line<T>,
    { network, subject }: Place,
  ): readonly [network: string, subject: string] | undefined => {
    const mine = line.networks.get(network);
    const [heaviest, most] = largest(line.networks, ({ size }) => size);
    if (heaviest === undefined) return undefined;
    const inNetwork = most > (mine?.size ?? 0) + 1 ? heaviest : network;
    const subjects = line.networks.get(inNetwork)?.subjects ?? new Map<string, T[]>();
    const [busiest, count] = largest(subjects, ({ length }) => length);
    if (busiest === undefined) return undefined;
    const isMore = inNetwork !== network || count > (subjects.get(subject)?.length ?? 0) + 1;
    return isMore ? [inNetwork, busiest] : undefined;
  };

  return {
    add: (place, item) => {
      const line = lines[place.purpose];
      if (line.size === 0) line.pass = Math.max(line.pass, present);
      if (line.size < bound) {
        put(line, place, item);
        return undefined;
      }
      const victim = displaced(line, place);
      if (victim === undefined) return item;
      const dropped = dequeue(line, victim[0], victim[1], "newest");
      put(line, place, item);
      return dropped;
    },

    next: (cost) => {
      const ready = purposes.filter((each) => lines[each].size > 0);
      const [first, ...others] = ready;
      if (first === undefined) return undefined;
      const purpose = others.reduce((best, each) => (lines[each].pass < lines[best].pass ? each : best), first);
      const line = lines[purpose];
      present = line.pass;
      line.pass += cost / weights[purpose];
      const [network, at] = firstOf(line.networks);
      const [subject] = firstOf(at.subjects);
      return { purpose, item: dequeue(line, network, subject, "oldest") as T };
    },

    charge: (purpose, cost) => {
      lines[purpose].pass += cost / weights[purpose];
    },

    waiting: (purpose) => lines[purpose].size,
  };
};

const getOrSet = <K, V>(map: Map<K, V>, key: K, create: () => V): V => {
  const known = map.get(key);
  if (known !== undefined) return known;
  const created = create();
  map.set(key, created);
  return created;
};

const firstOf = <K, V>(map: ReadonlyMap<K, V>): readonly [K, V] => {
  for (const entry of map) return entry;
  throw new Error("nothing waits");
};

const largest = <K, V>(map: ReadonlyMap<K, V>, sizeOf: (value: V) => number): readonly [K | undefined, number] => {
  let most: readonly [K | undefined, number] = [undefined, 0];
  for (const [key, value] of map) if (sizeOf(value) > most[1]) most = [key, sizeOf(value)];
  return most;
};
