import {
  create,
  type DescField,
  type DescMessage,
  type DescOneof,
  fromJson,
  type JsonObject,
  type JsonValue,
  type Message,
  ScalarType,
} from "@bufbuild/protobuf";
import { isWrapperDesc, ListValueSchema, TimestampSchema, ValueSchema } from "@bufbuild/protobuf/wkt";
import { enumNumber, memberName, tagOf } from "./names.ts";

type Init = Record<string, unknown>;

/** Whether a value is a JSON object. */
export const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Makes a message of REST's JSON. What this release does not know is left out. */
export const readMessage = (desc: DescMessage, json: JsonObject): Message => {
  const init: Init = {};
  for (const member of desc.members) {
    if (member.kind === "oneof") readOneof(member, json, init);
    else readMember(member, json, init);
  }
  return create(desc, init as never);
};

const readOneof = (oneof: DescOneof, json: JsonObject, init: Init): void => {
  const tag = tagOf(oneof);
  for (const field of oneof.fields) {
    const value = tag === undefined ? json[memberName(field)] : json[tag] === field.name ? json : undefined;
    if (value !== undefined && value !== null)
      init[oneof.localName] = { case: field.localName, value: readElement(field, value) };
  }
};

const readMember = (field: DescField, json: JsonObject, init: Init): void => {
  const value = json[memberName(field)];
  if (value === undefined || (value === null && field.message?.typeName !== ValueSchema.typeName)) return;
  init[field.localName] = readField(field, value);
};

/** Makes the value of a field, list and map included. */
export const readField = (field: DescField, value: JsonValue): unknown => {
  if (field.fieldKind === "list") return Array.isArray(value) ? value.map((each) => readElement(field, each)) : [];
  if (field.fieldKind === "map")
    return isObject(value)
      ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, readElement(field, each)]))
      : {};
  return readElement(field, value);
};

const readElement = (field: DescField, value: JsonValue): unknown => {
  if (field.enum !== undefined) return enumNumber(field.enum, value);
  if (field.message === undefined) return readScalar(field.scalar ?? ScalarType.STRING, value);
  return readWellKnown(field.message, value) ?? (isObject(value) ? readMessage(field.message, value) : undefined);
};

const readWellKnown = (message: DescMessage, value: JsonValue): unknown => {
  switch (message.typeName) {
    case TimestampSchema.typeName:
      return fromJson(TimestampSchema, value);
    case "google.protobuf.Struct":
      return isObject(value) ? value : {};
    case ValueSchema.typeName:
      return fromJson(ValueSchema, value);
    case ListValueSchema.typeName:
      return fromJson(ListValueSchema, value);
    case "google.protobuf.FieldMask":
      return { paths: String(value).split(",").filter(Boolean) };
    default:
      return isWrapperDesc(message) ? readScalar(message.fields[0].scalar, value) : undefined;
  }
};

const readScalar = (type: ScalarType, value: JsonValue): unknown => {
  switch (type) {
    case ScalarType.BOOL:
      return value === true;
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return BigInt(String(value));
    case ScalarType.BYTES:
      return Uint8Array.from(atob(String(value)), (character) => character.charCodeAt(0));
    case ScalarType.STRING:
      return String(value);
    default:
      return Number(value);
  }
};
