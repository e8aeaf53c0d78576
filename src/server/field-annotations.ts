import { type DescEnum, type DescField, type DescMessage, getOption, hasOption, isFieldSet } from "@bufbuild/protobuf";
import {
  BytesRulesSchema,
  EnumRulesSchema,
  type FieldRules,
  FieldRulesSchema,
  field as fieldOption,
  Int32RulesSchema,
  message as messageOption,
  oneof as oneofOption,
  RepeatedRulesSchema,
  StringRulesSchema,
  UInt32RulesSchema,
} from "../../gen/buf/validate/validate_pb.ts";

/** Says what is wrong with a value; undefined: nothing is. */
export type Check = (value: unknown) => string | undefined;

/** What the annotations of a field say of it as a whole, and of each of its values where it is a list. */
export interface FieldChecks {
  readonly whole?: Check | undefined;
  readonly each?: Check | undefined;
}

/**
 * Compiles the annotations of buf.validate at a field. The protos use few of them, and only those are known here; what
 * they say is what protovalidate says. A test compares the two.
 *
 * @throws Error for any other annotation, so that none is without effect
 */
export const compileAnnotations = (field: DescField): FieldChecks => {
  if (!hasOption(field, fieldOption)) return {};
  const rules = getOption(field, fieldOption);
  const where = `${field}`;
  if (field.fieldKind !== "list") return { whole: compileValue(rules, where, field.enum) };
  mustKnow(where, FieldRulesSchema, rules, ["repeated"]);
  if (rules.type.case !== "repeated") throw new Error(`${where}: a list has rules that are none of lists`);
  const { value: list } = rules.type;
  mustKnow(where, RepeatedRulesSchema, list, ["min_items", "max_items", "items"]);
  const [least, most] = [Number(list.minItems), isFieldSet(list, RepeatedRulesSchema.field.maxItems) && list.maxItems];
  return {
    whole: (value) => {
      const { length } = value as readonly unknown[];
      if (length < least) return `must contain at least ${least} item(s)`;
      return most !== false && length > most ? `must contain no more than ${most} item(s)` : undefined;
    },
    each: list.items && compileValue(list.items, where, field.enum),
  };
};

/** Makes sure that a message has no annotations of its own. @throws Error */
export const mustHaveNone = (desc: DescMessage): void => {
  const isAnnotated = hasOption(desc, messageOption) || desc.oneofs.some((oneof) => hasOption(oneof, oneofOption));
  if (isAnnotated) throw new Error(`${desc}: rules of messages and oneofs are not known`);
};

const compileValue = (rules: FieldRules, where: string, of: DescEnum | undefined): Check => {
  const { type } = rules;
  mustKnow(where, FieldRulesSchema, rules, ["string", "bytes", "enum", "int32", "uint32"]);
  switch (type.case) {
    case "string":
      mustKnow(where, StringRulesSchema, type.value, ["min_len", "max_len", "in", "uuid"]);
      return textCheck({
        least: Number(type.value.minLen),
        most: isFieldSet(type.value, StringRulesSchema.field.maxLen) ? Number(type.value.maxLen) : undefined,
        oneOf: type.value.in,
        isUuid: type.value.wellKnown.case === "uuid" && type.value.wellKnown.value,
      });
    case "bytes": {
      mustKnow(where, BytesRulesSchema, type.value, ["max_len"]);
      const most = Number(type.value.maxLen);
      return (value) => ((value as Uint8Array).length > most ? `must be at most ${most} bytes` : undefined);
    }
    case "enum": {
      mustKnow(where, EnumRulesSchema, type.value, ["defined_only", "not_in"]);
      const { definedOnly, notIn } = type.value;
      const defined = definedOnly && of ? new Set(of.values.map(({ number }) => number)) : undefined;
      return (value) => {
        if (defined?.has(value as number) === false) return "value must be one of the defined enum values";
        return notIn.includes(value as number) ? `must not be in list [${notIn.join(", ")}]` : undefined;
      };
    }
    case "int32":
      mustKnow(where, Int32RulesSchema, type.value, ["gte", "lte"]);
      return numberCheck(type.value);
    case "uint32":
      mustKnow(where, UInt32RulesSchema, type.value, ["gte", "lte"]);
      return numberCheck(type.value);
    default:
      throw new Error(`${where}: rules of ${type.case} are not known`);
  }
};

interface TextRules {
  /** Characters, by code points. */
  readonly least: number;
  readonly most: number | undefined;
  /** Empty: any. */
  readonly oneOf: readonly string[];
  readonly isUuid: boolean;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const textCheck =
  ({ least, most, oneOf, isUuid }: TextRules): Check =>
  (value) => {
    const text = value as string;
    // A text has at most as many characters as UTF-16 units, and at least half as many.
    if (text.length < 2 * least && charactersOf(text) < least) return `must be at least ${least} characters`;
    if (most !== undefined && text.length > most && charactersOf(text) > most)
      return `must be at most ${most} characters`;
    if (oneOf.length > 0 && !oneOf.includes(text)) return `must be in list [${oneOf.join(", ")}]`;
    if (!isUuid || uuid.test(text)) return undefined;
    return text === "" ? "value is empty, which is not a valid UUID" : "must be a valid UUID";
  };

const charactersOf = (text: string): number => {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
};

interface Bound {
  readonly case: string | undefined;
  readonly value?: number | undefined;
}

const numberCheck = (rules: { readonly greaterThan: Bound; readonly lessThan: Bound }): Check => {
  const { value: least } = rules.greaterThan;
  const { value: most } = rules.lessThan;
  const said = [
    ...(least === undefined ? [] : [`greater than or equal to ${least}`]),
    ...(most === undefined ? [] : [`less than or equal to ${most}`]),
  ];
  const message = `must be ${said.join(" and ")}`;
  return (value) => {
    const number = value as number;
    return number < (least ?? number) || number > (most ?? number) ? message : undefined;
  };
};

/** Makes sure that rules have none but these. @throws Error */
const mustKnow = <D extends DescMessage>(
  where: string,
  desc: D,
  rules: Parameters<typeof isFieldSet<D>>[0],
  known: readonly string[],
): void => {
  const other = desc.fields.find((field) => isFieldSet(rules, field) && !known.includes(field.name));
  if (other) throw new Error(`${where}: the rule ${other.name} is not known`);
  if (rules.$unknown?.length) throw new Error(`${where}: it has rules of an extension`);
};
