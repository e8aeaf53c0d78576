import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PasswordPolicyConfig } from "../../../src/config/password-config.ts";
import type { Breaches } from "../../../src/methods/password/breach.ts";
import { createPasswordPolicy, type Verdict } from "../../../src/methods/password/policy.ts";
import "../../setup/seeded.ts";

const defaults: PasswordPolicyConfig = {
  min_password_length: 8,
  max_password_length: 1_024,
  identifier_similarity_check_enabled: true,
  haveibeenpwned_enabled: true,
  haveibeenpwned_host: "breaches.invalid",
  max_breaches: 0,
  ignore_network_errors: true,
};

interface Setup {
  readonly config?: Partial<PasswordPolicyConfig>;
  readonly algorithm?: "argon2" | "bcrypt";
  readonly found?: Breaches;
}

/** A policy whose slow parts only write down that they were asked. "hash:x" is the hash of x. */
const setUp = ({ config = {}, algorithm = "argon2", found = { kind: "count", count: 0 } }: Setup = {}) => {
  const asked: string[] = [];
  const warnings: object[] = [];
  const policy = createPasswordPolicy({
    config: { ...defaults, ...config },
    hashers: { algorithm },
    hasher: {
      verify: async (password, stored) => {
        asked.push("equality");
        return { ok: stored === `hash:${password}`, rehash: false };
      },
    },
    breaches: {
      count: async () => {
        asked.push("breach");
        return found;
      },
    },
    log: { warn: (data) => void warnings.push(data) },
  });
  return {
    asked,
    warnings,
    check: (password: string, identifiers: readonly string[] = ["ann@example.com"], currentHash?: string) =>
      policy.check({
        password,
        identifiers,
        currentHash,
        share: { purpose: "session", network: "203.0.113.1", subject: "ann" },
      }),
  };
};

const brief = (verdict: Verdict) =>
  verdict.kind === "refused"
    ? verdict.messages.map(({ id, context }) => (context === undefined ? id : { id, ...context }))
    : verdict.kind;

describe("a new password", () => {
  it("is accepted when nothing speaks against it, whatever kinds of characters it has", async () => {
    const { check } = setUp();
    for (const password of [
      "correct horse battery 7",
      "        ",
      "gggggggg",
      "passwörter",
      "密码密码密码密码",
      "x".repeat(1_024),
      `${"x".repeat(64)}😀`,
    ]) {
      expect(brief(await check(password, ["ann@example.com"], "hash:other"))).toBe("accepted");
    }
  });

  it("has at least as many code points as configured, in its composed form", async () => {
    const { check } = setUp();
    expect(brief(await check("abc"))).toEqual([{ id: 4000032, min_length: 8, actual_length: 3 }]);
    expect(brief(await check("😀".repeat(7)))).toEqual([{ id: 4000032, min_length: 8, actual_length: 7 }]);
    expect(brief(await check("e\u0301".repeat(7)))).toEqual([{ id: 4000032, min_length: 8, actual_length: 7 }]);
    expect(brief(await check("😀".repeat(8)))).toBe("accepted");
  });

  it("has at most as many code points as configured, and is not worked on beyond that", async () => {
    const { check, asked } = setUp({ config: { max_password_length: 64 } });
    expect(brief(await check("😀".repeat(64)))).toBe("accepted");
    asked.length = 0;
    expect(brief(await check("😀".repeat(65), ["ann@example.com"], "hash:x"))).toEqual([
      { id: 4000033, max_length: 64, actual_length: 65 },
    ]);
    expect(asked).toEqual([]);
  });

  it("has at most 72 bytes with bcrypt", async () => {
    const { check } = setUp({ algorithm: "bcrypt" });
    expect(brief(await check("x".repeat(72)))).toBe("accepted");
    expect(brief(await check("x".repeat(73)))).toEqual([{ id: 4000033, max_length: 72, actual_length: 73 }]);
    expect(brief(await check("é".repeat(37)))).toEqual([{ id: 4000033, max_length: 72, actual_length: 74 }]);
  });

  it("is not the current one, nor like any identifier", async () => {
    const { check } = setUp();
    expect(brief(await check("correct horse", [], "hash:correct horse"))).toEqual([4000039]);
    expect(brief(await check("ann@example.co"))).toEqual([4000031]);
    expect(brief(await check("+4915112345678", ["someone", "+49 151 1234567"]))).toEqual([4000031]);
    const off = setUp({ config: { identifier_similarity_check_enabled: false } });
    expect(brief(await off.check("ann@example.co"))).toBe("accepted");
  });

  it("hears all that is wrong at once, in a fixed order, and breaches are asked last", async () => {
    const { check, asked } = setUp({ found: { kind: "count", count: 9 } });
    expect(brief(await check("ann@e", ["ann@e"], "hash:ann@e"))).toEqual([
      { id: 4000032, min_length: 8, actual_length: 5 },
      4000039,
      4000031,
    ]);
    expect(asked).toEqual(["equality"]);
    expect(brief(await check("correct horse", ["ann@e"], "hash:other"))).toEqual([
      { id: 4000005, reason: expect.any(String) },
    ]);
    expect(asked).toEqual(["equality", "equality", "breach"]);
  });

  it("is told of a breach in the words of the documentation", async () => {
    const { check } = setUp({ found: { kind: "count", count: 1 } });
    const verdict = await check("correct horse");
    expect(verdict).toMatchObject({
      messages: [
        {
          id: 4000005,
          text:
            "The password can't be used because the password has been found in data breaches and must no " +
            "longer be used.",
          context: { reason: "the password has been found in data breaches and must no longer be used." },
        },
      ],
    });
  });

  it("is none that everybody tries first, in any case, even when no service can be asked", async () => {
    const { check, asked } = setUp({ found: { kind: "unavailable", reason: "no connection" } });
    for (const password of ["password", "PassWord", "12345678", "iloveyou", "trustno1", "sunshine"])
      expect(brief(await check(password))).toEqual([{ id: 4000005, reason: expect.any(String) }]);
    expect(asked).toEqual([]);
    for (const password of ["password ", '"password"', "correct horse battery 7", "\\,\\,\\,\\,\\,", '","ambition'])
      expect(brief(await check(password))).toBe("accepted");
    expect(brief(await setUp({ config: { haveibeenpwned_enabled: false } }).check("12345678"))).toBe("accepted");
  });

  it("may have been found as often as configured, and not once more", async () => {
    for (const [count, outcome] of [
      [5, "accepted"],
      [6, "refused"],
    ] as const) {
      expect(
        (await setUp({ config: { max_breaches: 5 }, found: { kind: "count", count } }).check("correct horse")).kind,
      ).toBe(outcome);
    }
  });

  it("is accepted or not, as configured, when the breach service does not answer", async () => {
    const found: Breaches = { kind: "unavailable", reason: "status 500" };
    const open = setUp({ found });
    expect(brief(await open.check("correct horse"))).toBe("accepted");
    expect(open.warnings).toEqual([{ reason: "status 500", accepted: true }]);
    const closed = setUp({ found, config: { ignore_network_errors: false } });
    expect(brief(await closed.check("correct horse"))).toBe("unavailable");
    const off = setUp({ found, config: { haveibeenpwned_enabled: false, ignore_network_errors: false } });
    expect(brief(await off.check("correct horse"))).toBe("accepted");
    expect(off.asked).toEqual([]);
  });

  it.each(["long enough \ud800", "long enough \0"])(
    "has no characters that an encoding would lose: %j",
    async (password) => {
      expect(brief(await setUp().check(password))).toEqual([{ id: 4000001, reason: expect.any(String) }]);
    },
  );

  it("gets the same verdict however its characters are composed", async () => {
    const { check } = setUp();
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme", maxLength: 30 }), async (password) => {
        expect(brief(await check(password.normalize("NFD")))).toEqual(brief(await check(password.normalize("NFC"))));
      }),
    );
  });
});
