import { readFileSync } from "node:fs";
import { createFileRegistry, type DescFile, type DescMethod, type DescService, fromBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/* The protos as `make generate` keeps them for reflection: with their comments. */

const set = fromBinary(FileDescriptorSetSchema, readFileSync(new URL("../../gen/protos.binpb", import.meta.url)));
const registry = createFileRegistry(set);
const isOurs = ({ name }: FileDescriptorProto): boolean => name.startsWith("ostiary/");

/** Every file of ours. */
export const protoFiles: readonly DescFile[] = [...registry.files].filter(({ proto }) => isOurs(proto));

/** Every service of ours. */
export const protoServices: readonly DescService[] = protoFiles.flatMap(({ services }) => services);

/** Every RPC of ours. */
export const protoMethods: readonly DescMethod[] = protoServices.flatMap(({ methods }) => methods);

/** What a part of a file's descriptor is: the path to it by field numbers and indices, as SourceCodeInfo has it. */
type Path = readonly number[];

const key = (path: Path): string => path.join(".");

/** The comments of a file, by path. */
export const commentsOf = ({ proto }: DescFile): ReadonlyMap<string, string> =>
  new Map(
    (proto.sourceCodeInfo?.location ?? []).map(({ path, leadingComments }) => [key(path), leadingComments.trim()]),
  );

/** What needs a comment: its full name, and where its comment stands. */
export interface Commented {
  readonly kind: "message" | "field" | "oneof" | "enum" | "enum value" | "extension" | "service" | "rpc";
  readonly name: string;
  readonly comment: string;
}

/** Everything that is declared in a file. */
export const declarationsIn = (file: DescFile): Commented[] => {
  const comments = commentsOf(file);
  const found: Commented[] = [];
  const add = (kind: Commented["kind"], name: string, path: Path) =>
    found.push({ kind, name, comment: comments.get(key(path)) ?? "" });
  const addMessage = (message: FileDescriptorProto["messageType"][number], scope: string, path: Path) => {
    const name = `${scope}.${message.name}`;
    if (message.options?.mapEntry) return;
    add("message", name, path);
    for (const [index, field] of message.field.entries()) add("field", `${name}.${field.name}`, [...path, 2, index]);
    for (const [index, nested] of message.nestedType.entries()) addMessage(nested, name, [...path, 3, index]);
    for (const [index, each] of message.enumType.entries()) addEnum(each, name, [...path, 4, index]);
  };
  const addEnum = (each: FileDescriptorProto["enumType"][number], scope: string, path: Path) => {
    add("enum", `${scope}.${each.name}`, path);
    for (const [index, value] of each.value.entries()) add("enum value", `${scope}.${value.name}`, [...path, 2, index]);
  };
  const { proto } = file;
  for (const [index, message] of proto.messageType.entries()) addMessage(message, proto.package, [4, index]);
  for (const [index, each] of proto.enumType.entries()) addEnum(each, proto.package, [5, index]);
  for (const [index, service] of proto.service.entries()) {
    add("service", `${proto.package}.${service.name}`, [6, index]);
    for (const [at, method] of service.method.entries())
      add("rpc", `${proto.package}.${service.name}/${method.name}`, [6, index, 2, at]);
  }
  for (const [index, extension] of proto.extension.entries())
    add("extension", `${proto.package}.${extension.name}`, [7, index]);
  return found;
};
