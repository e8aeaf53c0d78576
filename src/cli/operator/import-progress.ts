import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";

/** How far an import came. */
export interface ImportProgress {
  readonly importId: string;
  /** Number of the next line, from 1, and where it begins, in bytes. */
  readonly line: number;
  readonly offset: number;
  readonly created: number;
  readonly existing: number;
  readonly failed: number;
}

/** Keeps how far an import came, in a file beside the one that is imported. */
export const createProgressFile = (file: string) => {
  const at = `${file}.progress`;
  return {
    /** Undefined: nothing was begun, or the file is not what it was. */
    read: (size: number): ImportProgress | undefined => {
      try {
        const progress = JSON.parse(readFileSync(at, "utf8")) as ImportProgress;
        const isWhole = [progress.line, progress.offset, progress.created].every(Number.isSafeInteger);
        return isWhole && progress.offset <= size ? progress : undefined;
      } catch {
        return undefined;
      }
    },
    /** Written whole or not at all, whatever happens meanwhile. */
    write: (progress: ImportProgress): void => {
      writeFileSync(`${at}.new`, JSON.stringify(progress));
      renameSync(`${at}.new`, at);
    },
    remove: (): void => rmSync(at, { force: true }),
  };
};
