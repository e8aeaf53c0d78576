import type { ImportProgress } from "./import-progress.ts";

/** Milliseconds between two looks, for people at a terminal and for logs. */
const [FOR_PEOPLE, FOR_LOGS] = [200, 10_000];

/** Shows on standard error how far an import is: for people on one line, else on a new one from time to time. */
export const createMeter = (size: number | undefined) => {
  const { isTTY } = process.stderr;
  const startedAt = performance.now();
  let shownAt = isTTY ? 0 : startedAt;
  let isShown = false;
  return {
    show: ({ line, offset, failed }: ImportProgress, begun: ImportProgress): void => {
      const now = performance.now();
      if (now - shownAt < (isTTY ? FOR_PEOPLE : FOR_LOGS)) return;
      shownAt = now;
      const rate = Math.round(((line - begun.line) / (now - startedAt)) * 1_000);
      const part = size === undefined || size === 0 ? "" : ` (${Math.floor((offset / size) * 100)} %)`;
      const text = `${line - 1} lines${part}, ${failed} failed, ${rate} a second`;
      process.stderr.write(isTTY ? `\r${text}\u001b[K` : `${text}\n`);
      isShown = true;
    },
    end: (): void => {
      if (isTTY && isShown) process.stderr.write("\n");
    },
  };
};
