import { createRegistry, type DescFile, getExtension, type Registry } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  type FieldDescriptorProto,
  FieldOptionsSchema,
  type FileDescriptorProto,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";

/*
 * Writes a proto2 file as text from its descriptor, for a package that brings
 * the descriptor and not the file. Comments are lost; everything else stays.
 */

/** The source text of a file. @throws Error for what proto2 files of libraries do not contain, such as services */
export const printProto = (file: DescFile): string => {
  const { proto } = file;
  if (!["", "proto2"].includes(proto.syntax) || proto.service.length > 0)
    throw new Error(`${proto.name} is not a proto2 file of messages`);
  const registry = createRegistry(file, ...file.dependencies);
  return [
    'syntax = "proto2";',
    `package ${proto.package};`,
    ...proto.dependency.map((name) => `import "${name}";`),
    ...fileOptions(proto),
    ...proto.enumType.map(printEnum),
    ...proto.messageType.map((message) => printMessage(message, registry)),
    ...printExtensions(proto.extension, registry),
    "",
  ].join("\n");
};

const fileOptions = ({ options }: FileDescriptorProto): string[] =>
  (["goPackage", "javaPackage", "javaOuterClassname"] as const)
    .filter((name) => options?.[name])
    .map(
      (name) =>
        `option ${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)} = ` +
        `${JSON.stringify(options?.[name])};`,
    )
    .concat(options?.javaMultipleFiles ? ["option java_multiple_files = true;"] : []);

/** The last number of a reserved range counts in an enum, and does not in a message. */
const printEnum = ({ name, value, reservedRange, reservedName }: EnumDescriptorProto): string =>
  block(`enum ${name}`, [
    ...value.map((each) => `${each.name} = ${each.number};`),
    ...reservedRange.map(({ start, end }) => `reserved ${start} to ${end};`),
    ...reservedName.map((reserved) => `reserved "${reserved}";`),
  ]);

const printMessage = (message: DescriptorProto, registry: Registry): string => {
  const outside = message.field.filter((field) => !Object.hasOwn(field, "oneofIndex"));
  return block(`message ${message.name}`, [
    ...message.enumType.map(printEnum),
    ...message.nestedType.map((nested) => printMessage(nested, registry)),
    ...message.oneofDecl.map((oneof, index) =>
      block(
        `oneof ${oneof.name}`,
        message.field
          .filter((field) => !outside.includes(field) && field.oneofIndex === index)
          .map((field) => printField(field, "", registry)),
      ),
    ),
    ...outside.map((field) => printField(field, labels[field.label], registry)),
    ...message.reservedRange.map(({ start, end }) => `reserved ${start} to ${end - 1};`),
    ...message.reservedName.map((name) => `reserved "${name}";`),
    ...message.extensionRange.map(
      ({ start, end }) => `extensions ${start} to ${end - 1 === maxTag ? "max" : end - 1};`,
    ),
    ...printExtensions(message.extension, registry),
  ]);
};

const printExtensions = (extensions: readonly FieldDescriptorProto[], registry: Registry): string[] =>
  extensions.map((field) => block(`extend ${field.extendee}`, [printField(field, labels[field.label], registry)]));

const maxTag = 536_870_911;

const labels: Readonly<Record<Label, string>> = {
  [Label.OPTIONAL]: "optional ",
  [Label.REQUIRED]: "required ",
  [Label.REPEATED]: "repeated ",
};

const printField = (field: FieldDescriptorProto, label: string, registry: Registry): string => {
  if (field.type === Type.GROUP) throw new Error(`${field.name} is a group`);
  const type = field.typeName === "" ? Type[field.type].toLowerCase() : field.typeName;
  const options = [
    ...(field.options?.deprecated ? ["deprecated = true"] : []),
    ...(field.options?.$unknown ?? []).map(({ no }) => printOption(field, no, registry)),
  ];
  return `${label}${type} ${field.name} = ${field.number}${options.length === 0 ? "" : ` [${options.join(", ")}]`};`;
};

/** An extension of FieldOptions, which is a message, in text format. */
const printOption = ({ options }: FieldDescriptorProto, number: number, registry: Registry): string => {
  const extension = registry.getExtensionFor(FieldOptionsSchema, number);
  if (extension?.message === undefined || options === undefined) throw new Error(`there is no option ${number}`);
  const value = getExtension(options, extension) as Parameters<typeof reflect>[1];
  return `(${extension.typeName}) = { ${printText(reflect(extension.message, value))} }`;
};

/** A message in text format, as far as option values need it: texts, and messages of them. */
const printText = (message: ReflectMessage): string =>
  message.desc.fields
    .filter((field) => message.isSet(field))
    .flatMap((field) => {
      const value: unknown = message.get(field);
      const items: unknown[] = field.fieldKind === "list" ? [...(value as Iterable<unknown>)] : [value];
      return items.map((item) => {
        if (typeof item === "string") return `${field.name}: ${JSON.stringify(item)}`;
        if (field.message) return `${field.name} { ${printText(item as ReflectMessage)} }`;
        throw new Error(`${field.name} is neither a text nor a message`);
      });
    })
    .join(" ");

const block = (head: string, lines: readonly string[]): string =>
  `${head} {\n${lines.map((line) => line.replace(/^/gm, "  ")).join("\n")}\n}`;
