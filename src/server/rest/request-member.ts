import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { type ServiceError, serviceError } from "../../errors/service-error.ts";
import { isObject } from "../../lib/json-object.ts";

/**
 * One member of a request as the client sent it, on its way to the field it
 * is for. JSON bodies have one value a name; forms and queries may repeat it.
 */
export interface RequestMember {
  /** The name relative to the message at hand; empty when the value is meant for all of it. */
  readonly name: string;
  /** The whole name, dots included, as the client wrote it. Errors say it. */
  readonly path: string;
  /** In the order they came. Never empty. */
  readonly values: readonly JsonValue[];
  /**
   * It was repeated where only a list may be: in a query, unlike in a form, whose checkboxes come after a hidden
   * `false`.
   */
  readonly mustBeSingle?: boolean;
}

/** The members of a JSON object. */
export const requestMembers = (object: JsonObject, parent?: string): RequestMember[] =>
  Object.entries(object).map(([name, value]) => ({
    name,
    path: parent === undefined ? name : `${parent}.${name}`,
    values: [value],
  }));

/** The members of a form or a query: names may come several times, in any order. */
export const requestMembersOfPairs = (pairs: Iterable<readonly [string, string]>): RequestMember[] => {
  const byName = new Map<string, string[]>();
  for (const [name, value] of pairs) {
    const values = byName.get(name);
    if (values === undefined) byName.set(name, [value]);
    else values.push(value);
  }
  return [...byName].map(([name, values]) => ({ name, path: name, values }));
};

/** The value that counts where one is due: the last. Unset (null or empty) is undefined. */
export const lastValue = (sent: RequestMember): Exclude<JsonValue, null> | undefined => {
  const value = sent.values.at(-1);
  return value === null || value === "" ? undefined : value;
};

/** Refuses a parameter that was repeated and is no list. @throws INVALID_FIELD */
export const rejectRepeated = ({ mustBeSingle, path }: RequestMember): void => {
  if (mustBeSingle)
    throw serviceError("INVALID_FIELD", {
      field: path,
      explain: `${path}: the parameter is repeated, but may be given only once.`,
    });
};

/** The failure of a member that cannot be used; names it as it was sent. */
export const unusable = (path: string, wanted: string, value: JsonValue | undefined): ServiceError =>
  serviceError("INVALID_FIELD", { field: path, explain: `${path}: ${wanted} is expected, not ${kindOf(value)}.` });

// The value itself may be a secret and is never repeated.
const kindOf = (value: JsonValue | undefined): string => {
  if (Array.isArray(value)) return "a list";
  if (isObject(value)) return "an object";
  if (value === null || value === undefined) return "nothing";
  return typeof value === "string" ? "this text" : `this ${typeof value}`;
};
