import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { UiNode } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { readTraits } from "../../../src/schema/form.ts";
import { traitNodes } from "../../../src/schema/nodes.ts";
import { traitName, traitPath } from "../../../src/schema/trait-name.ts";
import { validateTraits } from "../../../src/schema/validate.ts";
import { person, schemaOf } from "./person.ts";
import "../../setup/seeded.ts";

const kinds = schemaOf({
  properties: {
    text: { type: "string" },
    count: { type: "integer" },
    share: { type: "number" },
    yes: { type: "boolean" },
    must: {
      type: "object",
      properties: { yes: { type: "boolean" }, count: { type: "integer" }, text: { type: "string" } },
      required: ["yes", "count", "text"],
    },
    maybe: { type: ["string", "null"] },
    tags: { type: "array", items: { type: "string" } },
    numbers: { type: "array", items: { type: "integer" } },
    flags: { type: "array", items: { type: "boolean" } },
    places: {
      type: "array",
      items: { type: "object", properties: { street: { type: "string" }, number: { type: "integer" } } },
    },
    deep: {
      type: "object",
      properties: { "dotted.name": { type: "object", properties: { "back\\slash": { type: "string" } } } },
    },
    any: {},
  },
});
/** The objects that always exist. */
const empty = { must: {}, deep: { "dotted.name": {} } };
const read = (sent: JsonObject): JsonObject => readTraits(kinds, sent).traits;

describe("traits sent as form fields", () => {
  it.each<[string, JsonObject, JsonObject]>([
    ["unfolds dotted names", { "traits.must.text": "a", "traits.text": "b" }, { text: "b", must: { text: "a" } }],
    [
      "keeps an escaped dot in a name",
      { "traits.deep.dotted\\.name.back\\\\slash": "a" },
      { deep: { "dotted.name": { "back\\slash": "a" } } },
    ],
    ["makes numbers", { "traits.count": "-21", "traits.share": "+1.5e2" }, { count: -21, share: 150 }],
    ["takes numbers and booleans as they are", { "traits.count": 21, "traits.yes": false }, { count: 21, yes: false }],
    [
      "keeps what is no number, so that its type is named",
      { "traits.count": "old", "traits.share": "1e999" },
      { count: "old", share: "1e999" },
    ],
    [
      "does not read other notations as numbers",
      { "traits.count": "0x10", "traits.share": " 1" },
      { count: "0x10", share: " 1" },
    ],
    [
      "makes text of a number or boolean",
      { "traits.text": 5, "traits.must.text": true },
      { text: "5", must: { text: "true" } },
    ],
    ["takes the last of a checkbox", { "traits.yes": ["false", "true"] }, { yes: true }],
    ["takes a checkbox that is off", { "traits.yes": ["false"] }, { yes: false }],
    ["keeps `on`, so that its type is named", { "traits.yes": "on" }, { yes: "on" }],
    [
      "drops what is empty",
      { "traits.text": "", "traits.count": "", "traits.yes": "", "traits.tags": "", "traits.any": "" },
      {},
    ],
    ["drops null", { "traits.text": null, "traits.count": null }, {}],
    [
      "fills in what is empty but required",
      { "traits.must.yes": "", "traits.must.count": "", "traits.must.text": "" },
      { must: { yes: false, count: 0 } },
    ],
    [
      "makes a list of repetition",
      { "traits.tags": ["a", "b"], "traits.numbers": ["1", "2"] },
      { tags: ["a", "b"], numbers: [1, 2] },
    ],
    [
      "makes a list of one value",
      { "traits.tags": "a", "traits.numbers": "1", "traits.flags": "true" },
      { tags: ["a"], numbers: [1], flags: [true] },
    ],
    [
      "makes a list of numbered names, in their order, gaps closed",
      { "traits.tags.10": "c", "traits.tags.2": "b", "traits.tags.0": "a" },
      { tags: ["a", "b", "c"] },
    ],
    [
      "adds to the numbered entries what the list's own field says",
      { "traits.tags": "c", "traits.tags.0": "a", "traits.tags.1": "b" },
      { tags: ["a", "b", "c"] },
    ],
    [
      "leaves out a numbered entry that was emptied",
      { "traits.tags": "", "traits.tags.0": "", "traits.tags.1": "b" },
      { tags: ["b"] },
    ],
    ["keeps an empty list that was sent as one", { "traits.tags": [] }, { tags: [] }],
    [
      "makes a list of objects",
      { "traits.places.0.street": "A", "traits.places.0.number": "1", "traits.places.1.street": "B" },
      { places: [{ street: "A", number: 1 }, { street: "B" }] },
    ],
    [
      "takes an object under a dotted name as it is",
      { "traits.must": { yes: "", count: "1" } },
      { must: { yes: "", count: "1" } },
    ],
    [
      "keeps repetition of what is no list, so that its type is named",
      { "traits.text": ["a", "b"] },
      { text: ["a", "b"] },
    ],
    ["keeps an unknown trait, so that it is named", { "traits.unknown.a": "x" }, { unknown: { a: "x" } }],
    ["reads the type of a choice that includes text as text", { "traits.maybe": "5" }, { maybe: "5" }],
    ["does not let a name open a scalar", { "traits.text": "a", "traits.text.b": "c" }, { text: { b: "c" } }],
    [
      "takes an index that is beyond reason for a name",
      { "traits.tags.99999999999": "a" },
      { tags: { "99999999999": "a" } },
    ],
  ])("%s", (_, sent, expected) => {
    expect(read(sent)).toEqual({ ...empty, ...expected });
  });

  it.each(["1", "t", "T", "TRUE", "true", "True"])("reads %s as true", (spelling) =>
    expect(read({ "traits.yes": spelling }).yes).toBe(true),
  );
  it.each(["0", "f", "F", "FALSE", "false", "False"])("reads %s as false", (spelling) =>
    expect(read({ "traits.yes": spelling }).yes).toBe(false),
  );
});

describe("traits sent as nested JSON", () => {
  it("are taken as they are: nothing is coerced or dropped", () => {
    const sent = {
      text: "",
      count: "5",
      yes: null,
      must: { text: "" },
      tags: "a",
      extra: [{}],
      deep: { "dotted.name": { x: 1 } },
    };
    expect(read(sent)).toEqual(sent);
  });

  it("gain the objects that always exist", () => {
    expect(readTraits(person, { email: "a@b.c" }).traits).toEqual({ email: "a@b.c", name: {} });
    expect(readTraits(person, { name: "x" }).traits).toEqual({ name: "x" });
    expect(readTraits(person, {}).traits).toEqual({ name: {} });
  });

  it("are completed by form fields, which win, and are not changed themselves", () => {
    const sent = {
      must: { text: "a", count: 1 },
      tags: ["x"],
      "traits.must.count": "2",
      "traits.must.yes": "true",
      "traits.tags.1": "y",
      "traits.must.text": "",
    };
    const before = structuredClone(sent);
    expect(read(sent)).toMatchObject({ must: { count: 2, yes: true }, tags: ["x", "y"] });
    expect(sent).toEqual(before);
  });
});

describe("what is shown again after an error", () => {
  it.each<[string, JsonObject, JsonObject]>([
    [
      "values as they were understood",
      { "traits.count": "12", "traits.yes": "true" },
      { "traits.count": 12, "traits.yes": true },
    ],
    [
      "what could not be understood",
      { "traits.count": "old", "traits.yes": "on" },
      { "traits.count": "old", "traits.yes": "on" },
    ],
    ["nothing for what was emptied", { "traits.text": "", "traits.count": null }, {}],
    ["lists entry by entry", { tags: ["a", "b"] }, { "traits.tags.0": "a", "traits.tags.1": "b" }],
    ["unknown traits", { admin: true, "a.b": { c: 1 } }, { "traits.admin": true, "traits.a\\.b.c": 1 }],
  ])("is %s", (_, sent, submittedValues) => {
    expect(readTraits(kinds, sent).submittedValues).toEqual(submittedValues);
  });

  it("is bounded", () => {
    const sent = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`traits.x${at}`, "y"]));
    expect(Object.keys(readTraits(kinds, { ...sent, "traits.text": "a" }).submittedValues).length).toBe(1_001);
  });
});

describe("names that act on objects", () => {
  it.each<[string, JsonObject]>([
    [
      "dotted",
      {
        "traits.__proto__.polluted": "x",
        "traits.constructor.prototype.polluted": "x",
        "traits.must.__proto__.polluted": "x",
        "traits.tags.__proto__": "x",
      },
    ],
    [
      "nested",
      JSON.parse(
        '{"__proto__": {"polluted": "x"}, "must": {"__proto__": {"polluted": "x"}}, "constructor": ' +
          '{"prototype": {"polluted": "x"}}}',
      ),
    ],
    [
      "mixed",
      JSON.parse('{"__proto__": {"a": 1}, "traits.__proto__.polluted": "x", "traits.__proto__": {"polluted": "x"}}'),
    ],
  ])("touch no prototype and do not pass the check: %s", (_, sent) => {
    const { traits } = readTraits(kinds, sent);
    expect(Object.getPrototypeOf(traits)).toBe(Object.prototype);
    expect(Object.getPrototypeOf(traits.must)).toBe(Object.prototype);
    expect({}).not.toHaveProperty("polluted");
    expect([]).not.toHaveProperty("polluted");
    expect(validateTraits(kinds, traits).kind).toBe("invalid");
  });

  it("does not build a tower out of a long name", () => {
    const name = `traits.${"a.".repeat(500_000)}a`;
    expect(Object.keys(read({ [name]: "x" }))).toContain(name.slice("traits.".length));
  });
});

describe("for anything at all", () => {
  const step = fc.oneof(
    fc.constantFrom(
      "text",
      "must",
      "yes",
      "tags",
      "0",
      "1",
      "places",
      "street",
      "__proto__",
      "constructor",
      "prototype",
      "dotted\\.name",
      "",
      "\\",
    ),
    fc.string(),
  );
  const name = fc.oneof(
    fc.array(step, { maxLength: 6 }).map((steps) => `traits.${steps.join(".")}`),
    fc.string(),
    fc.constantFrom("traits", "traits.", "__proto__", "constructor"),
  );
  const anything = fc
    .array(fc.tuple(name, fc.jsonValue() as fc.Arbitrary<JsonValue>), { maxLength: 12 })
    .map((members): JsonObject => {
      const sent: JsonObject = {};
      for (const [key, value] of members)
        Object.defineProperty(sent, key, { value, enumerable: true, configurable: true, writable: true });
      return sent;
    });

  it("reading never throws, changes no prototype and not what was sent, and ends in a verdict and a form", () => {
    const members = Object.getOwnPropertyNames(Object.prototype).join();
    fc.assert(
      fc.property(anything, fc.constantFrom(kinds, person), (sent, schema) => {
        const before = JSON.stringify(sent);
        const { traits, submittedValues } = readTraits(schema, sent);
        expect(["valid", "invalid"]).toContain(validateTraits(schema, traits).kind);
        expect(traitNodes(schema, { group: "profile", values: {}, submittedValues }).length).toBeGreaterThan(0);
        expect(JSON.stringify(sent)).toBe(before);
        expect(Object.getOwnPropertyNames(Object.prototype).join()).toBe(members);
      }),
      { numRuns: 500 },
    );
  });

  it("a name reads back as the path it was written from", () => {
    const path = fc.array(fc.oneof(fc.string(), fc.constantFrom(".", "\\", "\\.", "a.b")), { minLength: 1 });
    fc.assert(
      fc.property(path, (steps) => {
        expect(traitPath(traitName(steps))).toEqual(steps);
      }),
    );
  });
});

/** What a browser sends for a form whose elements nobody touched: each name with its value, as text. */
function posted(nodes: readonly UiNode[]): JsonObject {
  return Object.fromEntries(
    nodes.map((node) => {
      const kind = node.attributes?.kind;
      if (kind?.case !== "input") throw new Error("traits are inputs");
      return [kind.value.name, String(kind.value.value?.kind.value ?? "")];
    }),
  );
}

describe("a form posted back as it was rendered", () => {
  const text = fc.string({ minLength: 1, unit: "grapheme" });
  const integer = fc.integer();
  const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value || 0);
  const optional = { requiredKeys: [] as [] };
  const list = <T>(item: fc.Arbitrary<T>) => fc.array(item, { minLength: 1, maxLength: 12 });
  const traits = fc.record(
    {
      text,
      count: integer,
      share: number,
      yes: fc.boolean(),
      must: fc.record({ yes: fc.boolean(), count: integer, text }, { requiredKeys: ["yes", "count", "text"] }),
      maybe: text,
      tags: list(text),
      numbers: list(integer),
      flags: list(fc.boolean()),
      places: list(fc.record({ street: text, number: integer })),
      deep: fc.record({ "dotted.name": fc.record({ "back\\slash": text }) }),
    },
    optional,
  );

  it("leaves the traits as they were", () => {
    fc.assert(
      fc.property(traits, (values) => {
        const nodes = traitNodes(kinds, { group: "profile", values: values as JsonObject });
        const back = readTraits(kinds, posted(nodes)).traits;
        // Without a value, a required field of an object that is not there is filled in as empty.
        const filled = { deep: { "dotted.name": {} }, must: { yes: false, count: 0 }, ...values };
        expect(back).toEqual(filled);
      }),
    );
  });
});
