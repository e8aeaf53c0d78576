import { type DescEnum, type DescField, type DescMessage, ScalarType, toJson } from "@bufbuild/protobuf";
import {
  type FieldMask,
  type ListValue,
  ListValueSchema,
  type Struct,
  StructSchema,
  type Timestamp,
  type Value,
  ValueSchema,
} from "@bufbuild/protobuf/wkt";
import { rest } from "../../../gen/ostiary/options/v1/options_pb.ts";
import { optionOf } from "../option-of.ts";
import { numeral, writeTime } from "./json-text.ts";
import { type JsonWriter, type Piece, piece } from "./json-writer.ts";
import { enumNames } from "./names.ts";

/** Writes a value as JSON. */
export type Write = (value: unknown, out: JsonWriter) => void;

const yes = piece("true");
const no = piece("false");
const nothing = piece("null");

/** Writes an enum value by name; a number the enum does not know as it is. */
const writeEnum = (desc: DescEnum): Write => {
  const names = new Map<number, Piece>([...enumNames(desc)].map(([number, name]) => [number, piece(`"${name}"`)]));
  return (value, out) => {
    const name = names.get(value as number);
    if (name === undefined) out.text(numeral(value as number));
    else out.piece(name);
  };
};

const writeString: Write = (value, out) => out.string(value as string);

const writeBool: Write = (value, out) => out.piece(value ? yes : no);

/** Writes a scalar of a type; a 64-bit integer as a string, unless it is wanted as a number. */
const writeScalar = (type: ScalarType, asNumber: boolean): Write => {
  switch (type) {
    case ScalarType.STRING:
      return writeString;
    case ScalarType.BOOL:
      return writeBool;
    case ScalarType.BYTES:
      return (value, out) => out.string(Buffer.from(value as Uint8Array).toString("base64"));
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return asNumber ? (value, out) => out.text(String(value)) : (value, out) => out.text(`"${value}"`);
    default:
      return (value, out) => out.text(numeral(value as number));
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

/** Writes the types of google.protobuf that have a JSON form of their own; undefined for any other. */
const writeWellKnown = (field: DescField, message: DescMessage): Write | undefined => {
  // Generated code unwraps a singular field; in lists and oneofs the message stays.
  const plain = field.fieldKind === "message" && field.oneof === undefined;
  const wrapper = wrapped.get(message.typeName);
  if (wrapper !== undefined) {
    const write = writeScalar(wrapper, optionOf(field, rest).number);
    return plain ? write : (value, out) => write((value as { readonly value: unknown }).value, out);
  }
  switch (message.typeName) {
    case "google.protobuf.Timestamp":
      return (value, out) => writeTime(value as Timestamp, out);
    case "google.protobuf.FieldMask":
      return (value, out) => out.string((value as FieldMask).paths.join(","));
    case "google.protobuf.Struct":
      return plain
        ? (value, out) => out.text(JSON.stringify(value))
        : (value, out) => out.text(JSON.stringify(toJson(StructSchema, value as Struct)));
    case "google.protobuf.ListValue":
      return (value, out) => out.text(JSON.stringify(toJson(ListValueSchema, value as ListValue)));
    case "google.protobuf.Value":
      return (value, out) => writeJsonValue(value as Value, out);
    default:
      return undefined;
  }
};

const writeJsonValue = (value: Value, out: JsonWriter): void => {
  switch (value.kind.case) {
    case "stringValue":
      out.string(value.kind.value);
      break;
    case "numberValue":
      out.text(numeral(value.kind.value));
      break;
    case "boolValue":
      writeBool(value.kind.value, out);
      break;
    case "structValue":
    case "listValue":
      out.text(JSON.stringify(toJson(ValueSchema, value)));
      break;
    default:
      out.piece(nothing);
  }
};

/** How single values of a field are written that have no members; undefined for a message of its own. */
export const writeLeaf = (field: DescField): Write | undefined => {
  if (field.enum !== undefined) return writeEnum(field.enum);
  if (field.message !== undefined) return writeWellKnown(field, field.message);
  return writeScalar(field.scalar ?? ScalarType.STRING, optionOf(field, rest).number);
};
