import {
  create,
  type DescEnum,
  type DescMessage,
  fromJson,
  type JsonObject,
  type JsonValue,
  ScalarType,
} from "@bufbuild/protobuf";
import { FieldMaskSchema, ListValueSchema, TimestampSchema, ValueSchema } from "@bufbuild/protobuf/wkt";
import { isObject } from "../../lib/json-object.ts";
import { enumNames } from "./names.ts";
import { unusable } from "./request-member.ts";

/** Reads one value that was sent, which is neither null nor empty. @throws INVALID_FIELD, naming the path */
export type Read = (value: Exclude<JsonValue, null>, path: string) => unknown;

const truths = new Map([
  ...["1", "t", "T", "TRUE", "true", "True"].map((text) => [text, true] as const),
  ...["0", "f", "F", "FALSE", "false", "False"].map((text) => [text, false] as const),
]);

/** The boolean that was sent; undefined when it is none. */
export const truth = (value: JsonValue | undefined): boolean | undefined => {
  if (typeof value === "boolean") return value;
  // An object may bring a toString of its own, which is no function.
  return typeof value === "object" ? undefined : truths.get(String(value));
};

const wholeNumber = /^[+-]?\d{1,20}$/;
const decimalNumber = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

const string: Read = (value, path) => {
  // A number stands for its digits, as long as it has kept them.
  if (typeof value === "object" || (typeof value === "number" && !Number.isSafeInteger(value)))
    throw unusable(path, "a text", value);
  return String(value);
};

const bool: Read = (value, path) => {
  const read = truth(value);
  if (read === undefined || typeof value === "object") throw unusable(path, "true or false", value);
  return read;
};

const integer =
  (least: bigint, most: bigint, read: (whole: bigint) => unknown): Read =>
  (value, path) => {
    const text = typeof value === "number" && Number.isInteger(value) ? BigInt(value).toString() : value;
    if (typeof text !== "string" || !wholeNumber.test(text)) throw unusable(path, "a whole number", value);
    const whole = BigInt(text.replace(/^\+/, ""));
    if (whole < least || whole > most) throw unusable(path, `a whole number from ${least} to ${most}`, value);
    return read(whole);
  };

const decimal: Read = (value, path) => {
  const number = typeof value === "string" && decimalNumber.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !Number.isFinite(number)) throw unusable(path, "a number", value);
  return number;
};

const bytes: Read = (value, path) => {
  if (typeof value !== "string" || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(value)) throw unusable(path, "base64", value);
  return new Uint8Array(Buffer.from(value, "base64"));
};

/** How scalars of a type are read. */
export const readScalar = (type: ScalarType): Read => {
  switch (type) {
    case ScalarType.STRING:
      return string;
    case ScalarType.BOOL:
      return bool;
    case ScalarType.BYTES:
      return bytes;
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return decimal;
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return integer(-(2n ** 31n), 2n ** 31n - 1n, Number);
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return integer(0n, 2n ** 32n - 1n, Number);
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return integer(0n, 2n ** 64n - 1n, (whole) => whole);
    default:
      return integer(-(2n ** 63n), 2n ** 63n - 1n, (whole) => whole);
  }
};

/** Enums are read as they are printed. */
export const readEnum = (desc: DescEnum): Read => {
  const numbers = new Map([...enumNames(desc)].map(([number, name]) => [name, number]));
  return (value, path) => {
    const number = typeof value === "string" ? numbers.get(value) : undefined;
    if (number === undefined) throw unusable(path, `one of ${[...numbers.keys()].slice(1).join(", ")}`, value);
    return number;
  };
};

const timestamp: Read = (value, path) => {
  try {
    return fromJson(TimestampSchema, value);
  } catch {
    throw unusable(path, "a time as RFC 3339 writes it", value);
  }
};

const fieldMask: Read = (value, path) => {
  const paths = Array.isArray(value) ? value : typeof value === "string" ? value.split(",") : undefined;
  if (paths === undefined || !paths.every((each) => typeof each === "string"))
    throw unusable(path, "field paths", value);
  return create(FieldMaskSchema, { paths: paths.map((each) => each.trim()).filter((each) => each !== "") });
};

const list: Read = (value, path) => {
  if (!Array.isArray(value)) throw unusable(path, "a list", value);
  return fromJson(ListValueSchema, value);
};

const wrapped = new Map([
  ["google.protobuf.StringValue", ScalarType.STRING],
  ["google.protobuf.BoolValue", ScalarType.BOOL],
  ["google.protobuf.Int32Value", ScalarType.INT32],
  ["google.protobuf.Int64Value", ScalarType.INT64],
  ["google.protobuf.DoubleValue", ScalarType.DOUBLE],
]);

/** Types of google.protobuf that are read from a single value; undefined for any other. */
export const readWellKnown = (desc: DescMessage): Read | undefined => {
  const wrapper = wrapped.get(desc.typeName);
  if (wrapper !== undefined) return readScalar(wrapper);
  switch (desc.typeName) {
    case "google.protobuf.Timestamp":
      return timestamp;
    case "google.protobuf.FieldMask":
      return fieldMask;
    case "google.protobuf.Value":
      return (value) => fromJson(ValueSchema, value);
    case "google.protobuf.ListValue":
      return list;
    default:
      return undefined;
  }
};

/** An object as it was sent, for a Struct. */
export const readObject = (value: Exclude<JsonValue, null>, path: string): JsonObject => {
  if (!isObject(value)) throw unusable(path, "an object", value);
  return value;
};
