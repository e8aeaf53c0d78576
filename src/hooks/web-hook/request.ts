import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { Evaluated } from "../../lib/jsonnet/evaluate.ts";
import type { ReceiverRequest } from "../../lib/outbound/send-request.ts";
import { sendsBody, type WebHookConfig } from "./config.ts";
import { bodyOfFields } from "./fields.ts";

/** A request that is ready to be sent; `cancelled` where the program says that nothing is to be sent. */
export type PreparedRequest =
  | { readonly kind: "request"; readonly request: ReceiverRequest }
  | { readonly kind: "cancelled" }
  /** `transient`: the same may be prepared later. */
  | { readonly kind: "failed"; readonly reason: string; readonly transient?: boolean };

/** Makes the request of a hook. `headers` are those that every request has, by lower-case name. */
export type PrepareRequest = (ctx: JsonObject, headers: Readonly<Record<string, string>>) => Promise<PreparedRequest>;

/**
 * Creates what makes the requests of a hook.
 *
 * @param run calls the program of the body, if the configuration has one
 */
export const createPrepareRequest = (
  config: WebHookConfig,
  run: ((ctx: JsonObject) => Promise<Evaluated>) | undefined,
): PrepareRequest => {
  const { auth, fields, method, url } = config;
  const own = {
    "content-type": "application/json",
    "user-agent": "ostiary",
    ...config.headers,
    ...(auth?.type === "basic_auth" && {
      authorization: `Basic ${Buffer.from(`${auth.user}:${auth.password}`).toString("base64")}`,
    }),
    ...(auth?.type === "api_key" &&
      (auth.in === "header"
        ? { [auth.name.toLowerCase()]: auth.value }
        : { cookie: [config.headers.cookie, `${auth.name}=${auth.value}`].filter(Boolean).join("; ") })),
  };
  const isForm = own["content-type"].split(";", 1)[0]?.trim() === "application/x-www-form-urlencoded";

  return async (ctx, headers) => {
    const request = { url, method, headers: { ...headers, ...own } };
    // A program of a request without a body may still cancel it.
    const value = run ? await evaluated(run, ctx) : fields && { json: bodyOfFields(fields, ctx) };
    if (value !== undefined && "kind" in value) return value;
    if (value === undefined || !sendsBody(method)) return { kind: "request", request: { ...request, body: undefined } };
    const body = isForm ? formOf(value.json) : JSON.stringify(value.json);
    return body === undefined
      ? { kind: "failed", reason: "the body is to be a form, but the program gives no object" }
      : { kind: "request", request: { ...request, body } };
  };
};

const evaluated = async (
  run: (ctx: JsonObject) => Promise<Evaluated>,
  ctx: JsonObject,
): Promise<{ readonly json: JsonValue } | Exclude<PreparedRequest, { readonly kind: "request" }>> => {
  const result = await run(ctx);
  if (result.kind === "value") return { json: JSON.parse(result.json) as JsonValue };
  if (result.kind === "error" && result.cancelled) return { kind: "cancelled" };
  const transient = result.kind === "error" && result.transient === true;
  return { kind: "failed", reason: `the body cannot be made: ${result.explain}`, transient };
};

/** The members of an object as fields of a form; undefined for anything else. */
const formOf = (value: JsonValue): string | undefined => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const form = new URLSearchParams();
  for (const [name, member] of Object.entries(value))
    for (const each of Array.isArray(member) ? member : [member])
      form.append(name, typeof each === "string" ? each : JSON.stringify(each));
  return form.toString();
};
