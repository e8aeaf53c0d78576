import type { DescExtension, DescFile, DescMessage, DescMethod } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";

/** Where everything in a set of proto files is declared. */
export interface SymbolIndex {
  /** By path, `ostiary/ui/v1/ui.proto`. */
  readonly file: (name: string) => DescFile | undefined;
  /** By full name: messages, fields, oneofs, enums and their values, extensions, services, methods. */
  readonly symbol: (name: string) => DescFile | undefined;
  /** The extensions of a message by number; undefined when there is no such message. */
  readonly extensions: (message: string) => ReadonlyMap<number, DescFile> | undefined;
}

/** Indexes files and all that they import; of RPCs, and of services that have any, only those that are shown. */
export const indexSymbols = (roots: readonly DescFile[], isShown: (method: DescMethod) => boolean): SymbolIndex => {
  const files = new Map<string, DescFile>();
  const symbols = new Map<string, DescFile>();
  const extensions = new Map<string, Map<number, DescFile>>();

  const addMessage = (message: DescMessage, file: DescFile) => {
    symbols.set(message.typeName, file);
    if (!extensions.has(message.typeName)) extensions.set(message.typeName, new Map());
    for (const member of [...message.fields, ...message.oneofs])
      symbols.set(`${message.typeName}.${member.name}`, file);
  };
  const addExtension = (extension: DescExtension, file: DescFile) => {
    symbols.set(extension.typeName, file);
    const { typeName } = extension.extendee;
    const known = extensions.get(typeName) ?? new Map<number, DescFile>();
    extensions.set(typeName, known.set(extension.number, file));
  };
  const addType = (type: ReturnType<typeof typesOf>[number], file: DescFile) => {
    if (type.kind === "message") addMessage(type, file);
    else if (type.kind === "extension") addExtension(type, file);
    else if (type.kind !== "service" || type.methods.some(isShown)) symbols.set(type.typeName, file);
    // An enum's values are named beside it, not below it.
    if (type.kind === "enum")
      for (const value of type.values) symbols.set(type.typeName.replace(/[^.]+$/, value.name), file);
    if (type.kind === "service")
      for (const method of type.methods.filter(isShown)) symbols.set(`${type.typeName}.${method.name}`, file);
  };
  const addFile = (file: DescFile) => {
    if (files.has(file.proto.name)) return;
    files.set(file.proto.name, file);
    for (const dependency of file.dependencies) addFile(dependency);
    for (const type of typesOf(file)) addType(type, file);
  };
  for (const root of roots) addFile(root);

  return {
    file: (name) => files.get(name),
    symbol: (name) => symbols.get(name),
    extensions: (message) => extensions.get(message),
  };
};

const typesOf = (file: DescFile) => [...nestedTypes(file)];
