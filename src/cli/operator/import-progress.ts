import { createHash, type Hash } from "node:crypto";
import { createReadStream, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";

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

/** An import that goes on: where, and the digest of the bytes before that place. */
export interface BegunImport {
  readonly progress: ImportProgress;
  readonly before: Hash;
}

/** How far an import came, stored in a file beside the one that is imported. */
export const createProgressFile = (file: string) => {
  const at = `${file}.progress`;
  return {
    /** Undefined: nothing was begun, or what was imported is not what the file begins with. */
    read: async (): Promise<BegunImport | undefined> => {
      try {
        const { digest, ...progress } = JSON.parse(readFileSync(at, "utf8")) as ImportProgress & { digest: string };
        if (![progress.line, progress.offset, progress.created].every(Number.isSafeInteger)) return undefined;
        const before = await digestOf(file, progress.offset);
        return before.copy().digest("hex") === digest ? { progress, before } : undefined;
      } catch {
        return undefined;
      }
    },
    /** Written whole or not at all. `before` is the digest of the bytes before the place. */
    write: (progress: ImportProgress, before: Hash): void => {
      writeFileSync(`${at}.new`, JSON.stringify({ ...progress, digest: before.copy().digest("hex") }));
      renameSync(`${at}.new`, at);
    },
    remove: (): void => rmSync(at, { force: true }),
  };
};

const digestOf = async (file: string, bytes: number): Promise<Hash> => {
  const digest = createHash("sha256");
  if (bytes > 0) for await (const chunk of createReadStream(file, { end: bytes - 1 })) digest.update(chunk as Buffer);
  return digest;
};
