import { createLinkedList, type LinkedList } from "../lib/linked-list.ts";

/** Bytes of bodies that may be in flight. */
export interface BodyBudgetLimits {
  /** For all networks together. */
  readonly total: number;
  /** For one peer network. */
  readonly perNetwork: number;
}

/** What one body takes of the budget. */
export interface BodyShare {
  /** Takes more; false when there is no room. */
  readonly grow: (bytes: number) => boolean;
  readonly shrink: (bytes: number) => void;
  /** The body is whole: it is no longer cut to make room. */
  readonly settle: () => void;
  /** Gives everything back. */
  readonly close: () => void;
}

/** Bounds the bytes of bodies that are held at once, whatever protocol and connection they came by. */
export interface BodyBudget {
  /**
   * Begins to account for a body; undefined when there is no room.
   *
   * @param cut ends a body that comes so slowly that it stands in the way of others
   */
  readonly open: (network: string, cut: () => void) => BodyShare | undefined;
}

/** What a body that has not ended takes beside its bytes: its request, its stream, its buffers. */
const perOpenBody = 4_096;

/** Milliseconds that a body may take before it makes room for others. */
const graceMs = 1_000;

interface Open {
  readonly since: number;
  readonly network: Network;
  readonly cut: () => void;
  bytes: number;
}

interface Network {
  bytes: number;
  /** Those that have not ended, the oldest first. */
  readonly unfinished: LinkedList<Open>;
  bodies: number;
}

/**
 * Creates the budget. When it is used up, the body that has been on its way for
 * longest makes room, if it has had a second: who sends slowly cannot keep out
 * those who do not. With none that slow, a new body is refused.
 */
export const createBodyBudget = ({ total, perNetwork }: BodyBudgetLimits): BodyBudget => {
  const networks = new Map<string, Network>();
  const unfinished = createLinkedList<Open>();
  let held = 0;

  /** Cuts the slowest bodies of a set until there is room. */
  const makeRoom = (among: Iterable<Open>, isEnough: () => boolean, own: Open | undefined): boolean => {
    const now = performance.now();
    for (const body of among) {
      if (isEnough()) return true;
      if (body === own) continue;
      if (now - body.since < graceMs) break;
      body.cut();
    }
    return isEnough();
  };

  return {
    open: (name, cut) => {
      const network = networks.get(name) ?? { bytes: 0, unfinished: createLinkedList(), bodies: 0 };
      const body: Open = { since: performance.now(), network, cut, bytes: 0 };
      let remove = (): void => undefined;
      let [settled, closed] = [false, false];

      const add = (bytes: number): void => {
        body.bytes += bytes;
        network.bytes += bytes;
        held += bytes;
      };
      const grow = (bytes: number): boolean => {
        if (closed) return false;
        if (
          network.bytes + bytes > perNetwork &&
          !makeRoom(network.unfinished, () => network.bytes + bytes <= perNetwork, body)
        )
          return false;
        if (held + bytes > total && !makeRoom(unfinished, () => held + bytes <= total, body)) return false;
        add(bytes);
        return true;
      };
      const settle = (): void => {
        if (settled) return;
        settled = true;
        remove();
        add(-perOpenBody);
      };
      const close = (): void => {
        if (closed) return;
        settle();
        closed = true;
        add(-body.bytes);
        network.bodies -= 1;
        if (network.bodies === 0) networks.delete(name);
      };

      if (!grow(perOpenBody)) return undefined;
      networks.set(name, network);
      network.bodies += 1;
      const [fromAll, fromNetwork] = [unfinished.add(body), network.unfinished.add(body)];
      remove = () => {
        fromAll();
        fromNetwork();
      };
      return { grow, shrink: (bytes) => add(-bytes), settle, close };
    },
  };
};
