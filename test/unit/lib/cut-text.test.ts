import { describe, expect, it } from "vitest";
import { cutText } from "../../../src/lib/cut-text.ts";

describe("a text that is cut", () => {
  it.each([
    ["abc", 3, "abc"],
    ["abcd", 3, "abc"],
    ["ab😀", 3, "ab"],
    ["ab😀", 4, "ab😀"],
    ["😀😀", 1, ""],
  ])("%j to %d is %j", (text, most, cut) => {
    expect(cutText(text, most)).toBe(cut);
    expect(cutText(text, most).isWellFormed()).toBe(true);
  });
});
