import {
  type DescField,
  type DescMethodUnary,
  getOption,
  hasOption,
  type JsonObject,
  type Message,
} from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { http } from "../../gen/google/api/annotations_pb.ts";
import type { HttpRule } from "../../gen/google/api/http_pb.ts";
import { writeField, writeMessage } from "./write.ts";

/** What is sent for a call. */
export interface RestRequest {
  readonly verb: string;
  /** Path and query. */
  readonly place: string;
  readonly body: JsonObject | undefined;
  /** The field of the response that the answer is; undefined: the answer is the response. */
  readonly answers: DescField | undefined;
}

/** A segment of a path: `{id}`, `{type=browser}`. */
const variable = /\{(\w+)(?:=([^{}]*))?\}/g;

/**
 * Makes the REST request of a message, by the `google.api.http` annotation of its method.
 *
 * @throws ConnectError with the code Unimplemented if REST has no such request
 */
export const restRequest = (method: DescMethodUnary, message: Message): RestRequest => {
  const values = writeMessage(method.input, message);
  const rules = hasOption(method, http) ? [getOption(method, http), ...getOption(method, http).additionalBindings] : [];
  for (const rule of rules) {
    const request = requestBy(rule, method, message, values);
    if (request !== undefined) return request;
  }
  throw new ConnectError(`${method.parent.typeName}/${method.name} cannot be called over REST`, Code.Unimplemented);
};

/** The request by one rule; undefined where its path does not fit the message. */
const requestBy = (
  rule: HttpRule,
  method: DescMethodUnary,
  message: Message,
  values: JsonObject,
): RestRequest | undefined => {
  const { case: verb, value: template } = rule.pattern;
  const filled = verb === undefined || verb === "custom" ? undefined : fillPath(template, values);
  if (verb === undefined || filled === undefined) return undefined;
  const rest = Object.fromEntries(Object.entries(values).filter(([name]) => !filled.used.has(name)));
  const bodyField = method.input.fields.find(({ name }) => name === rule.body);
  const query =
    rule.body === "*" ? "" : queryOf(Object.fromEntries(Object.entries(rest).filter(([name]) => name !== rule.body)));
  return {
    verb: verb.toUpperCase(),
    place: query === "" ? filled.path : `${filled.path}?${query}`,
    body: rule.body === "*" ? rest : bodyField && bodyOf(bodyField, message),
    answers: method.output.fields.find(({ name }) => name === rule.responseBody),
  };
};

/** The path with its variables filled in, and which members that took; undefined where a constant is another. */
const fillPath = (template: string, values: JsonObject) => {
  const used = new Set<string>();
  let fits = true;
  const path = template.replaceAll(variable, (_, name: string, constant: string | undefined) => {
    used.add(name);
    const value = values[name];
    if (value === undefined || (constant !== undefined && constant !== "*" && constant !== value)) fits = false;
    return encodeURIComponent(String(value));
  });
  return fits ? { path, used } : undefined;
};

const queryOf = (values: JsonObject): string => {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values))
    for (const each of Array.isArray(value) ? value : [value]) query.append(name, String(each));
  return query.toString();
};

const bodyOf = (field: DescField, message: Message): JsonObject =>
  (writeField(field, (message as unknown as Readonly<Record<string, unknown>>)[field.localName]) ?? {}) as JsonObject;
