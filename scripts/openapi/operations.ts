/** Paths and operations, from the routes by which the REST protocol answers. */
import { type DescField, type DescMethod, getOption, ScalarType } from "@bufbuild/protobuf";
import { Access, AccessSchema, access } from "../../gen/ostiary/options/v1/options_pb.ts";
import { compileAnswer } from "../../src/server/rest/answer.ts";
import { createPrinters } from "../../src/server/rest/encode.ts";
import { answersLines, etagField, isOfLines, type Route, routesOf } from "../../src/server/rest/http-rule.ts";
import { memberName } from "../../src/server/rest/names.ts";
import { commentOf } from "./comment.ts";
import { type ErrorAnswers, flowOf } from "./errors.ts";
import { areaOfRpc, operationId } from "./names.ts";
import type { JsonObject, Schema } from "./schema.ts";
import type { Schemas } from "./schemas.ts";

const printers = createPrinters();

const session: readonly JsonObject[] = [{ sessionCookie: [] }, { sessionToken: [] }, { bearerToken: [] }];

const securityOf = (method: DescMethod): readonly JsonObject[] => {
  switch (getOption(method, access)) {
    case Access.SESSION:
      return session;
    case Access.ADMIN:
      return [{}, { adminKey: [] }];
    default:
      return [{}];
  }
};

const accessName = (method: DescMethod): string =>
  (AccessSchema.value[getOption(method, access)]?.name ?? "").replace("ACCESS_", "").toLowerCase();

/** The template with its constants filled in: `/self-service/settings/api`. */
const pathOf = (route: Route): string =>
  route.path.parameters.reduce((path, { field, name }) => path.replace(`:${name}`, `{${field}}`), route.path.pattern);

const parametersOfPath = ({ path }: Route): ReadonlySet<string> =>
  new Set([...path.constants, ...path.parameters].map(({ field }) => field));

/** Whether a query can hold the field. */
const fitsQuery = (field: DescField): boolean =>
  (field.fieldKind === "scalar" && field.scalar !== ScalarType.BYTES) ||
  field.fieldKind === "enum" ||
  (field.fieldKind === "list" && field.message === undefined) ||
  (field.fieldKind === "message" &&
    ["google.protobuf.FieldMask", "google.protobuf.Timestamp"].includes(field.message.typeName));

export interface OperationsDeps {
  readonly schemas: Schemas;
  readonly errors: ErrorAnswers;
  /** The example of an answer, as members of its media type. */
  readonly exampleFor: (schema: Schema) => JsonObject;
}

/** Makes the `paths` of the document. */
export const pathsOf = (methods: readonly DescMethod[], deps: OperationsDeps): JsonObject => {
  const paths: Record<string, Record<string, JsonObject>> = {};
  for (const method of methods) {
    for (const [index, route] of routesOf(method).entries()) {
      const path = pathOf(route);
      const item = paths[path] ?? {};
      item[route.verb.toLowerCase()] = operationOf(route, index === 0, deps);
      paths[path] = item;
    }
  }
  return Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1)));
};

const operationOf = (route: Route, isFirst: boolean, deps: OperationsDeps): JsonObject => {
  const { method } = route;
  const [title = "", ...rest] = commentOf(method).split("\n\n");
  const parameters = parametersOf(route, deps.schemas);
  const body = requestBodyOf(route, deps.schemas);
  return {
    operationId: operationId(route, isFirst),
    tags: [areaOfRpc(method)],
    summary: title.replace(/\.$/, ""),
    description: rest.join("\n\n"),
    security: securityOf(method),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && { requestBody: body }),
    responses: { ...answersOf(route, deps), ...deps.errors.of(method) },
    "x-ostiary-rpc": `${method.parent.typeName}/${method.name}`,
    "x-ostiary-access": accessName(method),
  };
};

const parametersOf = (route: Route, schemas: Schemas): JsonObject[] => {
  const taken = parametersOfPath(route);
  const inPath = new Set(route.path.parameters.map(({ field }) => field));
  const etag = route.body === undefined || route.body === "*" ? undefined : etagField(route.body.message);
  const header: JsonObject[] =
    etag === undefined
      ? []
      : [{ name: "If-Match", in: "header", required: false, description: commentOf(etag), schema: { type: "string" } }];
  return [
    ...route.method.input.fields.flatMap((field): JsonObject[] => {
      const where = inPath.has(field.name) ? "path" : "query";
      if (
        where === "query" &&
        (route.body === "*" || field === route.body || taken.has(field.name) || !fitsQuery(field))
      )
        return [];
      const { description = "", ...schema } = schemas.ofField(field, "read");
      const required = where === "path" || schema.format === "uuid";
      return [{ name: memberName(field), in: where, required, description, schema }];
    }),
    ...header,
  ];
};

const requestBodyOf = (route: Route, schemas: Schemas): JsonObject | undefined => {
  const { body, method } = route;
  if (body === undefined) return undefined;
  const taken = parametersOfPath(route);
  const schema =
    body === "*"
      ? schemas.inline(method.input, "read", (field) => !taken.has(field.name))
      : schemas.ofField(body, "read");
  const { description = "", ...plain } = schema;
  if (isOfLines(route))
    return { description: "A line for each, as JSON.", required: true, content: { [lines]: { schema: plain } } };
  return {
    ...(description !== "" && { description }),
    required: true,
    content: { "application/json": { schema: plain }, "application/x-www-form-urlencoded": { schema: plain } },
  };
};

/** A value of JSON on each line. */
const lines = "application/x-ndjson";

const answersOf = (route: Route, deps: OperationsDeps): Record<string, JsonObject> => {
  const { method, responseBody, programsOnly } = route;
  const { status, prints, onlyRedirects, navigated } = compileAnswer(route, printers);
  const answers: Record<string, JsonObject> = {};
  if (prints) {
    const schema = responseBody
      ? deps.schemas.ofField(responseBody, "printed")
      : deps.schemas.ofMessage(method.output, "printed");
    const { description = "", ...plain } = schema;
    const headers = headersOf(route);
    const content =
      isOfLines(route) || answersLines(route)
        ? { [lines]: { schema: (plain.items ?? plain) as JsonObject } }
        : { "application/json": { schema: plain, ...deps.exampleFor(plain) } };
    answers[String(status)] = {
      description: String(description) || "What the call answers.",
      ...(Object.keys(headers).length > 0 && { headers }),
      content,
    };
  } else if (!onlyRedirects) {
    answers["204"] = { description: "It is done." };
  }
  // A browser without a session is sent from the form of a flow to the place where it signs in.
  if (!programsOnly && (navigated || flowOf(method.parent) !== undefined))
    answers["303"] = {
      description: onlyRedirects ? "The caller is sent on." : "A browser that wants HTML is sent on.",
      headers: { Location: { description: "Where it goes.", schema: { type: "string" } } },
    };
  return answers;
};

const headersOf = ({ method, responseBody }: Route): Record<string, JsonObject> => {
  const etag = responseBody && etagField(method.output);
  const isPaged = method.output.fields.some(({ name }) => name === "next_page_token");
  return {
    ...(etag !== undefined && { ETag: { description: commentOf(etag), schema: { type: "string" } } }),
    ...(isPaged && {
      Link: {
        description: "The first page and the next one (RFC 8288), by `page_size` and `page_token`.",
        schema: { type: "string" },
      },
    }),
  };
};
