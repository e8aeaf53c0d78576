import type { JsonValue } from "@bufbuild/protobuf";
import type { ErrorObject } from "ajv";
import type { UiText } from "../../gen/ostiary/ui/v1/ui_pb.ts";
import { charactersIn } from "../db/column-sizes.ts";
import { cutText } from "../lib/cut-text.ts";
import { messages, uiText } from "../ui/messages.ts";
import type { FormMessage } from "../ui/stored-message.ts";
import { bounds } from "./bounds.ts";
import type { IdentitySchema } from "./identity-schema.ts";
import { traitName } from "./trait-name.ts";
import { jsonType } from "./trait-shape.ts";

/** Keywords that only say that something inside did not fit. What did not fit has a fault of its own. */
const wrappers = new Set(["anyOf", "oneOf", "if", "propertyNames"]);

/** Faults of one value are reported in this order, as by Ory Kratos; what is not named comes last. */
const ranks = ["type", "const", "enum", "format", "required", "minLength", "maxLength", "pattern"];
const rankOf = (keyword: string): number => {
  const rank = ranks.indexOf(keyword);
  return rank < 0 ? ranks.length : rank;
};

const pathOf = (instancePath: string): string[] =>
  instancePath
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));

/** A value as it stands in a text: JSON, cut short. */
function quoted(value: unknown): string {
  const json = JSON.stringify(value) ?? "";
  return json.length <= 120 ? json : `${cutText(json, 120)}…`;
}

const invalid = (reason: string) => uiText(messages.invalid, { reason });

/** The text for a value that is not of a format. That for e-mail is of the settings flow's documentation. */
export const formatText = (value: unknown, format: string) =>
  format === "tel"
    ? uiText(messages.invalidPhoneNumber, { value: cutText(String(value), 120) })
    : invalid(`${quoted(value)} isn't valid ${quoted(format)}`);

type Translate = (fault: {
  readonly params: Readonly<Record<string, JsonValue>>;
  readonly schema: JsonValue;
  readonly data: JsonValue;
}) => UiText;
const scalar = (value: JsonValue): boolean => value !== null && typeof value !== "object";
const list = (value: JsonValue): JsonValue[] => (Array.isArray(value) ? value : [value]);
const oneOf = (values: readonly JsonValue[]): string =>
  `${values.slice(0, 20).map(quoted).join(", ")}${values.length > 20 ? ", …" : ""}`;

const missing: Translate = ({ params }) => uiText(messages.required, { property: params.missingProperty ?? "" });
const duplicates: Translate = ({ params: { i, j } }) =>
  uiText(messages.duplicateItems, { index_a: Math.min(Number(i), Number(j)), index_b: Math.max(Number(i), Number(j)) });

// biome-ignore format: a table, read by its columns
/**
 * JSON Schema keyword → text (docs/compatibility.md, rule 24). Any other keyword gives 4000001 with ajv's own
 * wording.
 */
const translations: Readonly<Record<string, Translate>> = {
  required:         missing,
  dependencies:     missing,
  type:             ({ schema, data }) =>
    uiText(messages.wrongType, { allowed_types: list(schema), actual_type: jsonType(data) }),
  format:           ({ schema, data }) => formatText(data, schema === "email_loose" ? "email" : String(schema)),
  enum:             ({ schema }) => invalid(`value must be one of ${oneOf(list(schema))}`),
  const:            ({ schema }) =>
    (scalar(schema) ? uiText(messages.notConstant, { expected: schema }) : uiText(messages.notConstantValue)),
  pattern:          ({ schema }) => uiText(messages.patternMismatch, { pattern: schema }),
  minLength:        ({ schema, data }) =>
    uiText(messages.tooShort, { min_length: schema, actual_length: charactersIn(String(data)) }),
  maxLength:        ({ schema, data }) =>
    uiText(messages.tooLong, { max_length: schema, actual_length: charactersIn(String(data)) }),
  minimum:          ({ schema, data }) => uiText(messages.belowMinimum, { minimum: schema, actual: data }),
  exclusiveMinimum: ({ schema, data }) => uiText(messages.notAboveMinimum, { minimum: schema, actual: data }),
  maximum:          ({ schema, data }) => uiText(messages.aboveMaximum, { maximum: schema, actual: data }),
  exclusiveMaximum: ({ schema, data }) => uiText(messages.notBelowMaximum, { maximum: schema, actual: data }),
  multipleOf:       ({ schema, data }) => uiText(messages.notMultipleOf, { base: schema, actual: data }),
  maxItems:         ({ schema, data }) =>
    uiText(messages.tooManyItems, { max_items: schema, actual_items: list(data).length }),
  minItems:         ({ schema, data }) =>
    uiText(messages.tooFewItems, { min_items: schema, actual_items: list(data).length }),
  uniqueItems:      duplicates,
  additionalProperties: ({ params }) =>
    invalid(`${quoted(params.additionalProperty)} is not a property that is known here`),
};

function textOf(fault: ErrorObject): UiText {
  const translate = Object.hasOwn(translations, fault.keyword) ? translations[fault.keyword] : undefined;
  // `verbose` makes ajv tell the schema and the data, both of which are JSON.
  return (
    translate?.({ params: fault.params, schema: fault.schema as JsonValue, data: fault.data as JsonValue }) ??
    invalid(fault.message ?? "is not valid")
  );
}

/** The element that a fault belongs to: the missing or unknown member itself rather than the object around it. */
function nodeOf({ instancePath, params, propertyName }: ErrorObject): string {
  const member: unknown = params.missingProperty ?? params.additionalProperty ?? propertyName;
  const path = pathOf(instancePath);
  return traitName(typeof member === "string" ? [...path, member] : path);
}

/** Whether a fault only repeats what another one says better. */
function isEcho(fault: ErrorObject, faults: readonly ErrorObject[]): boolean {
  if (wrappers.has(fault.keyword) && !Array.isArray(fault.params.passingSchemas)) {
    return faults.some((other) => !wrappers.has(other.keyword) && other.instancePath.startsWith(fault.instancePath));
  }
  // What has the wrong type is not measured as well.
  return (
    fault.keyword !== "type" &&
    faults.some(
      (other) =>
        other.keyword === "type" &&
        other.instancePath === fault.instancePath &&
        other.parentSchema === fault.parentSchema &&
        other.data === fault.data,
    )
  );
}

/** Where a name stands in the order of the schema; what is inside a trait stands where the trait does. */
function placeOf(name: string, places: ReadonlyMap<string, number>): number {
  let part = name;
  for (let depth = 0; part !== "" && depth <= bounds.schemaDepth; depth++) {
    const place = places.get(part);
    if (place !== undefined) return place;
    part = part.slice(0, Math.max(part.lastIndexOf("."), 0));
  }
  return places.size;
}

/** Translates what ajv found into texts for the form's elements, in the order of the schema. */
export function faultMessages(schema: IdentitySchema, found: readonly ErrorObject[]): readonly FormMessage[] {
  const faults = found.slice(0, bounds.reported * 2);
  const places = new Map(schema.orderedKeys.map((name, at) => [name, at] as const));
  const reported = new Set<string>();
  return faults
    .filter((fault) => !isEcho(fault, faults))
    .map((fault) => {
      const node = nodeOf(fault);
      return { node, text: textOf(fault), place: placeOf(node, places), rank: rankOf(fault.keyword) };
    })
    .sort((a, b) => a.place - b.place || a.rank - b.rank)
    .filter(({ node, text }) => {
      const said = JSON.stringify([node, text.id, text.text]);
      return !reported.has(said) && reported.add(said);
    })
    .slice(0, bounds.reported)
    .map(({ node, text }) => ({ node, text }));
}
