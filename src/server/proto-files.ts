import { readFileSync } from "node:fs";
import { fromBinary } from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";

/** The protos as `buf build` reads them, with their comments: generated code has none at run time. */
const image = new URL("../../gen/protos.binpb", import.meta.url);

/** The protos with their comments. */
export interface ProtoFiles {
  /** By path, `ostiary/ui/v1/ui.proto`. @throws Error when there is none */
  readonly read: (name: string) => FileDescriptorProto;
}

/** Creates the reader. The image is read when it is first asked for: most servers never are. */
export const createProtoFiles = (): ProtoFiles => {
  let files: ReadonlyMap<string, Uint8Array> | undefined;
  return {
    read: (name) => {
      files ??= split(readFileSync(image));
      const file = files.get(name);
      if (file === undefined) throw new Error(`${name} is not in ${image.pathname}: make generate`);
      return fromBinary(FileDescriptorProtoSchema, file);
    },
  };
};

/** `file` of google.protobuf.FileDescriptorSet, and `name` of FileDescriptorProto. */
const first = 1;

/** Takes a FileDescriptorSet apart without decoding what is in it. */
const split = (set: Uint8Array): ReadonlyMap<string, Uint8Array> => {
  const files = new Map<string, Uint8Array>();
  for (const file of typesOf(set)) {
    const [name] = typesOf(file);
    files.set(Buffer.from(name ?? new Uint8Array()).toString("utf8"), file);
  }
  return files;
};

/** The values of a message's first field, which are texts or messages. */
function* typesOf(message: Uint8Array): Generator<Uint8Array> {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (number === first) yield reader.bytes();
    else reader.skip(wireType, number);
  }
}
