import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AeadAlgorithm, createAead } from "../../../src/lib/aead.ts";
import "../../setup/seeded.ts";

const old = "0123456789abcdef0123456789abcdef";
const fresh = "fedcba9876543210fedcba9876543210";
const text = Buffer.from("a parked change");

describe.each(["aes", "xchacha20-poly1305"] as const)("encryption with %s", (algorithm: AeadAlgorithm) => {
  const aead = createAead({ algorithm, keys: [fresh, old] });

  it("gives back what it was given, and shows none of it", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), (plain, associated) => {
        const sealed = aead.encrypt(plain, associated);
        expect(aead.decrypt(sealed, associated)).toEqual(Buffer.from(plain));
        if (plain.length > 8) expect(sealed.includes(Buffer.from(plain))).toBe(false);
      }),
    );
    expect(aead.encrypt(text)).not.toEqual(aead.encrypt(text));
  });

  it("opens under nothing but what it was bound to", () => {
    const sealed = aead.encrypt(text, "session|identity|flow|password");
    expect(aead.decrypt(sealed, "session|identity|flow|profile")).toBeUndefined();
    expect(aead.decrypt(sealed)).toBeUndefined();
  });

  it("notices any altered, missing or added byte", () => {
    const sealed = aead.encrypt(text, "a");
    for (let at = 0; at < sealed.length; at++) {
      const altered = Buffer.from(sealed);
      altered[at] = (altered[at] ?? 0) ^ 1;
      expect(aead.decrypt(altered, "a")).toBeUndefined();
      expect(aead.decrypt(sealed.subarray(0, at), "a")).toBeUndefined();
    }
    expect(aead.decrypt(Buffer.concat([sealed, Buffer.from([0])]), "a")).toBeUndefined();
  });

  it("reads under every key and writes under the first", () => {
    const before = createAead({ algorithm, keys: [old] });
    const after = createAead({ algorithm, keys: [fresh] });
    expect(aead.decrypt(before.encrypt(text))).toEqual(text);
    expect(after.decrypt(aead.encrypt(text))).toEqual(text);
    expect(after.decrypt(before.encrypt(text))).toBeUndefined();
  });

  it("reads what another algorithm wrote, but not what none wrote", () => {
    const other = createAead({ algorithm: algorithm === "aes" ? "xchacha20-poly1305" : "aes", keys: [old] });
    const none = createAead({ algorithm: "noop", keys: [old] });
    expect(aead.decrypt(other.encrypt(text, "a"), "a")).toEqual(text);
    expect(none.decrypt(aead.encrypt(text, "a"), "a")).toBeUndefined();
    expect(none.decrypt(createAead({ algorithm, keys: [old] }).encrypt(text, "a"), "a")).toEqual(text);
    expect(aead.decrypt(none.encrypt(text))).toBeUndefined();
  });

  it("needs a key", () => {
    expect(() => createAead({ algorithm, keys: [] })).toThrow(RangeError);
  });
});

describe("noop", () => {
  it("leaves data readable and reads it back without any key", () => {
    const none = createAead({ algorithm: "noop", keys: [] });
    expect(none.encrypt(text).includes(text)).toBe(true);
    expect(none.decrypt(none.encrypt(text, "a"), "b")).toEqual(text);
    expect(none.decrypt(Buffer.alloc(0))).toBeUndefined();
    expect(none.decrypt(Buffer.from("anything else"))).toBeUndefined();
  });
});
