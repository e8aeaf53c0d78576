/** Bounds how many calls run at once, so that a flood costs answers and not memory. */
export interface CallLimit {
  /** Begins a call; undefined when there is no room. The function ends it. */
  readonly enter: () => (() => void) | undefined;
  /** How many calls were begun so far. */
  readonly begun: number;
}

/** Creates a bound on the calls that run at once in this process. */
export const createCallLimit = (most = 4_096): CallLimit => {
  let [running, begun] = [0, 0];
  const leave = () => {
    running -= 1;
  };
  return {
    enter: () => {
      if (running >= most) return undefined;
      running += 1;
      begun += 1;
      return leave;
    },
    get begun() {
      return begun;
    },
  };
};
