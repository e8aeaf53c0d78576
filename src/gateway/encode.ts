/**
 * Prints messages as JSON text, by the rules of rules.md. A printer is compiled
 * once per message type from its descriptor; it writes text at once, with no
 * object in between. It knows fields and options, never a particular message.
 */
import { type DescField, type DescMessage, type DescOneof, getOption, ScalarType } from "@bufbuild/protobuf";
import { rest } from "../../gen/ostiary/options/v1/options_pb.ts";
import { quoted } from "./json-text.ts";
import { isNavigation, memberName, tagOf } from "./names.ts";
import { enumeral, type Print, scalar, wellKnown } from "./print-value.ts";

/** How one message type prints. */
export interface Printer {
  /** The message as a JSON object. */
  readonly object: Print;
  /** Its members without the braces; empty when nothing is printed. */
  readonly members: Print;
  /** Whether the type has any field that can be printed. */
  readonly prints: boolean;
}

/** Compiles printers, each type once. */
export interface Printers {
  readonly of: (desc: DescMessage) => Printer;
  /** How the values of one field print, without their name; for `response_body`. */
  readonly ofField: (field: DescField) => Print;
}

type Fields = Readonly<Record<string, unknown>>;

export const createPrinters = (): Printers => {
  const compiled = new Map<DescMessage, Printer>();
  // The text of frozen messages, which are shared between requests.
  const kept = new WeakMap<object, string>();

  const of = (desc: DescMessage): Printer => {
    const known = compiled.get(desc);
    if (known !== undefined) return known;
    // Types may contain themselves: the printer is registered before its fields are compiled.
    let members: Print = () => "";
    const printer = {
      object: keeping(kept, (message) => `{${members(message)}}`),
      members: (message: unknown) => members(message),
      prints: desc.fields.some((field) => !isNavigation(field)),
    };
    compiled.set(desc, printer);
    members = joined(desc.members.flatMap((member) => (member.kind === "oneof" ? [oneofPart(member)] : isNavigation(member) ? [] : [fieldPart(member)])));
    return printer;
  };

  /** Prints `"name":value`, or nothing where the field is left out. */
  const fieldPart = (field: DescField): Print => {
    const { localName } = field;
    const name = `${quoted(memberName(field))}:`;
    const print = printField(field);
    const whenUnset = unset(field);
    const omitEmpty = getOption(field, rest).omitEmpty;
    const empty = omitEmpty ? emptiness(field) : undefined;
    const unsetPart = omitEmpty || whenUnset === undefined ? "" : name + whenUnset;
    return (message) => {
      const value = (message as Fields)[localName];
      if (value === undefined || value === null) return unsetPart;
      if (empty?.(value)) return "";
      return name + print(value);
    };
  };

  /** A oneof prints its case as a member, or, with a tag, the case's own members and the tag. */
  const oneofPart = (oneof: DescOneof): Print => {
    const tag = tagOf(oneof);
    const cases = new Map<string, Print>();
    for (const field of oneof.fields) {
      if (isNavigation(field)) continue;
      cases.set(field.localName, tag === undefined ? named(field) : inlined(field, `${quoted(tag)}:${quoted(field.name)}`));
    }
    return (message) => {
      const held = (message as Fields)[oneof.localName] as { readonly case?: string; readonly value?: unknown } | undefined;
      return held?.case === undefined ? "" : (cases.get(held.case)?.(held.value) ?? "");
    };
  };

  const named = (field: DescField): Print => {
    const name = `${quoted(memberName(field))}:`;
    const print = printField(field);
    return (value) => name + print(value);
  };

  const inlined = (field: DescField, tagMember: string): Print => {
    if (field.message === undefined) throw new Error(`${field}: the cases of a oneof with (tag) must be messages`);
    const printer = of(field.message);
    return (value) => {
      const members = printer.members(value);
      return members === "" ? tagMember : `${members},${tagMember}`;
    };
  };

  const printField = (field: DescField): Print => {
    if (field.fieldKind === "list") return list(printElement(field));
    if (field.fieldKind === "map") return map(printElement(field));
    return printElement(field);
  };

  /** One value of a field: the value itself, the element of a list, the value of a map. */
  const printElement = (field: DescField): Print => {
    if (field.enum !== undefined) return enumeral(field.enum);
    if (field.message === undefined) return scalar(field.scalar ?? ScalarType.STRING, getOption(field, rest).number);
    const { message } = field;
    const ownForm = wellKnown(field, message);
    if (ownForm !== undefined) return ownForm;
    if (message.typeName.startsWith("google.protobuf.")) throw new Error(`${field}: ${message.typeName} has no rule yet`);
    return of(message).object;
  };

  const ofField = (field: DescField): Print => {
    const print = printField(field);
    const whenUnset = unset(field) ?? "null";
    return (value) => (value === undefined || value === null ? whenUnset : print(value));
  };

  return { of, ofField };
};

const joined =
  (parts: readonly Print[]): Print =>
  (message) => {
    let text = "";
    for (const part of parts) {
      const next = part(message);
      if (next === "") continue;
      text = text === "" ? next : `${text},${next}`;
    }
    return text;
  };

/** What an unset field prints; undefined: it is left out. */
const unset = (field: DescField): string | undefined => {
  if (field.fieldKind === "list") return "[]";
  if (field.fieldKind === "map") return "{}";
  if (field.oneof !== undefined || field.proto.proto3Optional) return undefined;
  if (field.fieldKind === "message") return "null";
  if (field.fieldKind === "enum") return enumeral(field.enum)(0);
  return scalar(field.scalar, getOption(field, rest).number)(zero(field.scalar));
};

const zero = (type: ScalarType): unknown => {
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

const list =
  (print: Print): Print =>
  (value) => {
    const values = value as readonly unknown[];
    let text = "[";
    for (let i = 0; i < values.length; i++) text += i === 0 ? print(values[i]) : `,${print(values[i])}`;
    return `${text}]`;
  };

const map =
  (print: Print): Print =>
  (value) =>
    `{${Object.entries(value as object)
      .map(([key, held]) => `${quoted(key)}:${print(held)}`)
      .join(",")}}`;

/** Keeps the text of a frozen message for as long as the message lives. */
const keeping =
  (kept: WeakMap<object, string>, print: Print): Print =>
  (message) => {
    // Most messages are made for one answer; that they can be extended says so at once.
    if (Object.isExtensible(message)) return print(message);
    const known = kept.get(message as object);
    if (known !== undefined) return known;
    const text = print(message);
    if (isDeeplyFrozen(message)) kept.set(message as object, text);
    return text;
  };

const isDeeplyFrozen = (value: unknown): boolean =>
  typeof value !== "object" || value === null || (Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen));
