import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normaliseEmail, normaliseIdentifier, spellingsOf } from "../../../src/schema/normalise.ts";
import { isPhoneNumber, phoneNumber } from "../../../src/schema/phone-number.ts";
import "../../setup/seeded.ts";

describe("identifiers", () => {
  it("are looked up as they are stored, and as they were typed, with and without spaces around them", () => {
    expect(spellingsOf(" Ann@Example.com ")).toEqual(["ann@example.com", " Ann@Example.com ", "Ann@Example.com"]);
    expect(spellingsOf("ann@example.com")).toEqual(["ann@example.com"]);
  });

  it.each([
    ["Ann@Example.COM", "ann@example.com"],
    ["  ann  ", "ann"],
    ["Ａｎｎ＠ｅｘａｍｐｌｅ．ｃｏｍ", "ann@example.com"],
    ["an\u200Bn\u00AD@x.org\u2060", "ann@x.org"],
    ["a\u0000n\nn", "ann"],
    ["\u202Eann", "ann"],
    ["ÄNN", "änn"],
    ["A\u0308nn", "änn"],
    ["ﬁona", "fiona"],
    ["TITLE", "title"],
    ["+49 176 42000001", "+4917642000001"],
    ["＋４９ (176) 420-000/01", "+4917642000001"],
    ["0176 42000001", "0176 42000001"],
    ["+ann", "+ann"],
    ["+1", "+1"],
    ["", ""],
  ])("of %j are kept as %j", (value, stored) => {
    expect(normaliseIdentifier(value)).toBe(stored);
  });

  it("are the same when normalised twice, and never throw", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" })), (value) => {
        expect(normaliseIdentifier(normaliseIdentifier(value))).toBe(normaliseIdentifier(value));
        expect(normaliseEmail(normaliseEmail(value))).toBe(normaliseEmail(value));
      }),
      { numRuns: 2000, interruptAfterTimeLimit: 5_000 },
    );
  });

  it("do not become phone numbers as e-mail addresses", () => {
    expect(normaliseEmail("+49 176 42000001")).toBe("+49 176 42000001");
  });
});

describe("phone numbers", () => {
  it.each([
    ["+49 176 42000001", "+4917642000001"],
    ["+1 (202) 555-0143", "+12025550143"],
    ["+41446681800", "+41446681800"],
    ["49 176 42000001", undefined],
    ["call +49 176 42000001", undefined],
    ["+49", undefined],
    ["+999 12345678", undefined],
    ["+", undefined],
    [`+${"1".repeat(100_000)}`, undefined],
  ])("of %j in E.164 are %s", (value, expected) => {
    expect(phoneNumber(value)).toBe(expected);
    expect(isPhoneNumber(value)).toBe(expected !== undefined);
  });
});
