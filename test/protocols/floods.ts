import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/**
 * What a stranger can fill a body with. Each is one that costs more than its bytes if it is built before it is
 * counted.
 */
export interface Filling {
  readonly name: string;
  /** Traits in JSON, about as long as was asked for. */
  readonly traits: (bytes: number) => string;
}

const repeated = (piece: string, bytes: number): string => piece.repeat(Math.max(1, Math.floor(bytes / piece.length)));

const numbered = (bytes: number, make: (at: number) => string): string => {
  const pieces: string[] = [];
  for (let at = 0, size = 0; size < bytes; at++) {
    const piece = make(at);
    pieces.push(piece);
    size += piece.length + 1;
  }
  return pieces.join(",");
};

const deep = (bytes: number, [open, close]: readonly [string, string]): string => {
  const levels = Math.floor(bytes / (open.length + close.length));
  return `${open.repeat(levels)}1${close.repeat(levels)}`;
};

/** Fillings by what there is too much of. */
export const fillings: readonly Filling[] = [
  { name: "empty lists", traits: (bytes) => `{"any":[${repeated("[],", bytes)}[]]}` },
  { name: "empty objects", traits: (bytes) => `{"any":[${repeated("{},", bytes)}{}]}` },
  { name: "different lists", traits: (bytes) => `{"unique":[${numbered(bytes, (at) => `[${at}]`)}]}` },
  { name: "members", traits: (bytes) => `{${numbered(bytes, (at) => `"m${at}":${at}`)}}` },
  { name: "members of the wrong type", traits: (bytes) => `{"tags":[${numbered(bytes, (at) => String(at))}]}` },
  { name: "lists in lists", traits: (bytes) => `{"any":${deep(bytes, ["[", "]"])}}` },
  { name: "objects in objects", traits: (bytes) => `{"any":${deep(bytes, ['{"a":', "}"])}}` },
  { name: "a long text", traits: (bytes) => `{"email":"${repeated("a@", bytes)}"}` },
  { name: "a text that folds", traits: (bytes) => `{"email":"${repeated("\\ufdfa", bytes)}@example.com"}` },
  { name: "long names", traits: (bytes) => `{${numbered(bytes, (at) => `"${"n".repeat(250)}${at}":1`)}}` },
  { name: "one name", traits: (bytes) => `{"${repeated("n", bytes)}":[1,2,3,4,5,6,7,8,9]}` },
  { name: "digits", traits: (bytes) => `{"any":${repeated("9", bytes)}}` },
  // As much as is taken, of what costs most.
  {
    name: "as many different lists as are taken",
    traits: () => `{"unique":[${Array.from({ length: 490 }, (_, at) => `[${at}]`).join(",")}]}`,
  },
  {
    name: "as many long names as are taken",
    traits: () => `{${Array.from({ length: 220 }, (_, at) => `"${"n".repeat(250)}${at}":${at}`).join(",")}}`,
  },
  {
    name: "as many values under long names as are taken",
    traits: () => longPath(24, `[${Array.from({ length: 490 }, (_, at) => at).join(",")}]`),
  },
];

const longPath = (levels: number, inside: string): string =>
  levels === 0 ? inside : `{"${"p".repeat(250)}":${longPath(levels - 1, inside)}}`;

/** How a body is compressed. */
export const encodings = {
  identity: (body: Buffer) => body,
  gzip: (body: Buffer) => gzipSync(body),
  br: (body: Buffer) => brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
} as const satisfies Record<string, (body: Buffer) => Buffer>;

/** The bytes of a field with a length. */
const delimited = (field: number, bytes: Uint8Array): Uint8Array =>
  new BinaryWriter().tag(field, WireType.LengthDelimited).bytes(bytes).finish();

/** Fillings of a message in its binary form. */
export const binaryFillings: readonly {
  readonly name: string;
  readonly make: (flow: string, bytes: number) => Uint8Array;
}[] = [
  {
    name: "unknown fields",
    make: (_, bytes) => repeatedBytes(new BinaryWriter().tag(1_000, WireType.Varint).uint32(1).finish(), bytes),
  },
  { name: "fields that are repeated", make: (flow, bytes) => repeatedBytes(delimited(1, Buffer.from(flow)), bytes) },
  {
    name: "messages that are repeated",
    make: (_, bytes) => repeatedBytes(delimited(2, delimited(3, delimited(1, Buffer.alloc(0)))), bytes),
  },
  { name: "messages in messages", make: (_, bytes) => nestedBytes(Math.min(bytes, 60_000)) },
  {
    name: "groups in groups",
    make: (_, bytes) => repeatedBytes(new BinaryWriter().tag(1_000, WireType.StartGroup).finish(), bytes),
  },
];

const repeatedBytes = (piece: Uint8Array, bytes: number): Uint8Array =>
  Buffer.concat(Array.from({ length: Math.ceil(bytes / piece.length) }, () => piece));

/** A struct in a value in a struct, through every level of free JSON. */
const nestedBytes = (bytes: number): Uint8Array => {
  const heads: Uint8Array[] = [];
  // From the innermost outwards, by their lengths alone: what is inside is copied once, not for every level.
  for (let inside = 0; inside < bytes; )
    for (const field of [2, 1, 5]) {
      const head = new BinaryWriter().tag(field, WireType.LengthDelimited).uint32(inside).finish();
      heads.push(head);
      inside += head.length;
    }
  return Buffer.concat(heads.toReversed());
};
