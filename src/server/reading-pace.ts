/** How long a client may leave the server with an answer that it does not read. */
export interface ReadingPace {
  /** An answer is there for it; the function says that it was read. */
  offer(bytes: number): () => void;
}

/** What `createReadingPace` needs. */
export interface ReadingPaceDeps {
  /** Ends the call; it happens once. */
  readonly onLate: () => void;
}

/** Milliseconds that may go by in any case: those of a body. */
const GRACE = 15_000;
/** Milliseconds for a byte: a body of a megabyte must come in the same time. */
const PER_BYTE = GRACE / 1_000_000;
/** Milliseconds between two looks. */
const LOOK = 500;

/**
 * Creates the time limit of one call whose answers are a stream. What counts is how long the server waited for its
 * client: whoever reads a megabyte in fifteen seconds may read for as long as there is something. Nothing counts while
 * the client waits for the server.
 */
export const createReadingPace = ({ onLate }: ReadingPaceDeps): ReadingPace => {
  let [waited, allowed] = [0, GRACE];
  return {
    offer: (bytes) => {
      // Not the time of day: that may be set meanwhile.
      const since = performance.now();
      const total = (): number => waited + performance.now() - since;
      allowed += bytes * PER_BYTE;
      const timer = setInterval(() => {
        if (total() <= allowed) return;
        clearInterval(timer);
        onLate();
      }, LOOK).unref();
      return () => {
        clearInterval(timer);
        waited = total();
      };
    },
  };
};
