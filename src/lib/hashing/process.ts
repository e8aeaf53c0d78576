import { randomBytes, timingSafeEqual } from "node:crypto";
import argon2 from "argon2";
import bcrypt from "bcryptjs";
import { readHashFormat, writeArgon2 } from "./hash-format.ts";
import type { Job, Request, Response } from "./job.ts";
import { verifyImported } from "./verify-imported.ts";

/*
 * The hashing process: a program of its own, of lower priority, that hashing-process.ts
 * starts. It reads jobs from its parent and answers them; argon2 runs on native
 * threads, as many as UV_THREADPOOL_SIZE says. It ends when its parent does.
 */

const variants = { argon2d: argon2.argon2d, argon2i: argon2.argon2i, argon2id: argon2.argon2id } as const;
const ARGON2_VERSION = 19;

const hashArgon2 = async (job: Extract<Job, { kind: "argon2" }>): Promise<string> => {
  const { password, memory, iterations, parallelism, saltBytes, digestBytes } = job;
  const salt = randomBytes(saltBytes);
  const options = {
    type: argon2.argon2id,
    version: ARGON2_VERSION,
    memoryCost: memory,
    timeCost: iterations,
    parallelism,
    hashLength: digestBytes,
    salt,
  } as const;
  const digest = await argon2.hash(password, { ...options, raw: true });
  return writeArgon2({ variant: "argon2id", version: ARGON2_VERSION, memory, iterations, parallelism, salt, digest });
};

const verifyOne = async (stored: string, password: string): Promise<boolean> => {
  const format = readHashFormat(stored);
  if (format === undefined) return false;
  if (format.kind === "bcrypt") return bcrypt.compare(password, format.text);
  if (format.kind === "imported") return verifyImported(format.check, password);
  const { variant, version, memory, iterations, parallelism, salt, digest } = format;
  const options = {
    type: variants[variant],
    version,
    memoryCost: memory,
    timeCost: iterations,
    parallelism,
    hashLength: digest.length,
    salt,
  };
  return timingSafeEqual(await argon2.hash(password, { ...options, raw: true }), digest);
};

const verify = async (candidates: readonly string[], stored: string): Promise<number> => {
  for (const [index, candidate] of candidates.entries()) {
    if (await verifyOne(stored, candidate)) return index;
  }
  return -1;
};

const answer = async ({ id, job }: Request): Promise<Response> => {
  try {
    if (job.kind === "argon2") return { id, hash: await hashArgon2(job) };
    if (job.kind === "bcrypt") return { id, hash: await bcrypt.hash(job.password, job.cost) };
    return { id, match: await verify(job.candidates, job.stored) };
  } catch (error) {
    return { id, failed: error instanceof Error ? error.message : "unknown" };
  }
};

// Ctrl-C reaches the whole group; the parent still wants the answers while it drains.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);
process.on("disconnect", () => process.exit(0));
process.on("message", async (request: Request) => {
  const response = await answer(request);
  if (process.connected) process.send?.(response);
});
