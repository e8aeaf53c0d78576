import { execFileSync } from "node:child_process";
import { createHash, createHmac, pbkdf2Sync, scryptSync } from "node:crypto";
import { afterAll, describe, expect, it } from "vitest";
import { findCostFault, hashKindOf, readHashFormat } from "../../../src/lib/hashing/hash-format.ts";
import { createHasher } from "../../../src/lib/hashing/hasher.ts";

/* Hashes of other systems: each form is compared with, replaced by one of ours, and bounded in what it may cost. */

const hasher = createHasher({
  algorithm: "argon2",
  argon2: { memory: 1_024, iterations: 1, parallelism: 1, salt_length: 16, key_length: 32 },
  bcrypt: { cost: 4 },
  concurrency: 2,
  queue: 1_000,
  max_cost: { bcrypt: 14, argon2_memory: 262_144, argon2_iterations: 10 },
});
afterAll(() => hasher.close());

const password = "correct horse";
const salt = Buffer.from("a salt of some");
const b64 = (bytes: Buffer | string): string => Buffer.from(bytes).toString("base64");
const sha = (name: string, ...parts: (Buffer | string)[]): Buffer => {
  const hash = createHash(name);
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const openssl = (id: string, ...more: string[]): string =>
  execFileSync("openssl", ["passwd", `-${id}`, ...more, password], { encoding: "utf8" }).trim();
const form = (text: string): string => `pf=${b64(text)}`;

const forms: readonly (readonly [name: string, hash: string])[] = [
  ...["sha1", "sha256", "sha512"].map(
    (name) =>
      [
        `pbkdf2-${name}`,
        `$pbkdf2-${name}$i=1000,l=32$${b64(salt)}$${b64(pbkdf2Sync(password, salt, 1000, 32, name))}`,
      ] as const,
  ),
  ["scrypt, its cost", `$scrypt$ln=16384,r=8,p=1$${b64(salt)}$${b64(scryptSync(password, salt, 32))}`],
  ["scrypt, the logarithm", `$scrypt$ln=14,r=8,p=1$${b64(salt)}$${b64(scryptSync(password, salt, 32))}`],
  ["SSHA", `{SSHA}${b64(Buffer.concat([sha("sha1", password, salt), salt]))}`],
  ["SSHA256", `{SSHA256}${b64(Buffer.concat([sha("sha256", password, salt), salt]))}`],
  ["SSHA512", `{SSHA512}${b64(Buffer.concat([sha("sha512", password, salt), salt]))}`],
  ["SHA", `{SHA}${b64(sha("sha1", password))}`],
  ["md5", `$md5$${b64(sha("md5", password))}`],
  ["md5 with a salt", `$md5$${form("{SALT}{PASSWORD}")}$${b64(salt)}$${b64(sha("md5", salt, password))}`],
  [
    "sha1 in a form of its own",
    `$sha1$${form("##{SALT}-{PASSWORD}!")}$${b64(salt)}$${b64(sha("sha1", "##", salt, "-", password, "!"))}`,
  ],
  ["sha256 with a salt", `$sha256$${form("{PASSWORD}{SALT}")}$${b64(salt)}$${b64(sha("sha256", password, salt))}`],
  ["sha512", `$sha512$${b64(sha("sha512", password))}`],
  ["md5-crypt", openssl("1", "-salt", "abcdefgh").replace("$1$", "$md5-crypt$")],
  ["md5-crypt, as crypt(3) writes it", openssl("1", "-salt", "abcdefgh")],
  ["sha256-crypt", openssl("5", "-salt", "abcdefgh").replace("$5$", "$sha256-crypt$")],
  ["sha512-crypt", openssl("6", "-salt", "abcdefgh").replace("$6$", "$sha512-crypt$")],
  ["sha512-crypt with rounds", openssl("6", "-salt", "rounds=1000$abcdefgh")],
  ["hmac", `$hmac-sha256$${b64(createHmac("sha256", "key").update(password).digest())}$${b64("key")}`],
  [
    "hmac in hexadecimal digits",
    `$hmac-sha512$${b64(createHmac("sha512", "key").update(password).digest("hex"))}$${b64("key")}`,
  ],
];

describe("a hash of another system", () => {
  it.each(forms)("%s is compared with, and is to be replaced", async (_, hash) => {
    expect(await hasher.verify(password, hash)).toEqual({ ok: true, rehash: true });
    expect(await hasher.verify(`${password}x`, hash)).toEqual({ ok: false, rehash: false });
    expect(hashKindOf(hash)).not.toBe("none");
    expect(hashKindOf(hash)).not.toContain(hash.slice(-20));
  });

  // https://github.com/firebase/scrypt#password-hashing prints the parameters and the outcome.
  it("scrypt as Firebase exports it is compared with", async () => {
    const [key, separator, salt, hash] = [
      "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==",
      "Bw==",
      "42xEC+ixf3L2lw==",
      "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==",
    ];
    const stored = `$firescrypt$ln=14,r=8,p=1$${salt}$${hash}$${separator}$${key}`;
    expect(await hasher.verify("user1password", stored)).toEqual({ ok: true, rehash: true });
    expect(await hasher.verify("user2password", stored)).toEqual({ ok: false, rehash: false });
  });

  it.each([
    "plain",
    "",
    "$md5$",
    "$md5$YQ==",
    "$sha256$pf=e1NBTFR9$YQ==$YQ==",
    `$sha256$${form("{PASSWORD}{PASSWORD}")}$YQ==$${b64(sha("sha256", "x"))}`,
    "{SSHA}YQ==",
    "{SSHA1024}YQ==",
    "$scrypt$ln=16385,r=8,p=1$YWJj$YWJjYWJjYWJj",
    "$pbkdf2-md5$i=1,l=8$YWJj$YWJjYWJjYWI=",
    "$pbkdf2-sha256$i=0,l=8$YWJj$YWJjYWJjYWI=",
    "$hmac-sha256$YWJj$YWJj",
    "$6$abcdefgh$short",
    "$apr1$abcdefgh$irWbblnpmw.5z7wgBnprh0",
  ])("what is no form that is known is no hash: %s", (hash) => {
    expect(readHashFormat(hash)).toBeUndefined();
  });

  const most = { bcrypt: 14, argon2_memory: 262_144, argon2_iterations: 10 };
  it.each([
    [`$pbkdf2-sha512$i=900000000,l=8$YWJj$YWJjYWJjYWI=`, "pbkdf2 iterations"],
    [`$scrypt$ln=30,r=8,p=1$YWJj$YWJjYWJjYWI=`, "KiB of scrypt memory"],
    [`$scrypt$ln=14,r=8,p=1000$YWJj$YWJjYWJjYWI=`, "in parallel"],
    [`$6$rounds=999999999$abcdefgh$${"a".repeat(86)}`, "rounds of sha-crypt"],
  ])("one that costs too much is refused: %s", (hash, fault) => {
    const format = readHashFormat(hash);
    expect(format && findCostFault(format, most)).toContain(fault);
  });
});
