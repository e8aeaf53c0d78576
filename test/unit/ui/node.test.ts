import { create, fromBinary, toBinary, toJson } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { UiNodeSchema } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { attachMessages } from "../../../src/ui/attach-messages.ts";
import { messages, uiText } from "../../../src/ui/messages.ts";
import { csrfNode, freezeNode, inputNode, nodeId, submitNode, withValue } from "../../../src/ui/node.ts";

const input = (node: ReturnType<typeof inputNode>) =>
  node.attributes?.kind.case === "input" ? node.attributes.kind.value : undefined;

describe("an input element", () => {
  it("is a message like any other on the wire, frozen or not", () => {
    const node = inputNode({
      group: "profile",
      name: "traits.plan",
      type: "text",
      value: "free",
      required: true,
      pattern: "^f",
      autocomplete: "off",
      options: ["free", 2, true],
      label: uiText(messages.title, { title: "Plan", name: "traits.plan" }),
      messages: [uiText(messages.required, { property: "plan" })],
    });
    const wire = toBinary(UiNodeSchema, node);
    expect(toBinary(UiNodeSchema, fromBinary(UiNodeSchema, wire))).toEqual(wire);
    expect(toBinary(UiNodeSchema, create(UiNodeSchema, node))).toEqual(wire);
    expect(toJson(UiNodeSchema, freezeNode(inputNode({ group: "default", name: "x", type: "text" })))).toEqual({
      type: "NODE_TYPE_INPUT",
      group: "default",
      attributes: { input: { name: "x", type: "text" } },
      meta: {},
    });
  });

  it.each([["a"], [""], [0], [15.5], [false], [true]])("holds %j as it is", (value) => {
    const held = input(withValue(freezeNode(inputNode({ group: "profile", name: "x", type: "text" })), value));
    expect(held?.value?.kind.value).toBe(value);
  });

  it("is not changed by being given a value", () => {
    const node = freezeNode(inputNode({ group: "profile", name: "x", type: "text" }));
    withValue(node, "y");
    expect(input(node)?.value).toBeUndefined();
  });

  it("is shared where it never changes", () => {
    const button = submitNode({ group: "password", name: "method", value: "password", label: uiText(messages.save) });
    expect(Object.isFrozen(input(button))).toBe(true);
    expect(csrfNode("")).toBe(csrfNode(""));
    expect(Object.isFrozen(csrfNode("token"))).toBe(false);
  });

  it("gives the anti-CSRF field a value in native flows as well, an empty one", () => {
    expect(input(csrfNode(""))).toMatchObject({ name: "csrf_token", type: "hidden", required: true, disabled: false });
    expect(input(csrfNode(""))?.value?.kind.value).toBe("");
  });
});

describe("attaching texts", () => {
  const form = [
    csrfNode(""),
    freezeNode(inputNode({ group: "profile", name: "a", type: "text" })),
    inputNode({ group: "password", name: "a", type: "text" }),
  ];
  const missing = uiText(messages.required, { property: "a" });
  const short = uiText(messages.tooShort, { min_length: 3, actual_length: 1 });

  it("puts them on the first element of the id, in their order, without changing the shared one", () => {
    const attached = attachMessages(form, [
      { node: "a", text: missing },
      { node: "a", text: short },
    ]);
    expect(attached.map((node) => node.messages.map((text) => text.id))).toEqual([[], [4000002, 4000003], []]);
    expect(form[1]?.messages).toEqual([]);
  });

  it("adds a text input without value for an element that is not there", () => {
    const [added] = attachMessages(form, [{ node: "traits.admin", text: missing }]).slice(form.length);
    expect(added).toMatchObject({ group: "default", messages: [{ id: 4000002 }] });
    expect(added && [nodeId(added), input(added)?.type, input(added)?.value]).toEqual([
      "traits.admin",
      "text",
      undefined,
    ]);
  });

  it("leaves out what is about the form as a whole", () => {
    expect(attachMessages(form, [{ node: "", text: missing }])).toEqual(form);
  });

  it("gives the same form back when there is nothing to say", () => {
    expect(attachMessages(form, [])).toBe(form);
  });
});
