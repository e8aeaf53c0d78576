import { afterEach, describe, expect, it } from "vitest";
import { createHasher, type Hasher, type HasherConfig } from "../../../src/lib/hashing/hasher.ts";
import { HashingAbandoned, HashingOverloaded } from "../../../src/lib/hashing/queue.ts";

const cheap: HasherConfig = {
  algorithm: "argon2",
  argon2: { memory: 1_024, iterations: 1, parallelism: 1, salt_length: 16, key_length: 32 },
  bcrypt: { cost: 4 },
  concurrency: 2,
  queue: 1_000,
  max_cost: { bcrypt: 14, argon2_memory: 262_144, argon2_iterations: 10 },
};
const costly: HasherConfig = { ...cheap, argon2: { ...cheap.argon2, memory: 19_456, iterations: 2 } };

const open: Hasher[] = [];
const create = (config: HasherConfig, options: Parameters<typeof createHasher>[1] = {}) => {
  const hasher = createHasher(config, options);
  open.push(hasher);
  return hasher;
};
afterEach(() => {
  for (const hasher of open.splice(0)) hasher.close();
});

describe("the cost of a stored hash", () => {
  it.each([
    ["$2b$15$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy", "bcrypt cost 15 is above 14"],
    [
      "$argon2id$v=19$m=262145,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
      "argon2 memory of 262145 KiB is above 262144 KiB",
    ],
    [
      "$argon2id$v=19$m=1024,t=11,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
      "11 argon2 iterations are above 10",
    ],
  ])("above what is configured keeps it from being verified, and says so: %s", async (stored, fault) => {
    const warnings: object[] = [];
    const hasher = create(cheap, { log: { warn: (data) => void warnings.push(data) } });
    expect(await hasher.verify("password", stored)).toEqual({ ok: false, rehash: false });
    expect(warnings).toMatchObject([{ fault }]);
  });

  it("is never too much when it is what this server makes itself", async () => {
    const hasher = create({ ...cheap, max_cost: { bcrypt: 4, argon2_memory: 8, argon2_iterations: 1 } });
    expect(await hasher.verify("x", await hasher.hash("x"))).toEqual({ ok: true, rehash: false });
  });
});

describe("hashing", () => {
  it("is not done for whoever has gone before their turn", async () => {
    const hasher = create({ ...costly, concurrency: 1 });
    const gone = new AbortController();
    const share = { purpose: "sign_in", network: "a", subject: "x" } as const;
    const work = [
      hasher.hash("x", share),
      hasher.hash("x", { ...share, signal: gone.signal }).catch((error: unknown) => error),
      hasher.hash("x", share),
    ];
    gone.abort();
    expect((await Promise.all(work))[1]).toBeInstanceOf(HashingAbandoned);
    expect(hasher.stats()).toMatchObject({ done: 2, running: 0, waiting: 0 });
  });

  it("comes to a known person's turn although strangers fill their own queue", async () => {
    const hasher = create({ ...costly, concurrency: 1, queue: 3 });
    const strangers = Array.from({ length: 12 }, (_, n) =>
      hasher
        .hash("x", { purpose: n % 2 === 0 ? "sign_up" : "sign_in", network: "a", subject: String(n) })
        .catch((error: unknown) => error),
    );
    const order: string[] = [];
    const known = (["session", "device"] as const).map((purpose) =>
      hasher.hash("x", { purpose, network: "a", subject: "owner" }).then(() => order.push(purpose)),
    );
    void Promise.all(strangers).then(() => order.push("strangers"));
    await Promise.all([...known, ...strangers]);
    expect(order.at(-1)).not.toBe("session");
    expect((await Promise.all(strangers)).filter((r) => r instanceof HashingOverloaded)).toHaveLength(5);
    expect(hasher.stats().purposes).toMatchObject({
      session: { refused: 0, done: 1 },
      device: { refused: 0, done: 1 },
    });
  });
});
