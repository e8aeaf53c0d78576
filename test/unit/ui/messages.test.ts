import { create, toBinary, toJson } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { UiTextSchema, UiTextType } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { messages, uiText } from "../../../src/ui/messages.ts";

describe("the texts of a form", () => {
  it.each([
    ["saved, as the seed prints it", uiText(messages.saved), 1050001, "Your changes have been saved!", UiTextType.INFO],
    ["the label of a password", uiText(messages.password), 1070001, "Password", UiTextType.INFO],
    ["the label of a button", uiText(messages.save), 1070003, "Save", UiTextType.INFO],
    ["a title", uiText(messages.title, { title: "E-Mail", name: "traits.email" }), 1070002, "E-Mail", UiTextType.INFO],
    [
      "a length",
      uiText(messages.tooShort, { min_length: 1, actual_length: 0 }),
      4000003,
      "length must be >= 1, but got 0",
      UiTextType.ERROR,
    ],
    [
      "a reason",
      uiText(messages.invalid, { reason: '"notanemail" isn\'t valid "email"' }),
      4000001,
      '"notanemail" isn\'t valid "email"',
      UiTextType.ERROR,
    ],
    [
      "a list",
      uiText(messages.wrongType, { allowed_types: ["string", "null"], actual_type: "number" }),
      4000026,
      "must be of type string or null, but got number",
      UiTextType.ERROR,
    ],
  ])("is worded: %s", (_, text, id, wording, type) => {
    expect([text.id, text.text, text.type]).toEqual([id, wording, type]);
  });

  it("carries its context for translation, and none when there is none", () => {
    expect(uiText(messages.required, { property: "email" }).context).toEqual({ property: "email" });
    expect(uiText(messages.save).context).toBeUndefined();
  });

  it("is one frozen message where it never changes", () => {
    expect(uiText(messages.save)).toBe(uiText(messages.save));
    expect(Object.isFrozen(uiText(messages.save))).toBe(true);
  });

  it("does not put a placeholder of a value into the text", () => {
    expect(uiText(messages.invalid, { reason: "{reason} {constructor}" }).text).toBe("{reason} {constructor}");
  });

  it("is a message like any other on the wire", () => {
    const text = uiText(messages.belowMinimum, { minimum: 18, actual: 3 });
    const made = create(UiTextSchema, {
      id: 4000018,
      text: "must be >= 18, but got 3",
      type: UiTextType.ERROR,
      context: { minimum: 18, actual: 3 },
    });
    expect(toBinary(UiTextSchema, text)).toEqual(toBinary(UiTextSchema, made));
    expect(toJson(UiTextSchema, text)).toEqual(toJson(UiTextSchema, made));
  });

  it("names every context key in its row and every placeholder in its context", () => {
    for (const row of Object.values(messages)) {
      const keys: readonly string[] = row.context;
      for (const [, key = ""] of row.text.matchAll(/\{(\w+)\}/g)) expect(keys, String(row.id)).toContain(key);
    }
  });
});
