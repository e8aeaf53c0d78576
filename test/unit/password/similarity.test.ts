import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isTooSimilar } from "../../../src/methods/password/similarity.ts";
import "../../setup/seeded.ts";

describe("a password", () => {
  it.each([
    ["hello@example.com", "hello@example.com12345"],
    ["hello@example.com", "123hello@example.com123"],
    ["hello@example.com", "hello@exam"],
    ["hello@example.com", "HELLO@EXAMPLE.COM"],
    ["HELLO@example.com", "hello@example.com"],
    ["hello@exam", "hello@example.com"],
    ["hello@example.com", "h3ll0@example"],
    ["ann@example.com", "ann@example.co"],
    ["same", "same"],
    // Half of the code points, though much less of the bytes.
    ["😀😃😄😁😆😅", "😀😃😄😁abc"],
  ])("is too much like an identifier: %s, %s", (identifier, password) => {
    expect(isTooSimilar(password, identifier)).toBe(true);
  });

  it.each([
    ["abcd", "9d3c8a1b"],
    ["a", "kjOklafe"],
    ["ab", "0000ab0000123"],
    ["d4f6090b-5a84", "d4f6090b-5a84-2184-4404-8d1b-8da3eb00ebbe"],
    ["asdflasdflasdf", "asdflasdflpiuhefnciluaksdzuföfhg"],
    ["ann@example.com", "correct horse battery 7"],
    ["", "anything"],
    // Exactly half is not more than half.
    ["abcdefgh", "abcdefgh12345678"],
  ])("is different enough from an identifier: %s, %s", (identifier, password) => {
    expect(isTooSimilar(password, identifier)).toBe(false);
  });

  it("is not compared beyond 256 bytes, before and after lower case", () => {
    const long = "x".repeat(257);
    expect(isTooSimilar(long, long)).toBe(false);
    expect(isTooSimilar("x".repeat(256), "x".repeat(256))).toBe(true);
    expect(isTooSimilar("é".repeat(129), "é".repeat(129))).toBe(false);
    // Two bytes in upper case, three in lower case.
    expect(isTooSimilar("İ".repeat(128), "İ".repeat(128))).toBe(false);
  });

  it("always has an answer, the same for any case", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", maxLength: 60 }),
        fc.string({ unit: "grapheme-ascii", maxLength: 60 }),
        (identifier, password) => {
          expect(isTooSimilar(password.toUpperCase(), identifier)).toBe(
            isTooSimilar(password.toLowerCase(), identifier),
          );
          if (identifier !== "")
            expect(isTooSimilar(identifier, identifier)).toBe(Buffer.byteLength(identifier) <= 256);
        },
      ),
    );
  });
});
