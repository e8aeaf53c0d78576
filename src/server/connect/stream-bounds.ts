/** Bounds how many streams of health and reflection are open at once: whoever can reach the port may open some. */
export interface StreamBounds {
  /** Milliseconds that one may take. */
  readonly timeout: number;
  /** Begins a stream for a client, by its IP address; undefined when there is no room. The function ends it. */
  enter(address: string): (() => void) | undefined;
}

/** How many may be open at once, and for how many milliseconds. */
export interface StreamNumbers {
  readonly timeout?: number;
  readonly total?: number;
  readonly perNetwork?: number;
}

/** Creates the bounds of one port. */
export const createStreamBounds = (
  networkOf: (address: string) => string,
  { timeout = 600_000, total = 2_048, perNetwork = 128 }: StreamNumbers = {},
): StreamBounds => {
  const open = new Map<string, number>();
  let all = 0;
  return {
    timeout,
    enter: (address) => {
      const network = networkOf(address);
      const ofNetwork = open.get(network) ?? 0;
      if (all >= total || ofNetwork >= perNetwork) return undefined;
      all += 1;
      open.set(network, ofNetwork + 1);
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        all -= 1;
        const left = (open.get(network) ?? 1) - 1;
        if (left === 0) open.delete(network);
        else open.set(network, left);
      };
    },
  };
};
