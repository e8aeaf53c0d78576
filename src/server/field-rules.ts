import { create, type DescField, type DescMessage, type DescOneof, type Message, ScalarType } from "@bufbuild/protobuf";
import { pathToString } from "@bufbuild/protobuf/reflect";
import { createValidator, type Violation } from "@bufbuild/protovalidate";
import { checkJson, checkPaths, checkText, invalidField } from "./json-rules.ts";

/** Checks one value; `path` is where it stands, in dotted notation. @throws INVALID_FIELD */
type Rule = (value: unknown, path: string) => void;

type Fields = Readonly<Record<string, unknown>>;

const validator = createValidator({ failFast: true });

/**
 * Compiles the rules that every request of a type must keep, whichever protocol
 * it came through. Those about single fields stand in the protos, as annotations
 * of buf.validate, so that clients of every language can check them. The others
 * hold for every request: texts are well-formed Unicode, and free JSON is
 * bounded in depth and size and names none of the keys that JavaScript itself
 * gives a meaning to.
 *
 * @throws Error at once, for an annotation that cannot be compiled
 * @throws INVALID_FIELD, from the compiled rule, naming the first field at fault
 */
export const compileFieldRules = (desc: DescMessage): ((message: Message) => void) => {
  const compiled = validator.validate(desc, create(desc));
  if (compiled.kind === "error") throw compiled.error;
  const textRule = messageRule(desc, new Map());
  return (message) => {
    textRule?.(message, "");
    const result = validator.validate(desc, message as never);
    if (result.kind === "error") throw result.error;
    if (result.kind === "invalid" && result.violations[0]) throw invalid(result.violations[0]);
  };
};

const invalid = ({ field, message }: Violation) =>
  invalidField(
    pathToString(field)
      .replaceAll(/\["?|"?\]/g, ".")
      .replace(/\.$/, "")
      .replaceAll("..", "."),
    message,
  );

/** `known` holds the types being compiled, as a message may contain itself. */
const messageRule = (desc: DescMessage, known: Map<DescMessage, Rule[]>): Rule | undefined => {
  const ownRule = wellKnown[desc.typeName];
  if (ownRule) return ownRule;
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
  if (field.message) return messageRule(field.message, known);
  return field.scalar === ScalarType.STRING ? (value, path) => checkText(value as string, path) : undefined;
};

/** Well-known types with rules of their own: free JSON, which is a plain object here, and the paths of field masks. */
const wellKnown: Readonly<Record<string, Rule>> = {
  "google.protobuf.Struct": (value, path) => checkJson(value, path),
  "google.protobuf.FieldMask": (value, path) =>
    checkPaths((value as { readonly paths: readonly string[] }).paths, path),
};
