import { type JsonObject, toJson } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { type UiNode, UiNodeSchema } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { traitNodes } from "../../../src/schema/nodes.ts";
import { messages, uiText } from "../../../src/ui/messages.ts";
import { nodeId } from "../../../src/ui/node.ts";
import { person, schemaOf } from "./person.ts";

const inputs = (nodes: readonly UiNode[]) =>
  nodes.flatMap((node) => (node.attributes?.kind.case === "input" ? [node.attributes.kind.value] : []));
const values = (nodes: readonly UiNode[]) =>
  Object.fromEntries(
    inputs(nodes).flatMap((input) => (input.value === undefined ? [] : [[input.name, input.value.kind.value]])),
  );

const everything: JsonObject = {
  email: "ann@example.com",
  name: { first: "Ann" },
  age: 42,
  newsletter: false,
  tags: ["b", "a"],
};

describe("the elements of traits", () => {
  it("show a person's traits with their JSON types, lists entry by entry", () => {
    const nodes = traitNodes(person, { group: "profile", values: everything });
    expect(nodes.map(nodeId)).toEqual([...person.orderedKeys, "traits.tags.0", "traits.tags.1"]);
    expect(values(nodes)).toEqual({
      "traits.email": "ann@example.com",
      "traits.name.first": "Ann",
      "traits.age": 42,
      "traits.newsletter": false,
      "traits.tags.0": "b",
      "traits.tags.1": "a",
    });
    expect(new Set(nodes.map((node) => node.group))).toEqual(new Set(["profile"]));
  });

  it("read as recorded", () => {
    const [email, , , age, , plan, , website] = traitNodes(person, {
      group: "default",
      values: { email: "a@b.c", age: 15 },
    }).map((node) => toJson(UiNodeSchema, node));
    const label = (title: string, name: string) => ({
      label: { id: 1070002, text: title, type: "UI_TEXT_TYPE_INFO", context: { title, name } },
    });
    expect(email).toEqual({
      type: "NODE_TYPE_INPUT",
      group: "default",
      attributes: {
        input: { name: "traits.email", type: "email", value: "a@b.c", required: true, autocomplete: "email" },
      },
      meta: label("E-Mail", "traits.email"),
    });
    expect(age).toMatchObject({ attributes: { input: { name: "traits.age", type: "number", value: 15 } } });
    expect(plan).toMatchObject({
      attributes: { input: { options: [{ value: "free" }, { value: "team" }, { value: "company" }] } },
      meta: label("Plan", "traits.plan"),
    });
    expect(website).toMatchObject({ attributes: { input: { type: "url", autocomplete: "url" } }, meta: {} });
  });

  it("show what was sent after an error, and nothing else", () => {
    const nodes = traitNodes(person, {
      group: "profile",
      values: everything,
      submittedValues: { "traits.age": "old", "traits.admin": true, "traits.size": 3, "traits.x": "y" },
    });
    expect(values(nodes)).toEqual({ "traits.age": "old", "traits.admin": true, "traits.size": 3, "traits.x": "y" });
    expect(
      inputs(nodes)
        .slice(-3)
        .map((input) => input.type),
    ).toEqual(["checkbox", "number", "text"]);
  });

  it("show traits that the schema does not know", () => {
    const open = schemaOf({ properties: { a: { type: "object", properties: { b: { type: "string" } } } } });
    const nodes = traitNodes(open, {
      group: "profile",
      values: { a: { b: "1", "c.d": 2 }, e: [{ f: true }], g: null, h: {} },
    });
    expect(values(nodes)).toEqual({ "traits.a.b": "1", "traits.a.c\\.d": 2, "traits.e.0.f": true });
  });

  it("carry the texts about them", () => {
    const wrong = uiText(messages.invalid, { reason: "no" });
    const nodes = traitNodes(person, {
      group: "profile",
      values: {},
      submittedValues: { "traits.admin": 1 },
      messages: [
        { node: "traits.admin", text: wrong },
        { node: "traits.email", text: wrong },
      ],
    });
    expect(nodes.filter((node) => node.messages.length > 0).map((node) => [node.group, nodeId(node)])).toEqual([
      ["profile", "traits.email"],
      ["profile", "traits.admin"],
    ]);
  });

  it("can be hidden, for carrying them through a second step", () => {
    const nodes = traitNodes(person, { group: "default", values: everything, hidden: true });
    expect(new Set(inputs(nodes).map((input) => input.type))).toEqual(new Set(["hidden"]));
  });

  it("are shared and frozen where they have nothing to hold", () => {
    const first = traitNodes(person, { group: "profile", values: { email: "a@b.c" } });
    const second = traitNodes(person, { group: "profile", values: {} });
    expect(first[3]).toBe(second[3]);
    expect(Object.isFrozen(first[3]?.attributes?.kind.value)).toBe(true);
    expect(first[0]).not.toBe(second[0]);
    // The label is the same object, so that its JSON is made once.
    expect(first[0]?.meta).toBe(second[0]?.meta);
    expect(traitNodes(person, { group: "default", values: {} })[3]).not.toBe(first[3]);
  });

  it("require an entry of a required list only where there is none", () => {
    const schema = schemaOf({
      properties: { emails: { type: "array", items: { type: "string" } } },
      required: ["emails"],
    });
    const required = (emails: readonly string[]) =>
      inputs(traitNodes(schema, { group: "profile", values: emails.length === 0 ? {} : { emails: [...emails] } }))
        .filter((input) => input.required)
        .map(({ name }) => name);
    expect(required([])).toEqual(["traits.emails"]);
    expect(required(["ann@example.com"])).toEqual([]);
  });
});
