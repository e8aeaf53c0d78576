import { randomBytes } from "node:crypto";
import os from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { createComparisonTime } from "./comparison-time.ts";
import { findCostFault, type HashCost, type HashFormat, readHashFormat, writeArgon2 } from "./hash-format.ts";
import { createHashingProcess, type HashingProcessOptions } from "./hashing-process.ts";
import type { Job, Response } from "./job.ts";
import { normalizePassword } from "./normalize-password.ts";
import { createTurns, type PurposeStats } from "./queue.ts";
import { type Purpose, purposes, type Share } from "./share.ts";

/**
 * Passwords become hashes and are compared with hashes here. It owns the bound
 * on how many run and wait, whose turn it is (queue.ts), and the process of
 * lower priority that does the work; it does not own what a good password is,
 * nor where a hash is stored.
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
  /** How many may wait for each purpose. */
  readonly queue: number;
  /** The most that comparing with a stored hash may cost. */
  readonly max_cost: HashCost;
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
  /** How long comparing with a hash made as configured takes lately; 0 before the first. */
  readonly comparisonMs: number;
  readonly purposes: Readonly<Record<Purpose, PurposeStats>>;
}

/** Hashes passwords and compares them. */
export interface Hasher {
  /**
   * Hashes the password's NFC form with the configured algorithm. Throws
   * HashingOverloaded, and RangeError for more than 72 bytes with bcrypt, which
   * would not look at the rest.
   */
  hash(password: string, share?: Share): Promise<string>;
  /**
   * Compares. With `undefined`, or a hash that cannot be verified, it answers no
   * after the time that a comparison takes: it waits for its turn and holds it for
   * that long, without hashing.
   *
   * @throws HashingOverloaded
   */
  verify(password: string, stored: string | undefined, share?: Share): Promise<Verified>;
  stats(): HasherStats;
  /** Why nothing can be hashed now; undefined: nothing keeps it from that. */
  problem(): string | undefined;
  /** Refuses further work and ends the process. */
  close(): void;
}

/** Where a hash of an unknown kind, or a crash, is reported; a pino logger fits. */
export interface HashingLog {
  warn(data: object, message: string): void;
}

/** What bcrypt looks at. */
export const BCRYPT_MAX_BYTES = 72;
const IDLE_MS = 30_000;

/** Whose share it is when nobody says so. */
const anybody: Share = { purpose: "sign_in", network: "", subject: "" };

/** Where the hasher reports to, and how its process is run. */
export interface HasherOptions extends Partial<Pick<HashingProcessOptions, "idle" | "executable">> {
  readonly log?: HashingLog;
}

/** Creates the hasher. Its process starts with the first job and ends after half a minute without one. */
export const createHasher = (config: HasherConfig, { log, idle = IDLE_MS, executable }: HasherOptions = {}): Hasher => {
  // With a hash on every processor, a thread that wakes up waits for one to be taken off: measured, 2 ms instead of
  // 0.6.
  const concurrency = config.concurrency === 0 ? Math.max(1, os.availableParallelism() - 1) : config.concurrency;
  const worker = createHashingProcess({
    threads: concurrency,
    idle,
    ...(executable && { executable }),
    onCrash: (how) => log?.warn({ how }, "the hashing process ended unexpectedly"),
  });
  const turns = createTurns({ concurrency, queue: config.queue });
  const nobody = dummyHash(config);
  const most = atLeastOurs(config);
  const usual = createComparisonTime();

  const compare = async (candidates: readonly string[], stored: string, isLikeOurs: boolean): Promise<Response> => {
    // Starting the process takes longer than the comparison that it is started for.
    const isWarm = worker.running;
    const started = performance.now();
    const response = await worker.run({ kind: "verify", candidates, stored });
    const each = (performance.now() - started) / candidates.length;
    if (isLikeOurs && isWarm) usual.learn(each);
    return response;
  };

  /**
   * Takes as long as a comparison. Hashes only while it is not known how long that is, or to start the process as a
   * comparison would.
   */
  const pretend = async (candidates: readonly string[]): Promise<void> => {
    if (usual.isKnown() && worker.running) await sleep(usual.milliseconds * candidates.length);
    else await compare(candidates, nobody, true);
  };

  const readStored = (stored: string | undefined): HashFormat | undefined => {
    if (stored === undefined) return undefined;
    const format = readHashFormat(stored);
    if (format === undefined) {
      log?.warn({ kind: kindOf(stored) }, "a stored password hash is of an unknown kind");
      return undefined;
    }
    const fault = findCostFault(format, most);
    if (fault !== undefined)
      log?.warn({ kind: kindOf(stored), fault }, "a stored password hash asks for too much work and is not verified");
    return fault === undefined ? format : undefined;
  };

  return {
    hash: async (given, share = anybody) => {
      const password = normalizePassword(given);
      if (config.algorithm === "bcrypt" && Buffer.byteLength(password) > BCRYPT_MAX_BYTES)
        throw new RangeError("bcrypt takes 72 bytes at most");
      const { memory, iterations, parallelism, salt_length: saltBytes, key_length: digestBytes } = config.argon2;
      const job: Job =
        config.algorithm === "bcrypt"
          ? { kind: "bcrypt", password, cost: config.bcrypt.cost }
          : { kind: "argon2", password, memory, iterations, parallelism, saltBytes, digestBytes };
      const response = await turns.run(share, () => worker.run(job));
      if (!("hash" in response))
        throw new Error(`hashing failed: ${"failed" in response ? response.failed : "no hash"}`);
      return response.hash;
    },

    verify: async (given, stored, share = anybody) => {
      const format = readStored(stored);
      const normal = normalizePassword(given);
      // Imported hashes were made of what was submitted; ours of its normal form.
      const candidates = normal === given ? [normal] : [normal, given];
      if (format === undefined || stored === undefined) {
        await turns.run(share, () => pretend(candidates));
        return { ok: false, rehash: false };
      }
      const response = await turns.run(share, () => compare(candidates, stored, isCurrent(format, config)));
      if ("failed" in response) throw new Error(`comparing failed: ${response.failed}`);
      const match = "match" in response ? response.match : -1;
      const ok = match >= 0;
      return { ok, rehash: ok && (match > 0 || !isCurrent(format, config)) && canHash(config, normal) };
    },

    stats: () => {
      const stats = turns.stats();
      const sum = (of: (one: PurposeStats) => number) =>
        purposes.reduce((total, purpose) => total + of(stats[purpose]), 0);
      const [running, waiting, done, refused] = [
        sum((one) => one.running),
        sum((one) => one.waiting),
        sum((one) => one.done),
        sum((one) => one.refused),
      ];
      return {
        running,
        waiting,
        done,
        refused,
        crashes: worker.crashes,
        averageMs: turns.averageMs,
        comparisonMs: usual.milliseconds,
        purposes: stats,
      };
    },

    problem: () => worker.problem,
    close: () => worker.close(),
  };
};

/** What is hashed here is compared with here, whatever is accepted of others. */
const atLeastOurs = ({ max_cost: most, argon2, bcrypt }: HasherConfig): HashCost => ({
  bcrypt: Math.max(most.bcrypt, bcrypt.cost),
  argon2_memory: Math.max(most.argon2_memory, argon2.memory),
  argon2_iterations: Math.max(most.argon2_iterations, argon2.iterations),
});

/** A hash that no password has, and that takes as long to compare with as a real one. */
const dummyHash = ({ algorithm, argon2, bcrypt }: HasherConfig): string => {
  if (algorithm === "bcrypt") {
    const digest = randomBytes(24).toString("base64url").slice(0, 31).replace(/[-_]/g, "/");
    return `$2b$${String(bcrypt.cost).padStart(2, "0")}$${"N".repeat(22)}${digest}`;
  }
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
  if (format.kind === "imported") return false;
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
