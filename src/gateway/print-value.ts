import { type DescEnum, type DescField, type DescMessage, getOption, ScalarType, toJson } from "@bufbuild/protobuf";
import { type FieldMask, type ListValue, ListValueSchema, type Struct, StructSchema, type Timestamp, type Value, ValueSchema } from "@bufbuild/protobuf/wkt";
import { rest } from "../../gen/ostiary/options/v1/options_pb.ts";
import { numeral, quoted, rfc3339 } from "./json-text.ts";
import { enumNames } from "./names.ts";

/** Prints a value as JSON text. */
export type Print = (value: unknown) => string;

/** Prints an enum value by name; a number the enum does not know prints as it is. */
export const enumeral = (desc: DescEnum): Print => {
  const names = new Map([...enumNames(desc)].map(([number, name]) => [number, quoted(name)]));
  return (value) => names.get(value as number) ?? numeral(value as number);
};

/** Prints a scalar of a type; a 64-bit integer as a string, unless it is wanted as a number. */
export const scalar = (type: ScalarType, asNumber: boolean): Print => {
  switch (type) {
    case ScalarType.STRING:
      return (value) => quoted(value as string);
    case ScalarType.BOOL:
      return (value) => (value ? "true" : "false");
    case ScalarType.BYTES:
      return (value) => quoted(Buffer.from(value as Uint8Array).toString("base64"));
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return asNumber ? String : (value) => `"${value}"`;
    default:
      return (value) => numeral(value as number);
  }
};

const wrapped = new Map([
  ["google.protobuf.StringValue", ScalarType.STRING],
  ["google.protobuf.BoolValue", ScalarType.BOOL],
  ["google.protobuf.BytesValue", ScalarType.BYTES],
  ["google.protobuf.Int32Value", ScalarType.INT32],
  ["google.protobuf.UInt32Value", ScalarType.UINT32],
  ["google.protobuf.Int64Value", ScalarType.INT64],
  ["google.protobuf.UInt64Value", ScalarType.UINT64],
  ["google.protobuf.DoubleValue", ScalarType.DOUBLE],
  ["google.protobuf.FloatValue", ScalarType.FLOAT],
]);

/** Prints the types of google.protobuf that have a JSON form of their own; undefined for any other. */
export const wellKnown = (field: DescField, message: DescMessage): Print | undefined => {
  // Generated code unwraps a singular field; in lists and oneofs the message stays.
  const plain = field.fieldKind === "message" && field.oneof === undefined;
  const wrapper = wrapped.get(message.typeName);
  if (wrapper !== undefined) {
    const print = scalar(wrapper, getOption(field, rest).number);
    return plain ? print : (value) => print((value as { readonly value: unknown }).value);
  }
  switch (message.typeName) {
    case "google.protobuf.Timestamp":
      return (value) => `"${rfc3339(value as Timestamp)}"`;
    case "google.protobuf.FieldMask":
      return (value) => quoted((value as FieldMask).paths.join(","));
    case "google.protobuf.Struct":
      return plain ? (value) => JSON.stringify(value) : (value) => JSON.stringify(toJson(StructSchema, value as Struct));
    case "google.protobuf.ListValue":
      return (value) => JSON.stringify(toJson(ListValueSchema, value as ListValue));
    case "google.protobuf.Value":
      return (value) => printValue(value as Value);
    default:
      return undefined;
  }
};

const printValue = (value: Value): string => {
  switch (value.kind.case) {
    case "stringValue":
      return quoted(value.kind.value);
    case "numberValue":
      return numeral(value.kind.value);
    case "boolValue":
      return value.kind.value ? "true" : "false";
    case "structValue":
    case "listValue":
      return JSON.stringify(toJson(ValueSchema, value));
    default:
      return "null";
  }
};
