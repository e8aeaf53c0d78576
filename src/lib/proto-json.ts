import { fromJson, type JsonValue, toJson } from "@bufbuild/protobuf";
import { type Value, ValueSchema } from "@bufbuild/protobuf/wkt";

/** Makes a google.protobuf.Value of plain JSON. Scalars, the usual case, cost no detour. */
export const jsonValue = (json: JsonValue): Value => {
  switch (typeof json) {
    case "string":
      return { $typeName: "google.protobuf.Value", kind: { case: "stringValue", value: json } };
    case "number":
      return { $typeName: "google.protobuf.Value", kind: { case: "numberValue", value: json } };
    case "boolean":
      return { $typeName: "google.protobuf.Value", kind: { case: "boolValue", value: json } };
    default:
      return fromJson(ValueSchema, json);
  }
};

/** The plain JSON of a google.protobuf.Value. */
export const valueJson = (value: Value): JsonValue => toJson(ValueSchema, value);
