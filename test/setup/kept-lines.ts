/*
 * Lines that the servers of a test file logged, and statements that they sent. Its variables stay as long as its
 * worker, and with them whatever they refer to: the lines of all files would come to hundreds of megabytes, which each
 * collection of garbage looks through.
 */

const kept = new Set<string[]>();

/** A list for the lines of a server, until its test file is over. */
export const keepLines = (): string[] => {
  const lines: string[] = [];
  kept.add(lines);
  return lines;
};

/** Empties all lists that there are. */
export const dropLines = (): void => {
  for (const lines of kept) lines.length = 0;
  kept.clear();
};
