import { describe, expect, it } from "vitest";
import { createPageOf } from "../../../src/account/owner/list-pages.ts";
import { createKeyring } from "../../../src/lib/keyring.ts";

const pageOf = createPageOf(createKeyring(["a secret of the tests"]).seal("page"));
const of = (entries: readonly string[]) => ({ name: "letters", identityId: "ann", entries, keyOf: (it: string) => it });
const letters = [..."abcdef"];

/** What follows on the first two letters, when the list has become another meanwhile. */
const after = (changed: readonly string[]) => {
  const { nextPageToken: pageToken } = pageOf(of(letters), { pageSize: 2, pageToken: "" });
  return pageOf(of(changed), { pageSize: 2, pageToken }).entries.join("");
};

describe("a page of a list that changed since the page before", () => {
  it.each([
    ["nothing changed", "abcdef", "cd"],
    ["something that was seen is gone", "bcdef", "cd"],
    ["what the page ended with is gone", "acdef", "cd"],
    ["all that was seen is gone", "cdef", "cd"],
    ["what would have come next is gone", "abdef", "de"],
    ["what the page ended with and what would have come next are gone", "adef", "ad"],
    ["something came first", "xabcdef", "cd"],
    ["all is gone", "", ""],
  ])("passes over nothing: %s", (_, changed, expected) => {
    expect(after([...changed])).toBe(expected);
  });
});
