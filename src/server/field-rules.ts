import {
  type DescEnum,
  type DescField,
  type DescMessage,
  type DescOneof,
  type Message,
  ScalarType,
} from "@bufbuild/protobuf";
import { serviceError } from "../errors/service-error.ts";
import { checkJson, checkText } from "./json-rules.ts";

/** Checks one value; `path` is where it stands, in dotted notation. @throws INVALID_FIELD */
type Rule = (value: unknown, path: string) => void;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Compiles the rules that every message of a type must keep, whichever protocol it
 * came through: texts are bounded and well formed, enums have a value that we
 * know, and free JSON is bounded in depth and size and names none of the keys
 * that JavaScript itself gives a meaning to. Undefined when the type has no
 * field that a rule is about.
 *
 * @throws INVALID_FIELD, from the compiled rule, naming the field
 */
export const compileFieldRules = (desc: DescMessage): ((message: Message) => void) | undefined => {
  const rule = messageRule(desc, new Map());
  return rule && ((message) => rule(message, ""));
};

/** `known` holds the types being compiled, as a message may contain itself. */
const messageRule = (desc: DescMessage, known: Map<DescMessage, Rule[]>): Rule | undefined => {
  const free = freeJson[desc.typeName];
  if (free) return free;
  const begun = known.get(desc);
  if (begun) return (value, path) => runAll(begun, value, path);
  const rules: Rule[] = [];
  known.set(desc, rules);
  for (const member of desc.members) {
    const rule =
      member.kind === "oneof"
        ? oneofRule(member, known)
        : fieldRule(member, known, (value) => (value as Fields)[member.localName]);
    if (rule) rules.push(rule);
  }
  return rules.length === 0 ? undefined : (value, path) => runAll(rules, value, path);
};

const runAll = (rules: readonly Rule[], value: unknown, path: string) => {
  for (const rule of rules) rule(value, path);
};

const oneofRule = (oneof: DescOneof, known: Map<DescMessage, Rule[]>): Rule | undefined => {
  const cases = new Map<string, Rule>();
  for (const field of oneof.fields) {
    const rule = fieldRule(field, known, (value) => value);
    if (rule) cases.set(field.localName, rule);
  }
  if (cases.size === 0) return undefined;
  return (message, path) => {
    const chosen = (message as Fields)[oneof.localName] as { readonly case?: string; readonly value?: unknown };
    if (chosen.case !== undefined) cases.get(chosen.case)?.(chosen.value, path);
  };
};

const fieldRule = (
  field: DescField,
  known: Map<DescMessage, Rule[]>,
  get: (value: unknown) => unknown,
): Rule | undefined => {
  const rule = valueRule(field, known);
  if (!rule) return undefined;
  return (message, path) => {
    const value = get(message);
    if (value === undefined) return;
    const here = path === "" ? field.name : `${path}.${field.name}`;
    if (field.fieldKind === "list")
      for (const [index, item] of (value as unknown[]).entries()) rule(item, `${here}.${index}`);
    else if (field.fieldKind === "map")
      for (const [key, item] of Object.entries(value as Fields)) rule(item, `${here}.${key}`);
    else rule(value, here);
  };
};

const valueRule = (field: DescField, known: Map<DescMessage, Rule[]>): Rule | undefined => {
  if (field.enum) return enumRule(field.enum);
  if (field.message) return messageRule(field.message, known);
  return field.scalar === ScalarType.STRING ? (value, path) => checkText(value as string, path) : undefined;
};

const enumRule = (desc: DescEnum): Rule => {
  const numbers = new Set(desc.values.map((value) => value.number));
  return (value, path) => {
    if (!numbers.has(value as number))
      throw serviceError("INVALID_FIELD", {
        field: path,
        explain: `The value of ${path} is not one of ${desc.typeName}.`,
      });
  };
};

/** The well-known types that hold free JSON. As a field, a Struct is a plain object. */
const freeJson: Readonly<Record<string, Rule>> = {
  "google.protobuf.Struct": (value, path) => checkJson(value, path),
};
