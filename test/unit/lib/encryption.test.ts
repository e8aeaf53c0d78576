import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CipherAlgorithm, createCipher } from "../../../src/lib/encryption.ts";

const old = "0123456789abcdef0123456789abcdef";
const fresh = "fedcba9876543210fedcba9876543210";
const text = Buffer.from("a parked change");

describe.each(["aes", "xchacha20-poly1305"] as const)("encryption with %s", (algorithm: CipherAlgorithm) => {
  const cipher = createCipher({ algorithm, keys: [fresh, old] });

  it("gives back what it was given, and shows none of it", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), (plain, associated) => {
        const sealed = cipher.encrypt(plain, associated);
        expect(cipher.decrypt(sealed, associated)).toEqual(Buffer.from(plain));
        if (plain.length > 8) expect(sealed.includes(Buffer.from(plain))).toBe(false);
      }),
    );
    expect(cipher.encrypt(text)).not.toEqual(cipher.encrypt(text));
  });

  it("opens under nothing but what it was bound to", () => {
    const sealed = cipher.encrypt(text, "session|identity|flow|password");
    expect(cipher.decrypt(sealed, "session|identity|flow|profile")).toBeUndefined();
    expect(cipher.decrypt(sealed)).toBeUndefined();
  });

  it("notices any altered, missing or added byte", () => {
    const sealed = cipher.encrypt(text, "a");
    for (let at = 0; at < sealed.length; at++) {
      const altered = Buffer.from(sealed);
      altered[at] = (altered[at] ?? 0) ^ 1;
      expect(cipher.decrypt(altered, "a")).toBeUndefined();
      expect(cipher.decrypt(sealed.subarray(0, at), "a")).toBeUndefined();
    }
    expect(cipher.decrypt(Buffer.concat([sealed, Buffer.from([0])]), "a")).toBeUndefined();
  });

  it("reads under every key and writes under the first", () => {
    const before = createCipher({ algorithm, keys: [old] });
    const after = createCipher({ algorithm, keys: [fresh] });
    expect(cipher.decrypt(before.encrypt(text))).toEqual(text);
    expect(after.decrypt(cipher.encrypt(text))).toEqual(text);
    expect(after.decrypt(before.encrypt(text))).toBeUndefined();
  });

  it("reads what another algorithm wrote, but not what none wrote", () => {
    const other = createCipher({ algorithm: algorithm === "aes" ? "xchacha20-poly1305" : "aes", keys: [old] });
    const none = createCipher({ algorithm: "noop", keys: [old] });
    expect(cipher.decrypt(other.encrypt(text, "a"), "a")).toEqual(text);
    expect(none.decrypt(cipher.encrypt(text, "a"), "a")).toBeUndefined();
    expect(none.decrypt(createCipher({ algorithm, keys: [old] }).encrypt(text, "a"), "a")).toEqual(text);
    expect(cipher.decrypt(none.encrypt(text))).toBeUndefined();
  });

  it("needs a key", () => {
    expect(() => createCipher({ algorithm, keys: [] })).toThrow(RangeError);
  });
});

describe("noop", () => {
  it("leaves data readable and reads it back without any key", () => {
    const none = createCipher({ algorithm: "noop", keys: [] });
    expect(none.encrypt(text).includes(text)).toBe(true);
    expect(none.decrypt(none.encrypt(text, "a"), "b")).toEqual(text);
    expect(none.decrypt(Buffer.alloc(0))).toBeUndefined();
    expect(none.decrypt(Buffer.from("anything else"))).toBeUndefined();
  });
});
