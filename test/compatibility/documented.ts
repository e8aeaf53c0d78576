import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import type { JsonObject } from "../../scripts/openapi/schema.ts";

/** An answer, and to what. */
export interface AnswerToCheck {
  readonly port: "public" | "admin";
  readonly verb: string;
  /** Path without base and query. */
  readonly path: string;
  readonly status: number;
  /** The body, if it is JSON. */
  readonly body: unknown;
}

/** Says what an OpenAPI document does not say of an answer; undefined when it says all. */
export type CheckAnswer = (answer: AnswerToCheck) => string | undefined;

interface Operation {
  readonly operationId: string;
  readonly "x-ostiary-access": string;
  readonly responses: Readonly<
    Record<string, { readonly content?: { readonly "application/json"?: { readonly schema: JsonObject } } }>
  >;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: JsonObject;
}

const base = "openapi";

/**
 * Creates the check of a document. Paths that the document does not have are
 * nothing to check, nor is what a port answers to paths of the other one.
 */
export const createCheckAnswer = (document: JsonObject): CheckAnswer => {
  const { paths, components } = document as unknown as Document;
  const ajv = new Ajv2020({ strict: false, allErrors: false });
  formats.default(ajv);
  ajv.addSchema({ $id: base, components });
  const compiled = new Map<string, ValidateFunction>();

  const patterns = Object.entries(paths)
    .map(([template, operations]) => ({
      pattern: new RegExp(`^${template.replaceAll(/\{\w+\}/g, "[^/]+").replaceAll(".", "\\.")}$`),
      operations,
      parameters: template.split("{").length,
    }))
    .sort((a, b) => a.parameters - b.parameters);

  const validatorOf = (name: string, schema: JsonObject): ValidateFunction => {
    const known = compiled.get(name);
    if (known !== undefined) return known;
    const absolute = JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#/', `"$ref":"${base}#/`)) as JsonObject;
    const validate = ajv.compile(absolute);
    compiled.set(name, validate);
    return validate;
  };

  const operationOf = ({ port, verb, path }: AnswerToCheck): Operation | undefined => {
    const spellings = port === "admin" && !path.startsWith("/admin/") ? [path, `/admin${path}`] : [path];
    const found = patterns.find(({ pattern }) => spellings.some((spelling) => pattern.test(spelling)));
    const operation = found?.operations[verb.toLowerCase()];
    return operation && (operation["x-ostiary-access"] === "admin") === (port === "admin") ? operation : undefined;
  };

  return (answer) => {
    const operation = operationOf(answer);
    if (operation === undefined) return undefined;
    const { status, body } = answer;
    const name = `${operation.operationId} ${status}`;
    const documented = operation.responses[String(status)];
    if (documented === undefined) return `${name} is not documented`;
    const schema = documented.content?.["application/json"]?.schema;
    if (schema === undefined || body === undefined) return undefined;
    const validate = validatorOf(name, schema);
    return validate(body) ? undefined : `${name}: ${ajv.errorsText(validate.errors, { dataVar: "body" })}`;
  };
};
