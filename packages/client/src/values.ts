import {
  create,
  type DescField,
  type DescMessage,
  type DescOneof,
  getOption,
  type JsonObject,
  type JsonValue,
  type Message,
  ScalarType,
} from "@bufbuild/protobuf";
import { rest } from "../gen/ostiary/options/v1/options_pb.ts";
import type { Form } from "./form.ts";
import { memberName, tagOf } from "./rest/names.ts";
import { readField } from "./rest/read.ts";

/** What a person typed and pressed: values by the names of the inputs, the pressed button's among them. */
export type FormValues = Readonly<Record<string, JsonValue | undefined>>;

/**
 * Makes the body of UpdateFlow of a form's values, by the rules by which REST
 * reads a form: the tag names the method, or a value that only one method has;
 * `traits.name.first` reaches into free JSON. Texts of number inputs become
 * numbers, those of checkboxes booleans. What is empty is not sent.
 */
export const bodyOf = (body: DescMessage, form: Form, values: FormValues): Message => {
  const sent: Record<string, JsonValue> = { ...hiddenValues(form) };
  for (const [name, value] of Object.entries(values)) {
    const typed = value === undefined ? undefined : coerced(form, name, value);
    if (typed !== undefined) sent[name] = typed;
  }
  const init: Record<string, unknown> = {};
  for (const member of body.members) {
    if (member.kind === "field") put(member, sent, init);
    else putCase(member, sent, init);
  }
  return create(body, init as never);
};

/** What the server put into hidden inputs, the anti-CSRF token above all. */
const hiddenValues = (form: Form): Record<string, JsonValue> =>
  Object.fromEntries(
    form.nodes.flatMap((node) =>
      node.kind === "input" && node.type === "hidden" && node.group === "default" && node.value !== undefined
        ? [[node.name, node.value]]
        : [],
    ),
  );

const coerced = (form: Form, name: string, value: JsonValue): JsonValue | undefined => {
  if (value === "" || value === null) return undefined;
  const types = form.nodes.flatMap((node) => (node.kind === "input" && node.name === name ? [node.type] : []));
  if (typeof value !== "string") return value;
  if (types.includes("number")) return Number.isNaN(Number(value)) ? value : Number(value);
  if (types.includes("checkbox")) return value === "true" || value === "on";
  return value;
};

const putCase = (oneof: DescOneof, sent: Readonly<Record<string, JsonValue>>, init: Record<string, unknown>): void => {
  const tag = tagOf(oneof);
  if (tag === undefined) return;
  const picked =
    oneof.fields.find(({ name }) => name === sent[tag]) ?? oneof.fields.find((field) => claims(field, sent));
  if (picked?.message === undefined) return;
  const value: Record<string, unknown> = {};
  for (const field of picked.message.fields) put(field, sent, value);
  init[oneof.localName] = { case: picked.localName, value };
};

/** Whether a value was sent that only this method has. */
const claims = ({ message }: DescField, sent: Readonly<Record<string, JsonValue>>): boolean =>
  (message?.fields ?? []).some(
    (field) =>
      getOption(field, rest).selectsCase && sent[memberName(field)] !== undefined && sent[memberName(field)] !== false,
  );

const put = (field: DescField, sent: Readonly<Record<string, JsonValue>>, init: Record<string, unknown>): void => {
  const name = memberName(field);
  const whole = sent[name];
  const inner = Object.entries(sent).flatMap(([key, value]): [string, JsonValue][] =>
    key.startsWith(`${name}.`) ? [[key.slice(name.length + 1), value]] : [],
  );
  if (inner.length > 0 && field.message !== undefined)
    init[field.localName] = readField(field, { ...(typeof whole === "object" ? whole : {}), ...nested(inner) });
  else if (whole !== undefined)
    init[field.localName] = readField(field, field.scalar === ScalarType.STRING ? String(whole) : whole);
};

/** `name.first` becomes `{"name": {"first": …}}`; numbers between dots are places in a list. */
const nested = (entries: readonly (readonly [string, JsonValue])[]): JsonObject => {
  const out: JsonObject = {};
  for (const [path, value] of entries) {
    const keys = path.split(".");
    const last = keys.pop() ?? "";
    let at = out;
    for (const key of keys) {
      const next = Object.hasOwn(at, key) ? at[key] : undefined;
      const inner: JsonObject = typeof next === "object" && next !== null && !Array.isArray(next) ? next : {};
      Object.defineProperty(at, key, { value: inner, enumerable: true, configurable: true, writable: true });
      at = inner;
    }
    Object.defineProperty(at, last, { value, enumerable: true, configurable: true, writable: true });
  }
  return listed(out) as JsonObject;
};

/** An object whose members are 0, 1, 2, … is a list. */
const listed = (value: JsonValue): JsonValue => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).map(([key, each]): [string, JsonValue] => [key, listed(each)]);
  const isList = entries.length > 0 && entries.every(([key], index) => key === String(index));
  return isList ? entries.map(([, each]) => each) : Object.fromEntries(entries);
};
