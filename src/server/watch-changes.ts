/** Tells those who watch a value when it has changed. */
export interface Changes<T> {
  /** Waits until the value is another than the one that is known, or until the signal is aborted. */
  next(known: T, signal: AbortSignal): Promise<void>;
}

/** Milliseconds between two looks at the value while somebody watches it. */
const INTERVAL_MS = 250;

/** Creates it: one timer for all who watch, and none while nobody does. */
export const createChanges = <T>(read: () => T): Changes<T> => {
  /** What ends each wait, and the value that is known there. */
  const watchers = new Map<() => void, T>();
  let timer: NodeJS.Timeout | undefined;

  const look = (): void => {
    const now = read();
    for (const [wake, known] of [...watchers]) if (known !== now) wake();
  };

  return {
    next: (known, signal) =>
      new Promise((resolve) => {
        const wake = (): void => {
          signal.removeEventListener("abort", wake);
          watchers.delete(wake);
          if (watchers.size === 0) {
            clearInterval(timer);
            timer = undefined;
          }
          resolve();
        };
        if (signal.aborted || read() !== known) return resolve();
        signal.addEventListener("abort", wake, { once: true });
        watchers.set(wake, known);
        timer ??= setInterval(look, INTERVAL_MS);
      }),
  };
};
