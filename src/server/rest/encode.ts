/**
 * Prints messages as JSON text, by the rules of rules.md. A printer is compiled
 * once per message type from its descriptor; it writes text at once, with no
 * object in between. It knows fields and options, never a particular message.
 */
import { type DescField, type DescMessage, type DescOneof, ScalarType } from "@bufbuild/protobuf";
import { rest } from "../../../gen/ostiary/options/v1/options_pb.ts";
import { optionOf } from "../option-of.ts";
import { createJsonWriter, type JsonWriter, type Piece, piece } from "./json-writer.ts";
import { isNavigation, memberName, tagOf } from "./names.ts";
import { type Write, writeLeaf } from "./write-value.ts";

/** Prints a value as JSON text. */
export type Print = (value: unknown) => string;

/** Compiles printers, each type once. */
export interface Printers {
  /** How messages of a type print: as a JSON object. */
  readonly of: (desc: DescMessage) => Print;
  /** How the values of one field print, without their name; for `response_body`. */
  readonly ofField: (field: DescField) => Print;
}

type Fields = Readonly<Record<string, unknown>>;

/** How one message type is written. */
interface Writer {
  readonly object: Write;
  /** Its members, each with a comma before it, without the braces. */
  readonly members: Write;
}

/** Creates the printers, which share compiled types and the text of frozen messages. */
export const createPrinters = (): Printers => {
  const compiled = new Map<DescMessage, Writer>();
  // The text of frozen messages, which are shared between requests.
  const stored = new WeakMap<object, Piece>();
  const out = createJsonWriter();

  const print =
    (write: Write): Print =>
    (value) => {
      out.start();
      write(value, out);
      return out.finish();
    };

  const writerOf = (desc: DescMessage): Writer => {
    const known = compiled.get(desc);
    if (known !== undefined) return known;
    const parts: Write[] = [];
    const members: Write = (message) => {
      for (const part of parts) part(message, out);
    };
    // Types may contain themselves: the writer is registered before its fields are compiled.
    const writer = { object: keeping(stored, braced(members)), members };
    compiled.set(desc, writer);
    for (const member of desc.members) {
      if (member.kind === "oneof") parts.push(oneofPart(member));
      else if (!isNavigation(member)) parts.push(fieldPart(member));
    }
    return writer;
  };

  /** Writes `,"name":value`, or nothing where the field is left out. */
  const fieldPart = (field: DescField): Write => {
    const { localName } = field;
    const name = nameOf(field);
    const write = writeField(field);
    const omitEmpty = optionOf(field, rest).omitEmpty;
    const empty = omitEmpty ? emptiness(field) : undefined;
    const whenUnset = omitEmpty ? undefined : unset(field);
    const unsetMember = whenUnset === undefined ? undefined : piece(`${nameText(field)}${whenUnset}`);
    return (message) => {
      const value = (message as Fields)[localName];
      if (value === undefined || value === null) {
        if (unsetMember !== undefined) out.piece(unsetMember);
      } else if (empty === undefined || !empty(value)) {
        out.piece(name);
        write(value, out);
      }
    };
  };

  /** A oneof prints its case as a member, or, with a tag, the case's own members and the tag. */
  const oneofPart = (oneof: DescOneof): Write => {
    const tag = tagOf(oneof);
    const cases = new Map<string, Write>();
    for (const field of oneof.fields) {
      if (!isNavigation(field)) cases.set(field.localName, tag === undefined ? named(field) : inlined(field, tag));
    }
    return (message) => {
      const held = (message as Fields)[oneof.localName] as
        | { readonly case?: string; readonly value?: unknown }
        | undefined;
      if (held?.case !== undefined) cases.get(held.case)?.(held.value, out);
    };
  };

  const inlined = (field: DescField, tag: string): Write => {
    if (field.message === undefined) throw new Error(`${field}: the cases of a oneof with (tag) must be messages`);
    const { members } = writerOf(field.message);
    const tagMember = piece(`,"${tag}":"${field.name}"`);
    return (value) => {
      members(value, out);
      out.piece(tagMember);
    };
  };

  const named = (field: DescField): Write => {
    const name = nameOf(field);
    const write = writeField(field);
    return (value) => {
      out.piece(name);
      write(value, out);
    };
  };

  const writeField = (field: DescField): Write => {
    if (field.fieldKind === "list") return list(writeElement(field));
    if (field.fieldKind === "map") return map(writeElement(field));
    return writeElement(field);
  };

  /** One value of a field: the value itself, the element of a list, the value of a map. */
  const writeElement = (field: DescField): Write => {
    const leaf = writeLeaf(field);
    if (leaf !== undefined) return leaf;
    const message = field.message as DescMessage;
    if (message.typeName.startsWith("google.protobuf."))
      throw new Error(`${field}: ${message.typeName} has no rule yet`);
    return writerOf(message).object;
  };

  return {
    of: (desc) => print(writerOf(desc).object),
    ofField: (field) => {
      const text = print(writeField(field));
      const whenUnset = unset(field) ?? "null";
      return (value) => (value === undefined || value === null ? whenUnset : text(value));
    },
  };
};

const nameText = (field: DescField): string => `,${JSON.stringify(memberName(field))}:`;

const nameOf = (field: DescField): Piece => piece(nameText(field));

/** What an unset field prints; undefined: it is left out. */
const unset = (field: DescField): string | undefined => {
  if (field.fieldKind === "list") return "[]";
  if (field.fieldKind === "map") return "{}";
  if (field.oneof !== undefined || field.proto.proto3Optional) return undefined;
  if (field.fieldKind === "message") return "null";
  const out = createJsonWriter(64);
  writeLeaf(field)?.(scalarZeroValue(field.fieldKind === "enum" ? ScalarType.INT32 : field.scalar), out);
  return out.finish();
};

const scalarZeroValue = (type: ScalarType): unknown => {
  switch (type) {
    case ScalarType.STRING:
      return "";
    case ScalarType.BOOL:
      return false;
    case ScalarType.BYTES:
      return new Uint8Array();
    default:
      return 0;
  }
};

const emptiness = (field: DescField): ((value: unknown) => boolean) => {
  if (field.fieldKind === "list") return (value) => (value as readonly unknown[]).length === 0;
  if (field.fieldKind === "map") return (value) => Object.keys(value as object).length === 0;
  if (field.fieldKind === "message") return () => false;
  return (value) => value === "" || value === 0 || value === false || value === 0n;
};

const comma = piece(",");
const colon = piece(":");
const openList = piece("[");
const closeList = piece("]");
const closeObject = piece("}");
const emptyObject = piece("{}");
const openBrace = 0x7b;

/** The comma before the first member becomes the brace that opens the object. */
const braced =
  (members: Write): Write =>
  (message, out) => {
    const start = out.position();
    members(message, out);
    if (out.position() === start) {
      out.piece(emptyObject);
      return;
    }
    out.amend(start, openBrace);
    out.piece(closeObject);
  };

const list =
  (write: Write): Write =>
  (value, out) => {
    let first = true;
    out.piece(openList);
    for (const each of value as readonly unknown[]) {
      if (!first) out.piece(comma);
      write(each, out);
      first = false;
    }
    out.piece(closeList);
  };

const map = (write: Write): Write =>
  braced((value, out) => {
    for (const [key, held] of Object.entries(value as object)) {
      out.piece(comma);
      out.string(key);
      out.piece(colon);
      write(held, out);
    }
  });

/** Keeps the text of a frozen message for as long as the message lives. */
const keeping =
  (stored: WeakMap<object, Piece>, write: Write): Write =>
  (message, out: JsonWriter) => {
    // Most messages are made for one answer; that they can be extended says so at once.
    if (Object.isExtensible(message)) {
      write(message, out);
      return;
    }
    const known = stored.get(message as object);
    if (known !== undefined) {
      out.piece(known);
      return;
    }
    const start = out.position();
    write(message, out);
    if (isDeeplyFrozen(message)) stored.set(message as object, out.since(start));
  };

const isDeeplyFrozen = (value: unknown): boolean =>
  typeof value !== "object" || value === null || (Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen));
