/** Pauses that can be ended early. */
export interface Alarm {
  /** Waits for some milliseconds, or until it is rung, also if that was before; returns whether it was. */
  wait(milliseconds: number): Promise<boolean>;
  ring(): void;
}

/** Creates an alarm, for one who waits. It keeps no process alive. */
export const createAlarm = (): Alarm => {
  let isRung = false;
  let end: (() => void) | undefined;
  return {
    wait: async (milliseconds) => {
      if (!isRung)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, milliseconds);
          timer.unref();
          end = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      const wasRung = isRung;
      [isRung, end] = [false, undefined];
      return wasRung;
    },
    ring: () => {
      isRung = true;
      end?.();
    },
  };
};
