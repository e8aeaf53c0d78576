import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { UiNode } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { valueJson } from "../../../src/lib/proto-json.ts";
import { readTraits } from "../../../src/schema/form.ts";
import { compileIdentitySchema, type IdentitySchema } from "../../../src/schema/identity-schema.ts";
import { traitNodes } from "../../../src/schema/nodes.ts";
import { documentOf } from "./person.ts";
import "../../setup/seeded.ts";

/*
 * A settings form that is saved as it was rendered changes nothing, whatever
 * the traits are and whatever the schema says of them: generated, with another
 * seed at each run, which a failure prints.
 */

/* --- what a browser makes of a form ---------------------------------------- */

/** HTML has no U+0000, and text fields no line breaks. */
const inHtml = (value: JsonValue): string =>
  (typeof value === "string" ? value : JSON.stringify(value)).replaceAll("\0", "\ufffd");
const crlf = (text: string): string => text.replaceAll(/\r\n?|\n/g, "\r\n");

/** The entries of one element, as the hosted pages render it. */
const entriesOf = (node: UiNode): readonly (readonly [string, string])[] => {
  if (node.attributes?.kind.case !== "input") return [];
  const { name, type, value, options, required } = node.attributes.kind.value;
  const current = value === undefined ? undefined : valueJson(value);
  if (type === "checkbox") {
    // A box for what is not there says nothing unless it is ticked.
    if (current === undefined && !required) return [];
    return [[name, "false"], ...(current === true || current === "true" ? ([[name, "true"]] as const) : [])];
  }
  const text = current === undefined || current === null ? "" : inHtml(current);
  // A select has the value of its option, whatever is in it.
  if (options.length > 0) return [[name, crlf(text)]];
  const line = text.replaceAll(/[\r\n]/g, "");
  return [[name, type === "email" || type === "url" ? line.trim() : line]];
};

/** What the server gets: names with line breaks as forms have them, and a list for what is sent several times. */
const asForm = (nodes: readonly UiNode[]): JsonObject => {
  const sent: JsonObject = {};
  for (const [raw, value] of nodes.flatMap(entriesOf)) {
    const name = crlf(raw.replaceAll("\0", "\ufffd"));
    const before = sent[name];
    sent[name] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value];
  }
  return sent;
};

/** What a page sends that keeps the types of the nodes. */
const asJson = (nodes: readonly UiNode[]): JsonObject =>
  Object.fromEntries(
    nodes.flatMap((node): [string, JsonValue][] => {
      if (node.attributes?.kind.case !== "input") return [];
      const { name, value } = node.attributes.kind.value;
      return value === undefined ? [] : [[name, valueJson(value)]];
    }),
  );

/* --- traits, and schemas that they fit -------------------------------------- */

const name = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom("a", "b", "name", "first", "tags", "0", "1", "00", "-1", "toString", "valueOf"),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom("a.b", "a\\b", ".", "\\", "", "a\\.b", "*", "a[0]", "traits.", "é 漢😀", "a\nb", "a b"),
  },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 8 }).filter((text) => !/[\0\r]/.test(text)) },
);
const text = fc.oneof(
  fc.constantFrom(
    "",
    " ",
    "true",
    "false",
    "on",
    "0",
    "1",
    "5",
    "1e3",
    "-0",
    "null",
    "[]",
    "{}",
    "a\nb",
    "a\r\nb",
    " x ",
    "\0",
    '<&">',
  ),
  fc.string({ unit: "grapheme", maxLength: 20 }),
);
const scalar: fc.Arbitrary<JsonValue> = fc.oneof(
  text,
  fc.boolean(),
  fc.constant(null),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
);
const { value: anything } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", maxDepth: 4 },
    scalar,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(scalar, { maxLength: 4 }),
    fc.dictionary(name, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
const traits = fc
  .dictionary(name, anything, { maxKeys: 6, noNullPrototype: true })
  .filter(
    (value) => !Object.keys(value).some((key) => key === "__proto__" || key.startsWith("traits.")),
  ) as fc.Arbitrary<JsonObject>;

const typeOf = (value: JsonValue): string => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value);

/** A schema that a value fits, as exact as `choices` say: they are used up one by one. */
const schemaFor = (value: JsonValue, choices: () => number, depth = 0): JsonObject => {
  const own = typeOf(value);
  switch (choices() % 6) {
    case 0:
      return {};
    case 1:
      return { type: [own, "string"].filter((type, at, all) => all.indexOf(type) === at) };
    case 2:
      return { type: ["string", "null", "boolean", "number", "array", "object"] };
    case 3:
      return { enum: [value, "another"] };
    default:
      return exactly(value, own, choices, depth);
  }
};

const exactly = (value: JsonValue, own: string, choices: () => number, depth: number): JsonObject => {
  if (own === "array") {
    const entries = value as JsonValue[];
    if (entries.length > 0 && choices() % 3 === 0)
      return { type: own, items: entries.map((entry) => schemaFor(entry, choices, depth + 1)) };
    return {
      type: own,
      items: entries.length > 0 && choices() % 2 === 0 ? { type: [...new Set(entries.map(typeOf))] } : {},
    };
  }
  if (own !== "object") return { type: own, ...(choices() % 4 === 0 && { const: value }) };
  const members = Object.entries(value as JsonObject).map(([key, member]): [string, JsonValue] => [
    key,
    member ?? null,
  ]);
  const known = members.filter(() => choices() % 3 > 0);
  const absent: [string, JsonValue][] = [
    ["absent", { type: ["string", "boolean", "number", "integer", "array", "object"][choices() % 6] ?? "string" }],
    ["hollow", { type: "object", properties: { inside: { type: "boolean" }, name: { type: "string" } } }],
  ];
  return {
    type: "object",
    properties: Object.fromEntries([
      ...absent.filter(([key]) => choices() % 2 === 0 && !Object.hasOwn(value as JsonObject, key)),
      ...known.map(([key, member]): [string, JsonValue] => [key, schemaFor(member, choices, depth + 1)]),
    ]),
    required: known.filter(() => choices() % 3 === 0).map(([key]) => key),
  };
};

const generated = fc.tuple(traits, fc.infiniteStream(fc.nat({ max: 1_000 }))).map(([others, stream]) => {
  // A form has a field at least.
  const value: JsonObject = { ...others, email: "ann@example.com" };
  const choices = () => stream.next().value as number;
  const schema = exactly(value, "object", choices, 0);
  schema.properties = { ...(schema.properties as JsonObject), email: { type: "string", format: "email" } };
  const compiled = compileIdentitySchema({ id: "g", json: documentOf(schema), publicUrl: "http://127.0.0.1/" });
  return { value, schema: compiled };
});
const fitting = generated.filter(({ value, schema }) => schema.check({ traits: value }) === true);

const check = (act: (value: JsonObject, schema: IdentitySchema) => JsonObject) =>
  fc.assert(
    fc.property(fitting, ({ value, schema }) => {
      const before = structuredClone(value);
      expect(act(value, schema)).toEqual(before);
      expect(value).toEqual(before);
    }),
    { numRuns: 400, interruptAfterTimeLimit: 5_000 },
  );

describe("traits that are saved as they were rendered", () => {
  it("by a browser's form are the same", () => {
    check((current, schema) => {
      const nodes = traitNodes(schema, { group: "profile", values: current });
      return readTraits(schema, asForm(nodes), { current }).traits;
    });
  });

  it("by a page that sends the nodes' values are the same", () => {
    check((current, schema) => {
      const nodes = traitNodes(schema, { group: "profile", values: current });
      return readTraits(schema, asJson(nodes), { current }).traits;
    });
  });

  it("whole, as JSON, are the same", () => {
    check((current, schema) => readTraits(schema, structuredClone(current), { current }).traits);
  });
});
