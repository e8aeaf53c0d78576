/**
 * JSON Schemas of messages, by the rules by which the REST protocol prints and
 * reads them (src/server/rest/rules.md). A message that is both printed and read
 * has two: what may be left out differs.
 */
import {
  type DescEnum,
  type DescField,
  type DescFile,
  type DescMessage,
  type DescOneof,
  getOption,
  ScalarType,
} from "@bufbuild/protobuf";
import { rest } from "../../gen/ostiary/options/v1/options_pb.ts";
import { enumNames, isNavigation, memberName, tagOf } from "../../src/server/rest/names.ts";
import { commentOf, exampleIn, jsonExampleIn, saysUuid } from "./comment.ts";
import { componentName, pascal } from "./names.ts";
import { rulesOf } from "./rules.ts";
import { described, type Json, orNull, refTo, type Schema } from "./schema.ts";

/** Whether a message is printed by the server, or read by it. */
export type Direction = "printed" | "read";

/** Makes schemas, and keeps those that have a name. */
export interface Schemas {
  /** The schema of a field's value, with its comment. */
  readonly ofField: (field: DescField, direction: Direction) => Schema;
  /** The schema of a message: a reference to a component. */
  readonly ofMessage: (message: DescMessage, direction: Direction) => Schema;
  /** Members of a message as an object schema without a name; `only` chooses fields. */
  readonly inline: (message: DescMessage, direction: Direction, only: (field: DescField) => boolean) => Schema;
  /** All components so far, by name. */
  readonly components: () => Readonly<Record<string, Schema>>;
}

interface Members {
  readonly properties: Record<string, Schema>;
  readonly required: string[];
}

const wrappers = new Set([
  "google.protobuf.StringValue",
  "google.protobuf.BoolValue",
  "google.protobuf.BytesValue",
  "google.protobuf.Int32Value",
  "google.protobuf.UInt32Value",
  "google.protobuf.Int64Value",
  "google.protobuf.UInt64Value",
  "google.protobuf.DoubleValue",
  "google.protobuf.FloatValue",
]);

/**
 * The fields whose comments say that they may be null, by their full names. Other
 * messages that are not optional are always set, wrappers apart.
 */
export const nullableFields = (files: readonly DescFile[]): ReadonlySet<string> =>
  new Set(
    files
      .flatMap(({ messages }) => messages.flatMap(({ fields }) => fields))
      .filter((field) => field.fieldKind === "message" && /\bnull\b/i.test(commentOf(field)))
      .map(String),
  );

/** @param mayBeNull the names of fields that print null when they are unset */
export const createSchemas = (mayBeNull: ReadonlySet<string>): Schemas => {
  const components = new Map<string, Schema>();
  const owners = new Map<string, string>();

  const isNullable = (field: DescField): boolean =>
    field.fieldKind === "message" &&
    isAlwaysPrinted(field) &&
    (wrappers.has(field.message.typeName) || mayBeNull.has(String(field)));

  /** Reserves a name, so that types may contain themselves; a name belongs to one type. */
  const component = (name: string, owner: string, make: () => Schema): Schema => {
    const known = owners.get(name);
    if (known !== undefined && known !== owner) throw new Error(`${owner} and ${known} would both be ${name}`);
    if (known === undefined) {
      owners.set(name, owner);
      components.set(name, {});
      components.set(name, make());
    }
    return refTo(name);
  };

  const ofEnum = (desc: DescEnum): Schema =>
    component(componentName(desc), desc.typeName, () => {
      const names = enumNames(desc);
      const values = desc.values.filter(({ number }) => number !== 0);
      const list = values.map((value) => `- \`${names.get(value.number)}\`: ${commentOf(value)}`).join("\n");
      return {
        type: "string",
        description: `${commentOf(desc)}\n\n${list}`,
        enum: values.map(({ number }) => names.get(number) ?? ""),
      };
    });

  const ofMessage = (message: DescMessage, direction: Direction): Schema => {
    const name = direction === "printed" ? componentName(message) : `${componentName(message)}Input`;
    return component(name, `${message.typeName} ${direction}`, () => {
      const tagged = message.oneofs.find((oneof) => tagOf(oneof) !== undefined);
      if (tagged === undefined) return objectOf(fieldsOf(message, direction), commentOf(message));
      return unionOf(name, message, tagged, direction);
    });
  };

  /** A oneof with a tag: one object for each case, told apart by the tag. */
  const unionOf = (name: string, message: DescMessage, oneof: DescOneof, direction: Direction): Schema => {
    const tag = tagOf(oneof) ?? "";
    const mapping: Record<string, string> = {};
    const cases = oneof.fields.map((field) => {
      if (field.message === undefined) throw new Error(`${field}: the cases of a oneof with (tag) must be messages`);
      const shared = fieldsOf(message, direction, (each) => each.oneof !== oneof);
      const own = fieldsOf(field.message, direction);
      const properties = {
        [tag]: { type: "string", const: field.name, description: commentOf(field) },
        ...own.properties,
        ...shared.properties,
      };
      const caseName = `${name}${pascal(field.name)}`;
      mapping[field.name] = `#/components/schemas/${caseName}`;
      return component(caseName, `${message.typeName} ${direction} ${field.name}`, () =>
        objectOf({ properties, required: [tag, ...own.required, ...shared.required] }, commentOf(field)),
      );
    });
    return described({ oneOf: cases, discriminator: { propertyName: tag, mapping } }, commentOf(message));
  };

  const fieldsOf = (
    message: DescMessage,
    direction: Direction,
    only: (field: DescField) => boolean = () => true,
  ): Members => {
    const members: Members = { properties: {}, required: [] };
    for (const field of message.fields) {
      if (!only(field) || (direction === "printed" && isNavigation(field))) continue;
      members.properties[memberName(field)] = ofField(field, direction);
      if (direction === "printed" && isAlwaysPrinted(field)) members.required.push(memberName(field));
    }
    return members;
  };

  const ofField = (field: DescField, direction: Direction): Schema => {
    const comment = commentOf(field);
    if (field.fieldKind === "map")
      return described({ type: "object", additionalProperties: ofElement(field, direction, "") }, comment);
    if (field.fieldKind === "list")
      return described({ type: "array", items: ofElement(field, direction, ""), ...rulesOf(field) }, comment);
    const schema = described({ ...ofElement(field, direction, comment), ...rulesOf(field) }, comment);
    return direction === "printed" && isNullable(field) ? orNull(schema) : schema;
  };

  const ofElement = (field: DescField, direction: Direction, comment: string): Schema => {
    if (field.enum !== undefined) return ofEnum(field.enum);
    if (field.message === undefined) return ofScalar(field.scalar ?? ScalarType.STRING, field, comment);
    return ofWellKnown(field.message, field, comment) ?? ofMessage(field.message, direction);
  };

  return {
    ofField,
    ofMessage,
    inline: (message, direction, only) => objectOf(fieldsOf(message, direction, only), ""),
    components: () => Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
};

const objectOf = ({ properties, required }: Members, description: string): Schema =>
  described({ type: "object", properties, ...(required.length > 0 && { required }) }, description);

/** Whether the member is there whatever the message holds. */
const isAlwaysPrinted = (field: DescField): boolean => {
  if (getOption(field, rest).omitEmpty) return false;
  return (
    field.fieldKind === "list" ||
    field.fieldKind === "map" ||
    (field.oneof === undefined && !field.proto.proto3Optional)
  );
};

const withExample = (schema: Schema, example: Json | undefined): Schema =>
  example === undefined ? schema : { ...schema, examples: [example] };

const ofScalar = (type: ScalarType, field: DescField, comment: string): Schema => {
  switch (type) {
    case ScalarType.STRING: {
      if (saysUuid(comment)) return { type: "string", examples: ["0198f2a4-6a1c-7c3e-9d2b-5f1a7c0e4b21"] };
      return withExample({ type: "string" }, exampleIn(comment)?.replaceAll(/^"|"$/g, ""));
    }
    case ScalarType.BOOL:
      return { type: "boolean" };
    case ScalarType.BYTES:
      return { type: "string", format: "byte" };
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return { type: "number" };
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return getOption(field, rest).number
        ? { type: "integer", format: "int64" }
        : { type: "string", pattern: "^-?\\d+$" };
    default:
      return withExample({ type: "integer", format: "int32" }, numberExample(comment));
  }
};

const numberExample = (comment: string): number | undefined => {
  const [, example] = /for example (\d+)\b/.exec(comment) ?? [];
  return example === undefined ? undefined : Number(example);
};

const ofWellKnown = (message: DescMessage, field: DescField, comment: string): Schema | undefined => {
  switch (message.typeName) {
    case "google.protobuf.Timestamp":
      return { type: "string", format: "date-time", examples: ["2026-01-31T10:00:00.25Z"] };
    case "google.protobuf.FieldMask":
      return withExample({ type: "string" }, exampleIn(comment));
    case "google.protobuf.Struct":
      return withExample({ type: "object", additionalProperties: true }, jsonExampleIn(comment));
    case "google.protobuf.Value":
      return withExample({}, jsonExampleIn(comment));
    case "google.protobuf.ListValue":
      return { type: "array", items: {} };
    case "google.protobuf.Empty":
      return { type: "object" };
    case "google.protobuf.StringValue":
      return ofScalar(ScalarType.STRING, field, comment);
    case "google.protobuf.BoolValue":
      return { type: "boolean" };
    case "google.protobuf.Int32Value":
    case "google.protobuf.UInt32Value":
      return { type: "integer", format: "int32" };
    case "google.protobuf.Int64Value":
    case "google.protobuf.UInt64Value":
      return ofScalar(ScalarType.INT64, field, comment);
    case "google.protobuf.DoubleValue":
    case "google.protobuf.FloatValue":
      return { type: "number" };
    case "google.protobuf.BytesValue":
      return { type: "string", format: "byte" };
    default:
      if (message.typeName.startsWith("google.protobuf."))
        throw new Error(`${field}: ${message.typeName} has no rule yet`);
      return undefined;
  }
};
