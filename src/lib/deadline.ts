/** A limit of time, within another signal. */
export interface Deadline {
  /** Aborted with the other signal, for its reason, or after the time. */
  readonly signal: AbortSignal;
  /** Whether the time was over before the other signal was aborted, and before `end`. */
  isOver(): boolean;
  /** Lets go of timer and signal: of work that has ended nothing is left. */
  end(): void;
}

/** Begins a limit of so many milliseconds. `AbortSignal.timeout` would make an error for each, long after its work. */
export const startDeadline = (milliseconds: number, outer?: AbortSignal): Deadline => {
  const controller = new AbortController();
  let isOver = false;
  const timer = setTimeout(() => {
    isOver = true;
    controller.abort(new Error("the time is over"));
  }, milliseconds);
  timer.unref();
  const follow = (): void => {
    clearTimeout(timer);
    controller.abort(outer?.reason);
  };
  if (outer?.aborted) follow();
  else outer?.addEventListener("abort", follow, { once: true });
  return {
    signal: controller.signal,
    isOver: () => isOver,
    end: () => {
      clearTimeout(timer);
      outer?.removeEventListener("abort", follow);
    },
  };
};
