import { type DescField, type DescMessage, type DescOneof, type Message, ScalarType } from "@bufbuild/protobuf";
import { type Check, compileAnnotations, mustHaveNone } from "./field-annotations.ts";
import { checkJson, checkPaths, checkText, invalidField } from "./json-rules.ts";

/** Checks one value; its path, in dotted notation, is `path` and its own `name`. @throws INVALID_FIELD */
type Rule = (value: unknown, path: string, name: string) => void;

/** What a field is held to. */
interface FieldRule {
  /** As a whole: the number of values of a list. */
  readonly whole?: Rule | undefined;
  /** Its value, or each of a list or a map; messages in it are not looked into further. */
  readonly each?: Rule | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

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
  const known = compiled.get(desc) ?? compile(desc);
  compiled.set(desc, known);
  return known;
};

/** Compiled once, however many servers a process starts: they depend on the types alone. */
const compiled = new WeakMap<DescMessage, (message: Message) => void>();

const compile = (desc: DescMessage): ((message: Message) => void) => {
  const walks: readonly Walk[] = [
    { of: textRule, isEntered: () => true, known: new Map() },
    { of: annotatedRule, isEntered: isOurs, known: new Map() },
  ];
  const rules = walks.flatMap((walk) => messageRule(desc, walk) ?? []);
  return (message) => {
    for (const rule of rules) rule(message, "", "");
  };
};

/** Where a walk over the types of messages is: what it asks of each field, and the types that are being compiled. */
interface Walk {
  readonly of: (field: DescField) => FieldRule;
  readonly isEntered: (desc: DescMessage) => boolean;
  /** As a message may contain itself. */
  readonly known: Map<DescMessage, Rule[]>;
}

/** Google's own types have no annotations. @throws Error where one of ours has some that stand at no field */
const isOurs = (desc: DescMessage): boolean => {
  if (desc.typeName.startsWith("google.protobuf.")) return false;
  mustHaveNone(desc);
  return true;
};

const at = (path: string, name: string): string => (path === "" ? name : `${path}.${name}`);

const messageRule = (desc: DescMessage, walk: Walk): Rule | undefined => {
  if (!walk.isEntered(desc)) return undefined;
  const begun = walk.known.get(desc);
  if (begun) return runAll(begun);
  const rules: Rule[] = [];
  walk.known.set(desc, rules);
  for (const member of desc.members) {
    const rule = member.kind === "oneof" ? oneofRule(member, walk) : memberRule(member, walk);
    if (rule) rules.push(rule);
  }
  return rules.length === 0 ? undefined : runAll(rules);
};

const runAll =
  (rules: readonly Rule[]): Rule =>
  (value, path, name) => {
    const here = at(path, name);
    for (const rule of rules) rule(value, here, "");
  };

const oneofRule = ({ fields, localName }: DescOneof, walk: Walk): Rule | undefined => {
  const cases = new Map<string, Rule>();
  for (const field of fields) {
    const rule = fieldRule(field, walk);
    if (rule) cases.set(field.localName, (value, path) => rule(value, path, field.name));
  }
  if (cases.size === 0) return undefined;
  return (message, path) => {
    const chosen = (message as Fields)[localName] as { readonly case?: string; readonly value?: unknown };
    if (chosen.case !== undefined) cases.get(chosen.case)?.(chosen.value, path, "");
  };
};

/** The rule of a field by its message. */
const memberRule = (field: DescField, walk: Walk): Rule | undefined => {
  const rule = fieldRule(field, walk);
  const { localName, name } = field;
  return (
    rule &&
    ((message, path) => {
      const value = (message as Fields)[localName];
      if (value !== undefined) rule(value, path, name);
    })
  );
};

/** The rule of a field by its value. */
const fieldRule = (field: DescField, walk: Walk): Rule | undefined => {
  const { whole, each = field.message && messageRule(field.message, walk) } = walk.of(field);
  const inside = each && insideOf(field, each);
  if (!whole || !inside) return whole ?? inside;
  return (value, path, name) => {
    whole(value, path, name);
    inside(value, path, name);
  };
};

/** Has a rule hold for each value of a list, by its index, and of a map, by its key. */
const insideOf = ({ fieldKind }: DescField, rule: Rule): Rule => {
  if (fieldKind === "list")
    return (value, path, name) => {
      const items = value as readonly unknown[];
      if (items.length === 0) return;
      const here = at(path, name);
      for (let index = 0; index < items.length; index += 1) rule(items[index], here, String(index));
    };
  if (fieldKind === "map")
    return (value, path, name) => {
      const here = at(path, name);
      for (const [key, item] of Object.entries(value as Fields)) rule(item, here, key);
    };
  return rule;
};

/** What holds for every text, and for free JSON, which is a plain object here. */
const textRule = (field: DescField): FieldRule => {
  const ownRule = wellKnown[field.message?.typeName ?? ""];
  if (ownRule) return { each: ownRule };
  return field.scalar === ScalarType.STRING ? { each: wellFormed } : {};
};

const wellFormed: Rule = (value, path, name) => {
  if (!(value as string).isWellFormed()) checkText(value as string, at(path, name));
};

/** Well-known types with rules of their own: free JSON and the paths of field masks. */
const wellKnown: Readonly<Record<string, Rule>> = {
  "google.protobuf.Struct": (value, path, name) => checkJson(value, at(path, name)),
  "google.protobuf.FieldMask": (value, path, name) =>
    checkPaths((value as { readonly paths: readonly string[] }).paths, at(path, name)),
};

/** What the annotations say. */
const annotatedRule = (field: DescField): FieldRule => {
  const { whole, each } = compileAnnotations(field);
  return { whole: whole && refusing(whole), each: each && refusing(each) };
};

const refusing =
  (check: Check): Rule =>
  (value, path, name) => {
    const what = check(value);
    if (what !== undefined) throw invalidField(at(path, name), what);
  };
