import { type DescField, type DescMessage, type DescMethod, hasOption } from "@bufbuild/protobuf";
import { http } from "../../../gen/google/api/annotations_pb.ts";
import type { HttpRule } from "../../../gen/google/api/http_pb.ts";
import { Access, access, programs_only } from "../../../gen/ostiary/options/v1/options_pb.ts";
import { optionOf } from "../option-of.ts";
import { memberName } from "./names.ts";
import { type PathTemplate, parsePath } from "./path.ts";

/** One way to reach an RPC over REST: one rule of its google.api.http annotation. */
export interface Route {
  readonly method: DescMethod;
  readonly verb: Verb;
  readonly path: PathTemplate;
  /** The field that is the body; `*`: the body is the request itself; undefined: there is none. */
  readonly body: DescField | "*" | undefined;
  /** The field that is the answer; undefined: the whole message is. */
  readonly responseBody: DescField | undefined;
  /** The route is for programs: it answers JSON, whatever `Accept` says. */
  readonly programsOnly: boolean;
}

/** An HTTP method that a rule of `google.api.http` can name. */
export type Verb = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/**
 * The routes of an RPC, additional bindings included; none without the annotation. Throws for a rule that makes no
 * sense.
 */
export const routesOf = (method: DescMethod): Route[] => {
  if (!hasOption(method, http)) return [];
  if (method.methodKind === "bidi_streaming") throw new Error(`${method}: REST has no form for streams both ways`);
  const rule = optionOf(method, http);
  return [rule, ...rule.additionalBindings].map((each) => routeOf(method, each));
};

/** Whether body and answer are lines of JSON (`application/x-ndjson`): those of an RPC whose requests are a stream. */
export const isOfLines = ({ method }: Pick<Route, "method">): boolean => method.methodKind === "client_streaming";

/** Whether the answer alone is lines of JSON: that of an RPC whose answers are a stream. */
export const answersLines = ({ method }: Pick<Route, "method">): boolean => method.methodKind === "server_streaming";

/** Whether programs of operators call it, on the admin port. */
export const isForOperators = ({ method }: Pick<Route, "method">): boolean => optionOf(method, access) === Access.ADMIN;

const routeOf = (method: DescMethod, rule: HttpRule): Route => {
  const { case: kind, value } = rule.pattern;
  if (kind === undefined || kind === "custom") throw new Error(`${method}: a REST binding needs a verb and a path`);
  const path = parsePath(value);
  for (const { field } of [...path.constants, ...path.parameters]) fieldOf(method.input, field);
  return {
    method,
    verb: kind.toUpperCase() as Verb,
    path,
    body: rule.body === "" ? undefined : rule.body === "*" ? "*" : fieldOf(method.input, rule.body),
    responseBody: rule.responseBody === "" ? undefined : fieldOf(method.output, rule.responseBody),
    programsOnly: path.constants.some((constant) =>
      isForPrograms(fieldOf(method.input, constant.field), constant.value),
    ),
  };
};

const fieldOf = (desc: DescMessage, name: string): DescField => {
  const field = desc.fields.find((each) => each.name === name);
  if (field === undefined) throw new Error(`${desc}: a REST binding names the field ${name}, which it has not`);
  return field;
};

const isForPrograms = (field: DescField, constant: string): boolean => {
  const prefix = field.enum?.sharedPrefix ?? "";
  const value = field.enum?.values.find((each) => each.name.slice(prefix.length).toLowerCase() === constant);
  return value !== undefined && optionOf(value, programs_only);
};

/** The field of a request that takes `If-Match`, or of an answer that becomes `ETag`. */
export const etagField = (desc: DescMessage | undefined): DescField | undefined =>
  desc?.fields.find((field) => memberName(field) === "etag" && field.fieldKind === "scalar");
