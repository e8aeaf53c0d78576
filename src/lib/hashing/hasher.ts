import { randomBytes } from "node:crypto";
import os from "node:os";
import { type HashFormat, readHashFormat, writeArgon2 } from "./hash-format.ts";
import { createHashingProcess } from "./hashing-process.ts";
import type { Job, Response } from "./job.ts";
import { normalizePassword } from "./normalize-password.ts";

/**
 * Passwords become hashes and are compared with hashes here. It owns the bound
 * on how many run and wait, and the process of lower priority that does the
 * work; it does not own what a good password is, nor where a hash is kept.
 */

/** How hashes are made; the `hashers` section of the configuration fits. */
export interface HasherConfig {
  readonly algorithm: "argon2" | "bcrypt";
  /** `memory` in KiB, lengths in bytes. */
  readonly argon2: {
    readonly memory: number;
    readonly iterations: number;
    readonly parallelism: number;
    readonly salt_length: number;
    readonly key_length: number;
  };
  readonly bcrypt: { readonly cost: number };
  /** How many run at once; 0: one per processor but one, which is left to everything else. */
  readonly concurrency: number;
  /** How many may wait. */
  readonly queue: number;
}

/** What came of comparing. */
export interface Verified {
  readonly ok: boolean;
  /** It is right, but is no longer made as configured: hash it again. */
  readonly rehash: boolean;
}

/** For metrics. Milliseconds. */
export interface HasherStats {
  readonly running: number;
  readonly waiting: number;
  readonly done: number;
  readonly refused: number;
  readonly crashes: number;
  /** How long one takes lately, without waiting; 0 before the first. */
  readonly averageMs: number;
}

/** Hashes passwords and compares them. */
export interface Hasher {
  /**
   * Hashes the password's NFC form with the configured algorithm. Throws
   * HashingOverloaded, and RangeError for more than 72 bytes with bcrypt, which
   * would not look at the rest.
   */
  hash(password: string): Promise<string>;
  /**
   * Compares. With `undefined`, or a hash of no kind we know, it answers no
   * after the time that a comparison takes. Throws HashingOverloaded.
   */
  verify(password: string, stored: string | undefined): Promise<Verified>;
  stats(): HasherStats;
  /** Refuses further work and ends the process. */
  close(): void;
}

/** Too many hashes run and wait already. */
export class HashingOverloaded extends Error {
  override readonly name = "HashingOverloaded";
  readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number) {
    super("too many passwords are being hashed");
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Where a hash of an unknown kind, or a crash, is reported; a pino logger fits. */
export interface HashingLog {
  warn(data: object, message: string): void;
}

/** What bcrypt looks at. */
export const BCRYPT_MAX_BYTES = 72;
const IDLE_MS = 30_000;

/** Creates the hasher. Its process starts with the first job and ends after half a minute without one. */
export const createHasher = (
  config: HasherConfig,
  { log, idle = IDLE_MS }: { readonly log?: HashingLog; readonly idle?: number } = {},
): Hasher => {
  // With a hash on every processor, a thread that wakes up waits for one to be taken off: measured, 2 ms instead of 0.6.
  const concurrency = config.concurrency === 0 ? Math.max(1, os.availableParallelism() - 1) : config.concurrency;
  const worker = createHashingProcess({
    threads: concurrency,
    idle,
    onCrash: (how) => log?.warn({ how }, "the hashing process ended unexpectedly"),
  });
  const nobody = hashOfNobody(config);
  const waiting: (() => void)[] = [];
  let running = 0;
  let done = 0;
  let refused = 0;
  let averageMs = 0;

  const inTurn = async (job: Job): Promise<Response> => {
    if (running >= concurrency) {
      if (waiting.length >= config.queue) {
        refused += 1;
        throw new HashingOverloaded(Math.max(1, Math.ceil(((waiting.length / concurrency) * averageMs) / 1000)));
      }
      // The one that ends hands its place over: `running` stays as it is.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else {
      running += 1;
    }
    const started = performance.now();
    try {
      return await worker.run(job);
    } finally {
      const took = performance.now() - started;
      averageMs = averageMs === 0 ? took : averageMs * 0.9 + took * 0.1;
      done += 1;
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };

  return {
    hash: async (given) => {
      const password = normalizePassword(given);
      if (config.algorithm === "bcrypt" && Buffer.byteLength(password) > BCRYPT_MAX_BYTES)
        throw new RangeError("bcrypt takes 72 bytes at most");
      const { memory, iterations, parallelism, salt_length: saltBytes, key_length: digestBytes } = config.argon2;
      const job: Job =
        config.algorithm === "bcrypt"
          ? { kind: "bcrypt", password, cost: config.bcrypt.cost }
          : { kind: "argon2", password, memory, iterations, parallelism, saltBytes, digestBytes };
      const response = await inTurn(job);
      if (!("hash" in response))
        throw new Error(`hashing failed: ${"failed" in response ? response.failed : "no hash"}`);
      return response.hash;
    },

    verify: async (given, stored) => {
      const format = stored === undefined ? undefined : readHashFormat(stored);
      if (stored !== undefined && format === undefined)
        log?.warn({ kind: kindOf(stored) }, "a stored password hash is of an unknown kind");
      const normal = normalizePassword(given);
      // Imported hashes were made of what was typed; ours of its normal form.
      const candidates = normal === given ? [normal] : [normal, given];
      const response = await inTurn({
        kind: "verify",
        candidates,
        stored: format === undefined ? nobody : (stored ?? nobody),
      });
      if ("failed" in response) throw new Error(`comparing failed: ${response.failed}`);
      const match = "match" in response ? response.match : -1;
      const ok = format !== undefined && match >= 0;
      return { ok, rehash: ok && (match > 0 || !isCurrent(format, config)) && canHash(config, normal) };
    },

    stats: () => ({ running, waiting: waiting.length, done, refused, crashes: worker.crashes, averageMs }),

    close: () => worker.close(),
  };
};

/** A hash that no password has, and that takes as long to compare with as a real one. */
const hashOfNobody = ({ algorithm, argon2, bcrypt }: HasherConfig): string => {
  if (algorithm === "bcrypt")
    return `$2b$${String(bcrypt.cost).padStart(2, "0")}$${"N".repeat(22)}${randomBytes(24).toString("base64url").slice(0, 31).replace(/[-_]/g, "/")}`;
  const { memory, iterations, parallelism, salt_length, key_length } = argon2;
  return writeArgon2({
    variant: "argon2id",
    version: 19,
    memory,
    iterations,
    parallelism,
    salt: randomBytes(salt_length),
    digest: randomBytes(key_length),
  });
};

const isCurrent = (format: HashFormat, { algorithm, argon2, bcrypt }: HasherConfig): boolean => {
  if (format.kind === "bcrypt") return algorithm === "bcrypt" && format.cost === bcrypt.cost;
  return (
    algorithm === "argon2" &&
    format.variant === "argon2id" &&
    format.version === 19 &&
    format.memory === argon2.memory &&
    format.iterations === argon2.iterations &&
    format.parallelism === argon2.parallelism &&
    format.salt.length === argon2.salt_length &&
    format.digest.length === argon2.key_length
  );
};

/** The part of a hash that names its algorithm, and nothing of the hash itself. */
const kindOf = (stored: string): string => /^(?:\$[a-z0-9-]{1,16}\$|\{[A-Za-z0-9]{1,10}\})/.exec(stored)?.[0] ?? "none";

/** An imported password may be longer than bcrypt could take again. */
const canHash = (config: HasherConfig, password: string): boolean =>
  config.algorithm !== "bcrypt" || Buffer.byteLength(password) <= BCRYPT_MAX_BYTES;
