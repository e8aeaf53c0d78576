import { describe, expect, it } from "vitest";
import { createKeyring } from "../../../src/lib/keyring.ts";

const old = "an-old-secret-of-a-cookie";
const fresh = "golden-golden-golden-golden-golden";

describe("a seal", () => {
  it("hides a value in characters that a cookie may have, and gives it back", () => {
    const seal = createKeyring([fresh]).seal("session");
    const sealed = seal.seal("ory_st_tokentoken 1700000000000 é");
    expect(sealed).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(Buffer.from(sealed, "base64url").toString("latin1")).not.toContain("token");
    expect(seal.open(sealed)).toBe("ory_st_tokentoken 1700000000000 é");
    expect(seal.seal("x")).not.toBe(seal.seal("x"));
  });

  it("is opened by every secret that is still listed", () => {
    const before = createKeyring([old]).seal("session").seal("x");
    expect(createKeyring([fresh, old]).seal("session").open(before)).toBe("x");
    expect(createKeyring([fresh]).seal("session").open(before)).toBeUndefined();
    expect(
      createKeyring([old])
        .seal("session")
        .open(createKeyring([fresh, old]).seal("session").seal("x")),
    ).toBeUndefined();
  });

  it("serves one purpose", () => {
    const ring = createKeyring([fresh]);
    expect(ring.seal("continuity").open(ring.seal("session").seal("x"))).toBeUndefined();
  });

  it.each(["", "x", "AAAA", "=".repeat(40), "é", "A".repeat(200), `AQE${"A".repeat(60)}`])(
    "does not open what it never sealed: %j",
    (value) => {
      expect(createKeyring([fresh]).seal("session").open(value)).toBeUndefined();
    },
  );

  it("does not open an altered value, nor one in another spelling", () => {
    const seal = createKeyring([fresh]).seal("session");
    const sealed = seal.seal("x");
    expect(seal.open(`${sealed}=`)).toBeUndefined();
    expect(seal.open(`${sealed} `)).toBeUndefined();
    for (let at = 0; at < sealed.length - 1; at++) {
      const altered = sealed.slice(0, at) + (sealed[at] === "A" ? "B" : "A") + sealed.slice(at + 1);
      expect(seal.open(altered)).toBeUndefined();
    }
  });

  it("is not made of a short secret, or of none", () => {
    expect(() => createKeyring([])).toThrow(RangeError);
    expect(() => createKeyring([fresh, "fifteen-letters"])).toThrow(RangeError);
  });
});
