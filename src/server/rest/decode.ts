/**
 * Makes messages of what a client sent, by the rules of rules.md. A reader is
 * compiled once per message type from its descriptor; it knows fields and
 * options, never a particular message. How a body becomes members is body.ts.
 */

import {
  create,
  type DescField,
  type DescMessage,
  type DescOneof,
  fromJson,
  type JsonObject,
  type JsonValue,
  type Message,
} from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import { rest, strict } from "../../../gen/ostiary/options/v1/options_pb.ts";
import { serviceError } from "../../errors/service-error.ts";
import { isObject } from "../../lib/json-object.ts";
import { optionOf } from "../option-of.ts";
import { memberName, tagOf } from "./names.ts";
import { type Read, readEnum, readObject, readScalar, readWellKnown, truth } from "./read-value.ts";
import { lastValue, type RequestMember, rejectRepeated, requestMembers, unusable } from "./request-member.ts";

/** Makes a message of the members that were sent. @throws INVALID_FIELD */
export type ReadMessage = (members: readonly RequestMember[]) => Message;

/** Compiles readers, each type once. */
export interface Readers {
  readonly of: (desc: DescMessage) => ReadMessage;
}

/** Reads all that was sent for one field; undefined leaves it unset. */
type ReadField = (members: readonly RequestMember[]) => unknown;

interface FieldReader {
  readonly read: ReadField;
  /** Dotted names reach into it. */
  readonly open: boolean;
  readonly put: (message: Record<string, unknown>, value: unknown) => void;
}

/** Creates the readers, which share compiled types. */
export const createReaders = (): Readers => {
  const compiled = new Map<DescMessage, ReadMessage>();

  const of = (desc: DescMessage): ReadMessage => {
    const known = compiled.get(desc);
    if (known !== undefined) return known;
    const fields = new Map<string, FieldReader>();
    const pick: ((message: Record<string, unknown>, members: readonly RequestMember[]) => void)[] = [];
    const isStrict = optionOf(desc, strict);
    const read: ReadMessage = (members) => {
      if (isStrict) rejectUnknown(fields, members);
      const message = create(desc);
      const target = message as unknown as Record<string, unknown>;
      for (const [field, sent] of byField(fields, members)) {
        const value = field.read(sent);
        if (value !== undefined) field.put(target, value);
      }
      for (const each of pick) each(target, members);
      return message;
    };
    // Types may contain themselves: the reader is registered before its fields are compiled.
    compiled.set(desc, read);
    for (const member of desc.members) {
      if (member.kind === "field") fields.set(memberName(member), fieldReader(member));
      else if (tagOf(member) === undefined)
        for (const field of member.fields) fields.set(memberName(field), fieldReader(field));
      else pick.push(taggedReader(member, tagOf(member) ?? ""));
    }
    return read;
  };

  const fieldReader = (field: DescField): FieldReader => {
    const { localName, oneof } = field;
    return {
      read: readField(field),
      open: field.message !== undefined && field.fieldKind !== "list" && readWellKnown(field.message) === undefined,
      put:
        oneof === undefined
          ? (message, value) => {
              message[localName] = value;
            }
          : (message, value) => {
              message[oneof.localName] = { case: localName, value };
            },
    };
  };

  const readField = (field: DescField): ReadField => {
    if (field.fieldKind === "list") return listOf(readElement(field));
    if (field.fieldKind === "map") return unsupported(field);
    if (field.message?.typeName === "google.protobuf.Value") return readAnything;
    if (field.message?.typeName === "google.protobuf.Struct")
      return field.oneof === undefined ? readStruct : unsupported(field);
    if (field.message === undefined || readWellKnown(field.message) !== undefined) return single(readElement(field));
    const read = of(field.message);
    return (members) => {
      const inner = members.flatMap(opened);
      return inner.length === 0 && !members.some((sent) => isObject(sent.values.at(-1))) ? undefined : read(inner);
    };
  };

  const readElement = (field: DescField): Read => {
    if (field.enum !== undefined) return readEnum(field.enum);
    if (field.message === undefined) return readScalar(field.scalar as NonNullable<typeof field.scalar>);
    const wellKnown = readWellKnown(field.message);
    if (wellKnown !== undefined) return wellKnown;
    const read = of(field.message);
    return (value, path) => read(requestMembers(readObject(value, path), path));
  };

  /** The case is named by the tag, or owns a submitted field that claims it. */
  const taggedReader = (oneof: DescOneof, tag: string) => {
    const cases = oneof.fields.map((field) => {
      if (field.message === undefined) throw new Error(`${field}: the cases of a oneof with (tag) must be messages`);
      return { name: field.name, localName: field.localName, read: of(field.message), claims: claimsOf(field.message) };
    });
    return (message: Record<string, unknown>, members: readonly RequestMember[]): void => {
      const sent = members.find((member) => member.name === tag);
      if (sent) rejectRepeated(sent);
      const named = sent && lastValue(sent);
      if (typeof named === "object") throw unusable(tag, "a text", named);
      const picked = cases.find(({ name }) => name === String(named)) ?? cases.find(({ claims }) => claims(members));
      if (picked !== undefined) message[oneof.localName] = { case: picked.localName, value: picked.read(members) };
    };
  };

  return { of };
};

/** Free JSON: null and an empty text are values like any other. */
const readAnything: ReadField = (members) => {
  members.forEach(rejectRepeated);
  const value = members.at(-1)?.values.at(-1);
  return value === undefined ? undefined : fromJson(ValueSchema, value);
};

/** @throws INVALID_FIELD for a member that the message does not have */
const rejectUnknown = (fields: ReadonlyMap<string, FieldReader>, members: readonly RequestMember[]): void => {
  for (const { name, path } of members) {
    const head = name.split(".", 1)[0] ?? name;
    if (!fields.has(name) && !fields.get(head)?.open)
      throw serviceError("INVALID_FIELD", { field: path, explain: `${path}: there is no such member.` });
  }
};

/** Gives each field what was sent for it. A dotted name goes to the field its head names. */
const byField = (
  fields: ReadonlyMap<string, FieldReader>,
  members: readonly RequestMember[],
): Map<FieldReader, RequestMember[]> => {
  const found = new Map<FieldReader, RequestMember[]>();
  const add = (field: FieldReader, sent: RequestMember): void => {
    const others = found.get(field);
    if (others === undefined) found.set(field, [sent]);
    else others.push(sent);
  };
  for (const sent of members) {
    const whole = fields.get(sent.name);
    if (whole !== undefined) {
      add(whole, { ...sent, name: "" });
      continue;
    }
    const dot = sent.name.indexOf(".");
    const head = dot > 0 ? fields.get(sent.name.slice(0, dot)) : undefined;
    if (head?.open) add(head, { ...sent, name: sent.name.slice(dot + 1) });
  }
  return found;
};

const single =
  (read: Read): ReadField =>
  (members) => {
    members.forEach(rejectRepeated);
    const sent = members.at(-1);
    const value = sent && lastValue(sent);
    return sent === undefined || value === undefined ? undefined : read(value, sent.path);
  };

const listOf =
  (read: Read): ReadField =>
  (members) => {
    const values = members.flatMap((sent) =>
      sent.values
        .flatMap((value) => (Array.isArray(value) ? value : [value]))
        .map((value) => ({ value, path: sent.path })),
    );
    const set = values.filter(({ value }) => value !== null && value !== "");
    return set.map(({ value, path }) => read(value as Exclude<JsonValue, null>, path));
  };

/** What was sent for a message, as members of it. */
const opened = (sent: RequestMember): RequestMember[] => {
  if (sent.name !== "") return [sent];
  rejectRepeated(sent);
  const value = lastValue(sent);
  return value === undefined ? [] : requestMembers(readObject(value, sent.path), sent.path);
};

/** An object is used as it is; dotted names stay whole, for schema/form.ts to unfold. */
const readStruct: ReadField = (members) => {
  let object: JsonObject | undefined;
  const dotted: JsonObject = {};
  for (const sent of members) {
    const value = lastValue(sent);
    // What has a dot in its name is never a member that objects inherit.
    if (sent.name !== "")
      dotted[sent.path] = sent.values.length === 1 ? (sent.values[0] as JsonValue) : [...sent.values];
    else if (value !== undefined) object = readObject(value, sent.path);
  }
  if (Object.keys(dotted).length === 0) return object;
  // Spreading defines members, so that one called `__proto__` stays what it is: a member.
  return { ...object, ...dotted };
};

const claimsOf = (desc: DescMessage): ((members: readonly RequestMember[]) => boolean) => {
  const claiming = new Map(
    desc.fields.filter((field) => optionOf(field, rest).selectsCase).map((field) => [memberName(field), field]),
  );
  return (members) =>
    members.some((sent) => {
      const field = claiming.get(sent.name);
      const value = lastValue(sent);
      if (field === undefined || value === undefined) return false;
      // The hidden `false` of a checkbox that is not ticked claims nothing.
      return field.fieldKind !== "scalar" || truth(value) !== false;
    });
};

const unsupported = (field: DescField): never => {
  throw new Error(`${field}: requests have no rule for this kind of field yet`);
};
