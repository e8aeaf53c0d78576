import type { JsonObject } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { changesProtected, withoutProtected } from "../../../src/methods/contract/protected-traits.ts";
import { reachableIn, usesWhere } from "../../../src/schema/reachable.ts";
import { validateTraits } from "../../../src/schema/validate.ts";
import { schemaOf } from "./person.ts";

/* Identifiers and addresses stay as they are, whatever is proposed, and everything else is as proposed. */

const uses = (extension: JsonObject): JsonObject => ({ type: "string", "ory.sh/kratos": extension });
const schema = schemaOf({
  properties: {
    email: uses({ credentials: { password: { identifier: true } }, verification: { via: "email" } }),
    nickname: uses({ credentials: { password: { identifier: true } } }),
    contact: {
      type: "object",
      properties: { backup: { ...uses({ recovery: { via: "email" } }), format: "email" }, note: { type: "string" } },
    },
    numbers: { type: "array", items: uses({ credentials: { code: { identifier: true, via: "sms" } } }) },
    kind: { type: "string" },
    tags: { type: "array", items: { type: "string" } },
  },
});
const valid = (traits: JsonObject) => {
  const verdict = validateTraits(schema, traits);
  if (verdict.kind === "invalid") throw new Error(JSON.stringify(verdict.messages));
  return verdict;
};
const before = { email: "ann@a.b", contact: { note: "x" }, numbers: ["+4917612345678"], tags: ["a"] };

describe("of proposed traits", () => {
  it.each<[what: string, proposed: JsonObject, left: JsonObject]>([
    ["an address", { ...before, email: "bob@a.b", tags: ["b"] }, { ...before, tags: ["b"] }],
    ["a user name that is new", { ...before, nickname: "ann", kind: "y" }, { ...before, kind: "y" }],
    [
      "an address that is new within an object",
      { ...before, contact: { note: "y", backup: "eve@a.b" } },
      { ...before, contact: { note: "y" } },
    ],
    ["a number that is added", { ...before, numbers: [...before.numbers, "+4917600000000"] }, before],
    ["a number that is taken away", { ...before, numbers: [] }, before],
    ["nothing", { ...before, kind: "y", tags: [] }, { ...before, kind: "y", tags: [] }],
  ])("%s stays as it was", (what, proposed, left) => {
    expect(changesProtected(schema, before, valid(proposed))).toBe(what !== "nothing");
    expect(withoutProtected(schema, before, proposed)?.traits).toEqual(left);
  });
});

describe("a message can go to", () => {
  const traits = { ...before, nickname: "ann", contact: { backup: "back@a.b" } };

  it("every address once, by its channel, and to no user name", () => {
    expect(reachableIn(valid(traits))).toEqual([
      { via: "email", value: "ann@a.b" },
      { via: "email", value: "back@a.b" },
      { via: "sms", value: "+4917612345678" },
    ]);
  });

  it("what of all that is wanted", () => {
    const { identifiers, verifiable, recovery } = usesWhere(valid(traits), (value) => value.startsWith("ann"));
    expect({ identifiers, verifiable, recovery }).toEqual({
      identifiers: { password: ["ann@a.b", "ann"], code: [] },
      verifiable: [{ via: "email", value: "ann@a.b" }],
      recovery: [],
    });
  });
});
