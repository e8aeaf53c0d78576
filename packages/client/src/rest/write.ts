import {
  type DescField,
  type DescMessage,
  type JsonObject,
  type JsonValue,
  type Message,
  ScalarType,
  toJson,
} from "@bufbuild/protobuf";
import { ListValueSchema, type Timestamp, TimestampSchema, type Value, ValueSchema } from "@bufbuild/protobuf/wkt";
import { enumName, memberName, tagOf } from "./names.ts";

type Fields = Readonly<Record<string, unknown>>;

interface Case {
  readonly case?: string;
  readonly value?: unknown;
}

/** Writes a message as REST reads it; what is empty is left out. */
export const writeMessage = (desc: DescMessage, message: Message): JsonObject => {
  const out: JsonObject = {};
  const fields = message as unknown as Fields;
  for (const member of desc.members) {
    if (member.kind === "field") {
      const value = writeField(member, fields[member.localName]);
      if (value !== undefined) out[memberName(member)] = value;
      continue;
    }
    const held = fields[member.localName] as Case | undefined;
    const field = member.fields.find(({ localName }) => localName === held?.case);
    if (field === undefined) continue;
    const tag = tagOf(member);
    const value = writeField(field, held?.value);
    if (tag === undefined) out[memberName(field)] = value ?? null;
    else Object.assign(out, value, { [tag]: field.name });
  }
  return out;
};

/** The JSON of a field; undefined where it is empty. */
export const writeField = (field: DescField, value: unknown): JsonValue | undefined => {
  if (value === undefined || value === null) return undefined;
  if (field.fieldKind === "list") {
    const list = value as readonly unknown[];
    return list.length === 0 ? undefined : list.map((each) => writeElement(field, each));
  }
  if (field.fieldKind === "map")
    return Object.fromEntries(Object.entries(value as object).map(([key, each]) => [key, writeElement(field, each)]));
  if (field.fieldKind !== "message" && isEmpty(value)) return undefined;
  return writeElement(field, value);
};

const isEmpty = (value: unknown): boolean => value === "" || value === 0 || value === 0n || value === false;

const writeElement = (field: DescField, value: unknown): JsonValue => {
  if (field.enum !== undefined) return enumName(field.enum, value as number);
  if (field.message === undefined) {
    if (typeof value === "bigint") return String(value);
    return field.scalar === ScalarType.BYTES
      ? btoa(String.fromCharCode(...(value as Uint8Array)))
      : (value as JsonValue);
  }
  switch (field.message.typeName) {
    case TimestampSchema.typeName:
      return toJson(TimestampSchema, value as Timestamp);
    case "google.protobuf.Struct":
      return value as JsonObject;
    case ValueSchema.typeName:
      return toJson(ValueSchema, value as Value);
    case ListValueSchema.typeName:
      return toJson(ListValueSchema, value as never);
    case "google.protobuf.FieldMask":
      return (value as { readonly paths: readonly string[] }).paths.join(",");
    default:
      return typeof value === "object" ? writeMessage(field.message, value as Message) : (value as JsonValue);
  }
};
