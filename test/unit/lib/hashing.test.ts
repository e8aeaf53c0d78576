import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import os from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import bcrypt from "bcryptjs";
import fc from "fast-check";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { createHasher, type Hasher, type HasherConfig } from "../../../src/lib/hashing/hasher.ts";
import { HashingOverloaded } from "../../../src/lib/hashing/queue.ts";
import "../../setup/seeded.ts";

const cheap: HasherConfig = {
  algorithm: "argon2",
  argon2: { memory: 1_024, iterations: 1, parallelism: 1, salt_length: 16, key_length: 32 },
  bcrypt: { cost: 4 },
  concurrency: 2,
  queue: 1_000,
  max_cost: { bcrypt: 14, argon2_memory: 262_144, argon2_iterations: 10 },
};
const costly: HasherConfig = {
  ...cheap,
  argon2: { memory: 19_456, iterations: 2, parallelism: 1, salt_length: 16, key_length: 32 },
};

const shared = createHasher(cheap);
afterAll(() => shared.close());

const open: Hasher[] = [];
const create = (config: HasherConfig = cheap, options: Parameters<typeof createHasher>[1] = {}) => {
  const hasher = createHasher(config, options);
  open.push(hasher);
  return hasher;
};
afterEach(() => {
  for (const hasher of open.splice(0)) hasher.close();
});

/** The hashing processes that this one has started. */
const children = (): number[] => {
  const found = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return found
    .filter((pid) => {
      try {
        const [, parent] =
          / \S (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^\d+ \(.*\)/s, "")) ?? [];
        return (
          isAlive(Number(pid)) &&
          Number(parent) === process.pid &&
          readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("hashing/process")
        );
      } catch {
        return false;
      }
    })
    .map(Number);
};

describe("a hash", () => {
  it("is argon2id in the usual form, with a salt of its own", async () => {
    const hashes = await Promise.all([shared.hash("correct horse"), shared.hash("correct horse")]);
    for (const hash of hashes)
      expect(hash).toMatch(/^\$argon2id\$v=19\$m=1024,t=1,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(hashes[0]).not.toBe(hashes[1]);
  });

  it("knows its password again, and no other", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: "binary", maxLength: 80 }),
        fc.string({ unit: "grapheme", minLength: 1, maxLength: 3 }),
        async (password, more) => {
          const hash = await shared.hash(password);
          expect(await shared.verify(password, hash)).toEqual({ ok: true, rehash: false });
          expect(await shared.verify(password + more, hash)).toEqual({ ok: false, rehash: false });
        },
      ),
      { numRuns: 40 },
    );
  });

  it("is of the whole password: twins that share their first 64 bytes differ", async () => {
    for (const length of [64, 72, 128, 1_000, 5_000]) {
      const hash = await shared.hash(`${"x".repeat(length)}a`);
      expect((await shared.verify(`${"x".repeat(length)}b`, hash)).ok).toBe(false);
      expect((await shared.verify("x".repeat(length), hash)).ok).toBe(false);
      expect((await shared.verify(`${"x".repeat(length)}a`, hash)).ok).toBe(true);
    }
  });

  it("is the same for every way to compose a character, and for nothing else", async () => {
    const hash = await shared.hash("cafe\u0301 \u212b");
    expect(await shared.verify("caf\u00e9 \u00c5", hash)).toEqual({ ok: true, rehash: false });
    expect((await shared.verify("cafe \u00c5", hash)).ok).toBe(false);
    expect((await shared.verify("\u2460", await shared.hash("1"))).ok).toBe(false);
  });

  it("that was imported of another form is known, and made anew", async () => {
    const imported = bcrypt.hashSync("cafe\u0301", 4);
    expect(await create({ ...cheap, algorithm: "bcrypt" }).verify("cafe\u0301", imported)).toEqual({
      ok: true,
      rehash: true,
    });
    expect((await shared.verify("caf\u00e9", imported)).ok).toBe(false);
  });
});

describe("imported hashes", () => {
  // The vectors of the argon2 reference implementation (password "password", salt "somesalt"), and one more of each
  // bcrypt prefix.
  it.each([
    ["$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA", "password"],
    ["$argon2i$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ", "password"],
    ["$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "password"],
    ["$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc", "password"],
    [bcrypt.hashSync("correct horse", 4), "correct horse"],
    [bcrypt.hashSync("correct horse", 4).replace("$2b$", "$2a$"), "correct horse"],
    [bcrypt.hashSync("correct horse", 4).replace("$2b$", "$2y$"), "correct horse"],
    [bcrypt.hashSync("correct horse", 4).replace("$2b$", "$2z$"), "correct horse"],
  ])("are known and made anew: %s", async (stored, password) => {
    expect(await shared.verify(password, stored)).toEqual({ ok: true, rehash: true });
    expect(await shared.verify("wrong", stored)).toEqual({ ok: false, rehash: false });
  });

  it("are read with padding, in any order of their parameters, and of kind d", async () => {
    const { default: argon2 } = await import("argon2");
    const text = await argon2.hash("x", { type: argon2.argon2d, memoryCost: 1_024, timeCost: 1, parallelism: 1 });
    expect(text).toMatch(/^\$argon2d\$v=19\$m=1024,p=1,t=1\$/);
    expect((await shared.verify("x", text)).ok).toBe(true);
    expect((await shared.verify("x", `${text}=`)).ok).toBe(true);
  });

  it.each([
    "",
    "plain text",
    "{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
    "$pbkdf2-sha256$i=1000,l=32$c29tZXNhbHQ$aaaaaaaaaaaaaaaaaaaaaa",
    "$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
    "$argon2id$v=19$m=65536,t=4294967295,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
    "$argon2id$v=19$m=1024,t=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
    "$argon2id$v=19$m=1024,t=1,p=0$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
    "$argon2id$v=18$m=1024,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
    "$2b$15$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
    "$2b$31$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
    "$2x$04$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
  ])("of a kind that we do not verify, or that would take too much, are wrong: %s", async (stored) => {
    const warnings: object[] = [];
    const hasher = create(cheap, { log: { warn: (data) => void warnings.push(data) } });
    expect(await hasher.verify("password", stored)).toEqual({ ok: false, rehash: false });
    expect(warnings).toHaveLength(1);
    expect(JSON.stringify(warnings)).not.toMatch(/W6ph5|CTFhF|N9qo8/);
  });
});

describe("hashes made otherwise than configured", () => {
  it.each<[string, Partial<HasherConfig["argon2"]>]>([
    ["memory", { memory: 2_048 }],
    ["iterations", { iterations: 2 }],
    ["parallelism", { parallelism: 2 }],
    ["length of the salt", { salt_length: 32 }],
    ["length of the hash", { key_length: 16 }],
  ])("are made anew: %s", async (_, change) => {
    const hash = await shared.hash("x");
    const hasher = create({ ...cheap, argon2: { ...cheap.argon2, ...change } });
    expect(await hasher.verify("x", hash)).toEqual({ ok: true, rehash: true });
    expect(await hasher.verify("x", await hasher.hash("x"))).toEqual({ ok: true, rehash: false });
  });
});

describe("bcrypt", () => {
  const config: HasherConfig = { ...cheap, algorithm: "bcrypt" };

  it("hashes up to 72 bytes and refuses more", async () => {
    const hasher = create(config);
    const hash = await hasher.hash("x".repeat(72));
    expect(hash).toMatch(/^\$2b\$04\$/);
    expect(await hasher.verify("x".repeat(72), hash)).toEqual({ ok: true, rehash: false });
    expect((await hasher.verify(`${"x".repeat(71)}y`, hash)).ok).toBe(false);
    await expect(hasher.hash("x".repeat(73))).rejects.toBeInstanceOf(RangeError);
    await expect(hasher.hash("é".repeat(37))).rejects.toBeInstanceOf(RangeError);
  });

  it("is made anew at another cost, and with argon2 when that is configured", async () => {
    const hash = await create(config).hash("x");
    expect((await create({ ...config, bcrypt: { cost: 5 } }).verify("x", hash)).rehash).toBe(true);
    expect((await shared.verify("x", hash)).rehash).toBe(true);
  });
});

describe("hashing", () => {
  it.each<[string, HasherConfig]>([
    ["argon2", costly],
    ["bcrypt", { ...cheap, algorithm: "bcrypt", bcrypt: { cost: 8 } }],
  ])(
    "with %s takes as long for an unknown person, and for a hash of no known kind, as a comparison takes lately",
    async (_, config) => {
      const hasher = create(config);
      const hash = await hasher.hash("x");
      for (let n = 0; n < 8; n++) await hasher.verify("wrong", hash);
      for (const [password, stored, candidates] of [
        ["wrong", undefined, 1],
        ["wrong", "{SSHA}abc", 1],
        // Imported hashes are compared with both forms of a password.
        ["wrong e\u0301", undefined, 2],
      ] as const) {
        const { comparisonMs } = hasher.stats();
        const started = performance.now();
        await hasher.verify(password, stored);
        expect(comparisonMs).toBeGreaterThan(1);
        expect(performance.now() - started).toBeGreaterThan(comparisonMs * candidates * 0.5);
      }
    },
  );

  it("is done for nobody only until it is known how long it takes", async () => {
    await shared.hash("x");
    const before = await settled(1);
    const hasher = create(costly);
    const hash = await hasher.hash("x");
    for (let n = 0; n < 8; n++) await hasher.verify("wrong", hash);
    const [child = 0] = children().filter((pid) => !before.includes(pid));
    const spent = cpuTicks(child);
    for (let n = 0; n < 6; n++) expect(await hasher.verify("wrong", undefined)).toEqual({ ok: false, rehash: false });
    // Six comparisons are more than ten hundredths of a second.
    expect(cpuTicks(child) - spent).toBeLessThan(5);
    expect(hasher.stats().purposes.sign_in.done).toBe(15);
  });

  it("runs and queues as many as configured, and refuses the rest at once with a time to come back", async () => {
    const hasher = create({ ...costly, concurrency: 2, queue: 3 });
    await hasher.hash("warm");
    const work = Array.from({ length: 9 }, () => hasher.hash("x").catch((error: unknown) => error));
    expect(hasher.stats()).toMatchObject({ running: 2, waiting: 3, refused: 4 });
    const results = await Promise.all(work);
    const refused = results.filter((r) => r instanceof HashingOverloaded);
    expect(refused).toHaveLength(4);
    expect(refused.every((r) => r.retryAfterSeconds >= 1 && Number.isInteger(r.retryAfterSeconds))).toBe(true);
    expect(hasher.stats()).toMatchObject({ running: 0, waiting: 0, done: 6, refused: 4 });
    await expect(hasher.hash("x")).resolves.toMatch(/^\$argon2id/);
  });

  it("does not hold up the event loop", async () => {
    const hasher = create({ ...costly, concurrency: os.availableParallelism() });
    await hasher.hash("warm");
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    }, 1);
    await Promise.all(Array.from({ length: 30 }, () => hasher.hash("x")));
    clearInterval(timer);
    // One hash takes some 20 ms; on a busy machine a timer may well be late, but not by all of them.
    expect(longest).toBeLessThan(300);
  });

  it("starts its process with the first job, at a low priority, and ends it when idle", async () => {
    await shared.hash("x");
    const before = await settled(1);
    const hasher = create(cheap, { idle: 200 });
    expect(children()).toEqual(before);
    await hasher.hash("x");
    const [child = 0] = children().filter((pid) => !before.includes(pid));
    const threads = readdirSync(`/proc/${child}/task`).map((tid) => os.getPriority(Number(tid)));
    expect(new Set(threads)).toEqual(new Set([10]));
    // It knows nothing of the server's environment.
    expect(
      readFileSync(`/proc/${child}/environ`, "utf8")
        .split("\0")
        .filter(Boolean)
        .map((v) => v.split("=")[0])
        .sort(),
    ).toEqual(expect.arrayContaining(["NODE_COMPILE_CACHE", "UV_THREADPOOL_SIZE"]));
    expect(readFileSync(`/proc/${child}/environ`, "utf8")).not.toMatch(/VITEST|HOME=/);
    expect(await settled(1)).toEqual(before);
    await expect(hasher.hash("x")).resolves.toMatch(/^\$/);
    expect(hasher.stats().crashes).toBe(0);
  });

  it("survives the death of its process: what was under way is done again", async () => {
    await shared.hash("x");
    const before = await settled(1);
    const crashes: object[] = [];
    const hasher = create(costly, { log: { warn: (data) => void crashes.push(data) } });
    await hasher.hash("warm");
    const work = Promise.all(Array.from({ length: 6 }, () => hasher.hash("x")));
    await sleep(15);
    for (const pid of children().filter((p) => !before.includes(p))) process.kill(pid, "SIGKILL");
    expect(await work).toHaveLength(6);
    expect(crashes).toEqual([{ how: "SIGKILL" }]);
    expect(hasher.stats()).toMatchObject({ crashes: 1, running: 0, waiting: 0 });
  });

  it("goes on through Ctrl-C, and ends with its parent", async () => {
    const script = `
      import { createHasher }
      from ${JSON.stringify(new URL("../../../src/lib/hashing/hasher.ts", import.meta.url).href)};
      import { execFileSync } from "node:child_process";
      const hasher = createHasher(${JSON.stringify(costly)});
      await hasher.hash("x");
      const [child] = execFileSync("pgrep", ["-P", String(process.pid), "-f", "hashing/process"], { encoding: "utf8"
      }).trim().split("\\n");
      process.kill(Number(child), "SIGINT");
      process.kill(Number(child), "SIGTERM");
      await hasher.hash("y");
      console.log(child, hasher.stats().crashes);
      process.kill(process.pid, "SIGKILL");
    `;
    let output = "";
    try {
      execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
    } catch (error) {
      output = String((error as { stdout?: string }).stdout);
    }
    const [child, crashes] = output.trim().split(" ").map(Number);
    expect(crashes).toBe(0);
    for (let tries = 0; tries < 50 && isAlive(child ?? 0); tries++) await sleep(20);
    expect(isAlive(child ?? 0)).toBe(false);
  });

  it("keeps no program alive that has nothing else to do", () => {
    const script = `
      import { createHasher }
      from ${JSON.stringify(new URL("../../../src/lib/hashing/hasher.ts", import.meta.url).href)};
      console.log((await createHasher(${JSON.stringify(cheap)}).hash("x")).slice(0, 9));
    `;
    expect(
      execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8", timeout: 10_000 }),
    ).toBe("$argon2id\n");
  });

  it("is over when it is closed", async () => {
    const hasher = create(costly);
    await hasher.hash("warm");
    const under = hasher.hash("x").catch((error: unknown) => error);
    hasher.close();
    expect(await under).toBeInstanceOf(Error);
    await expect(hasher.hash("x")).rejects.toThrow("closed");
  });
});

/** A process that nobody has collected yet is over all the same. */
const isAlive = (pid: number): boolean => {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
};

/** Processor time that a process has taken, in hundredths of a second. */
const cpuTicks = (pid: number): number => {
  const [, user = "0", system = "0"] =
    /\) \S(?: \S+){10} (\d+) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
  return Number(user) + Number(system);
};

/** Those of earlier tests are still ending. */
const settled = async (count: number): Promise<readonly number[]> => {
  for (let tries = 0; tries < 100 && children().length !== count; tries++) await sleep(20);
  return children();
};
