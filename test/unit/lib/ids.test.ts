import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseUuid, randomToken, uuid4, uuid7, uuidBytes, uuidText } from "../../../src/lib/ids.ts";
import "../../setup/seeded.ts";

describe("an id", () => {
  it("is the same after going through its bytes", () => {
    fc.assert(
      fc.property(fc.uuid(), (text) => {
        expect(uuidText(uuidBytes(text))).toBe(text);
      }),
    );
    expect(uuidText(uuidBytes("ABCDEF01-2345-6789-ABCD-EF0123456789"))).toBe("abcdef01-2345-6789-abcd-ef0123456789");
  });

  it.each([
    "",
    "x",
    "abcdef0123456789abcdef0123456789",
    "{abcdef01-2345-6789-abcd-ef0123456789}",
    "abcdef01-2345-6789-abcd-ef012345678",
    "abcdef01-2345-6789-abcd-ef01234567890",
    "abcdef01-2345-6789-abcd-ef012345678g",
    "abcdef01-2345-6789-abcdef-0123456789",
    "abcdef012345-6789--abcd-ef0123456789",
    "abcdef01_2345_6789_abcd_ef0123456789",
    "-bcdef01-2345-6789-abcd-ef0123456789",
    "abcdef01-2345-6789-abcd-ef012345678１",
    " abcdef01-2345-6789-abcd-ef0123456789",
    "abcdef01-2345-6789-abcd-ef0123456789\n",
  ])("is not what only looks like one: %j", (text) => {
    expect(parseUuid(text)).toBeUndefined();
    expect(() => uuidBytes(text)).toThrow(TypeError);
  });

  it("of version 4 says nothing, of version 7 sorts by time", () => {
    expect(uuid4()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const ids = [0, 1, 1_700_000_000_000, 1_700_000_000_001, 2 ** 47].map((ms) => uuid7(new Date(ms)));
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(ids).toEqual([...ids].sort());
    expect(Number.parseInt((ids[2] ?? "").replace("-", "").slice(0, 12), 16)).toBe(1_700_000_000_000);
  });
});

describe("a token", () => {
  it("has letters and digits only, and never comes twice", () => {
    const tokens = Array.from({ length: 2_000 }, () => randomToken());
    for (const token of tokens) expect(token).toMatch(/^[A-Za-z0-9]{32}$/);
    expect(new Set(tokens).size).toBe(2_000);
    expect(randomToken(7)).toHaveLength(7);
  });

  it("favours no character", () => {
    const counts = new Map<string, number>();
    const total = 620_000;
    for (const c of randomToken(total)) counts.set(c, (counts.get(c) ?? 0) + 1);
    expect(counts.size).toBe(62);
    // 61 degrees of freedom: above 120 once in a hundred thousand runs, while a plain remainder gives thousands.
    const chi = [...counts.values()].reduce((sum, n) => sum + (n - total / 62) ** 2 / (total / 62), 0);
    expect(chi).toBeLessThan(120);
  });
});
