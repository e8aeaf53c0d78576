import { globSync } from "node:fs";
import path from "node:path";
import {
  create,
  createFileRegistry,
  type DescField,
  type DescMessage,
  type DescService,
  getOption,
  type Message,
  type MessageInitShape,
  ScalarType,
  setExtension,
} from "@bufbuild/protobuf";
import { pathToString, reflect } from "@bufbuild/protobuf/reflect";
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldOptionsSchema,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import { createValidator } from "@bufbuild/protovalidate";
import { describe, expect, it } from "vitest";
import { type FieldRules, FieldRulesSchema, field as fieldOption } from "../../../gen/buf/validate/validate_pb.ts";
import { ServiceError } from "../../../src/errors/service-error.ts";
import { compileFieldRules } from "../../../src/server/field-rules.ts";

/* The annotations of the protos mean what the library that reads all of them says. */

const root = path.resolve(import.meta.dirname, "../../..");
const modules = await Promise.all(
  globSync("gen/ostiary/**/*_service_pb.ts", { cwd: root })
    .sort()
    .map((file) => import(path.join(root, file)) as Promise<Readonly<Record<string, unknown>>>),
);
const services = modules
  .flatMap((module) => Object.values(module))
  .filter((one): one is DescService => (one as { readonly kind?: string } | null)?.kind === "service");
const requests = [...new Set(services.flatMap(({ methods }) => methods.map(({ input }) => input)))];

const validator = createValidator({ failFast: true });
const said = (desc: DescMessage, message: Message): string | undefined => {
  const result = validator.validate(desc, message as never);
  if (result.kind === "error") throw result.error;
  const [violation] = result.violations ?? [];
  if (violation === undefined) return undefined;
  const at = pathToString(violation.field).replaceAll(/\["?|"?\]/g, ".");
  return `The field ${at.replace(/\.$/, "").replaceAll("..", ".")} ${violation.message}.`;
};
const ours = (rule: (message: Message) => void, message: Message): string | undefined => {
  try {
    rule(message);
    return undefined;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return error.parts.explain;
  }
};

const uuid = "01a21f2d-f9d2-7bc7-ad22-7a7bbb451698";
/** Lengths and numbers on both sides of each bound that the annotations of a field name. */
const bounds = (rules: FieldRules): readonly number[] => {
  const named = JSON.stringify(rules, (_, value) => (typeof value === "bigint" ? Number(value) : value)).match(/\d+/g);
  return [...new Set([0, 1, 2, ...(named ?? []).map(Number).flatMap((bound) => [bound - 1, bound, bound + 1])])].filter(
    (bound) => bound < 70_000,
  );
};

const textsOf = (rules: FieldRules, lengths: readonly number[]): readonly string[] => [
  ...lengths.filter((length) => length >= 0).flatMap((length) => ["x".repeat(length), "𝑎".repeat(length)]),
  ...[uuid, uuid.toUpperCase(), `${uuid}0`, uuid.replace("-", ""), `${uuid}\n`],
  ...(JSON.stringify(rules, (_, value) => (typeof value === "bigint" ? 0 : value)).match(/[a-z_]+/g) ?? []),
];

/** Values of a field on its own, or of one of its entries. */
const valuesOf = (field: DescField): readonly unknown[] => {
  const rules = getOption(field, fieldOption);
  const lengths = bounds(rules);
  if (field.message)
    return [create(field.message), ...(isOurs(field.message) ? variantsOf(field.message).slice(0, 400) : [])];
  if (field.enum) return [...field.enum.values.map(({ number }) => number), 99, -1];
  switch (field.scalar) {
    case ScalarType.STRING:
      return textsOf(rules, lengths);
    case ScalarType.BYTES:
      return lengths.filter((length) => length >= 0).map((length) => new Uint8Array(length));
    case ScalarType.INT32:
    case ScalarType.UINT32:
      return field.scalar === ScalarType.INT32 ? [-1, ...lengths] : lengths.filter((number) => number >= 0);
    default:
      return [];
  }
};

const isOurs = ({ typeName }: DescMessage): boolean => typeName.startsWith("ostiary.");

/** Messages of a type with one field that is not as it was made: every field, with everything that may be in it. */
const variantsOf = (desc: DescMessage): readonly Message[] =>
  desc.fields.flatMap((field) => {
    const raw = valuesOf(field);
    if (field.fieldKind === "list") {
      const lengths = bounds(getOption(field, fieldOption)).filter((length) => length >= 0 && length <= 1_001);
      const lists = [
        ...raw.map((value) => [value]),
        ...raw.slice(0, 30).map((value) => [raw[1], value]),
        ...lengths.map((length) => Array.from({ length }, () => raw[1])),
      ];
      return lists.map((list) => Object.assign(create(desc), { [field.localName]: list }));
    }
    if (field.fieldKind === "map") return [];
    return raw.map((value) => {
      const message = create(desc);
      const given = field.message ? reflect(field.message, value as Message) : value;
      reflect(desc, message).set(field, given as never);
      return message;
    });
  });

describe("the rules of fields", () => {
  it("are compiled once for all servers of a process", () => {
    for (const desc of requests) expect(compileFieldRules(desc)).toBe(compileFieldRules(desc));
  });

  it.each(requests.map((desc) => [desc.typeName, desc] as const))("are those of the annotations: %s", (_, desc) => {
    const rule = compileFieldRules(desc);
    const variants = [create(desc), ...variantsOf(desc)];
    const different = variants.flatMap((message) => {
      const [own, theirs] = [ours(rule, message), said(desc, message)];
      return own === theirs ? [] : [{ own, theirs }];
    });
    expect(different).toEqual([]);
  });

  it("are compared where they are broken as well, and in every type that has some", () => {
    const broken = requests.filter((desc) => variantsOf(desc).some((message) => said(desc, message) !== undefined));
    const annotated = requests.filter((desc) => desc.fields.some((field) => hasRules(field)));
    expect(broken.length).toBeGreaterThan(50);
    expect(annotated.filter((desc) => !broken.includes(desc)).map(({ typeName }) => typeName)).toEqual([]);
  });
});

const hasRules = (field: DescField): boolean => getOption(field, fieldOption).type.case !== undefined;

describe("an annotation that the server does not know", () => {
  /** A type with one field that has these rules. */
  const withRules = (type: NonNullable<MessageInitShape<typeof FieldRulesSchema>["type"]>): DescMessage => {
    const options = create(FieldOptionsSchema);
    setExtension(options, fieldOption, create(FieldRulesSchema, { type }));
    const file = create(FileDescriptorProtoSchema, {
      name: "made.proto",
      package: "made",
      syntax: "proto3",
      messageType: [
        {
          name: "Made",
          field: [
            {
              name: "text",
              number: 1,
              type: FieldDescriptorProto_Type.STRING,
              label: FieldDescriptorProto_Label.OPTIONAL,
            },
          ],
        },
      ],
    });
    Object.assign(file.messageType[0]?.field[0] ?? {}, { options });
    const desc = createFileRegistry(file, () => undefined).getMessage("made.Made");
    if (desc === undefined) throw new Error("it was not made");
    return desc;
  };

  it("keeps it from starting", () => {
    const known = withRules({ case: "string", value: { maxLen: 1n } });
    const unknown = withRules({ case: "string", value: { maxLen: 1n, pattern: "^x$" } });
    expect(ours(compileFieldRules(known), create(known, { text: "xx" } as never))).toContain("at most 1 characters");
    expect(() => compileFieldRules(unknown)).toThrow(/made\.Made\.text: the rule pattern is not known/);
  });
});
