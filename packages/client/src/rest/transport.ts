import { create, type DescMethodUnary, type JsonObject, type JsonValue, type Message } from "@bufbuild/protobuf";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { restError } from "./error.ts";
import { navigationField } from "./names.ts";
import { isObject, readField, readMessage } from "./read.ts";
import { type RestRequest, restRequest } from "./route.ts";

/** How the REST protocol is reached. */
export interface RestTransportOptions {
  /** URL of the public port: `https://id.example.com`. */
  readonly baseUrl: string;
  /** Instead of the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch;
  /** Whether a browser sends its cookies: `include`, the default, to other origins as well. */
  readonly credentials?: NonNullable<RequestInit["credentials"]>;
}

/**
 * Creates a transport of Connect that calls the REST protocol: the same
 * messages and the same errors as over Connect and gRPC, so that everything here
 * works with either. For browsers whose pages keep to documented REST paths, and
 * for servers that let nothing else through.
 */
export const createRestTransport = ({
  baseUrl,
  fetch = globalThis.fetch,
  credentials = "include",
}: RestTransportOptions): Transport => {
  const base = baseUrl.replace(/\/+$/, "");

  const send = async (request: RestRequest, header: Headers, signal: AbortSignal | undefined): Promise<Response> => {
    header.set("accept", "application/json");
    if (request.body !== undefined) header.set("content-type", "application/json");
    try {
      return await fetch(base + request.place, {
        method: request.verb,
        headers: header,
        credentials,
        ...(request.body !== undefined && { body: JSON.stringify(request.body) }),
        ...(signal !== undefined && { signal }),
      });
    } catch (error) {
      throw ConnectError.from(error, signal?.aborted ? Code.Canceled : Code.Unavailable);
    }
  };

  return {
    unary: async (method, signal, timeoutMs, header, input) => {
      const request = restRequest(method, create(method.input, input));
      const answer = await send(request, new Headers(header), withTimeout(signal, timeoutMs));
      const body = await bodyOf(answer);
      const message = messageOf(method, request, answer, body);
      if (message === undefined)
        throw restError(method, {
          status: answer.status,
          body,
          place: request.place,
          retryAfter: answer.headers.get("retry-after"),
        });
      return {
        stream: false,
        service: method.parent,
        method,
        header: answer.headers,
        trailer: new Headers(),
        message: message as never,
      };
    },
    stream: async (method) => {
      throw new ConnectError(`${method.name} cannot be called over REST`, Code.Unimplemented);
    },
  };
};

const withTimeout = (signal: AbortSignal | undefined, timeoutMs: number | undefined): AbortSignal | undefined => {
  if (timeoutMs === undefined || timeoutMs <= 0) return signal;
  const timeout = AbortSignal.timeout(timeoutMs);
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
};

const bodyOf = async (answer: Response): Promise<JsonValue | undefined> => {
  const text = await answer.text();
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
};

/** The response that an answer is; undefined when it is an error. */
const messageOf = (
  method: DescMethodUnary,
  { answers }: RestRequest,
  answer: Response,
  body: JsonValue | undefined,
): Message | undefined => {
  if (!answer.ok) return navigationOf(method, body);
  const etag = answer.headers.get("etag")?.replaceAll(/^"|"$/g, "");
  const json: JsonObject = isObject(body) && answers === undefined ? body : {};
  const message = readMessage(method.output, { ...json, ...(etag && { etag }) });
  if (answers !== undefined && body !== undefined)
    (message as unknown as Record<string, unknown>)[answers.localName] = readField(answers, body);
  return message;
};

/** Where REST asks a script to navigate, the other protocols answer with the URL. */
const navigationOf = (method: DescMethodUnary, body: JsonValue | undefined): Message | undefined => {
  const to = navigationField(method.output);
  if (to === undefined || !isObject(body) || !isObject(body.error)) return undefined;
  if (body.error.id !== "browser_location_change_required" || typeof body.redirect_browser_to !== "string")
    return undefined;
  return create(method.output, { [to.localName]: body.redirect_browser_to } as never);
};
