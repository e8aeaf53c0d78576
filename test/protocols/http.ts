import http, { type IncomingHttpHeaders } from "node:http";
import { agentOf } from "./connections.ts";

/** What a request is made of. Nothing is added but `Host` and `Content-Length`. */
export interface Sending {
  readonly method?: string | undefined;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string | Buffer | undefined;
  /** Aborted, the connection is closed. */
  readonly signal?: AbortSignal | undefined;
}

/** What came back. Redirects are not followed. */
export interface CallbackResult {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly setCookies: readonly string[];
  readonly text: string;
  /** The body as JSON; throws when it is none. */
  readonly json: JsonBody;
}

/** JSON that tests look into. */
export interface JsonBody {
  readonly [member: string]: unknown;
}

/** Sends a request with these headers and no others, on a connection that no other request is on. */
export const send = (
  url: string,
  { method = "GET", headers = {}, body, signal }: Sending = {},
): Promise<CallbackResult> =>
  new Promise((resolve, reject) => {
    // Node gives a length to no body of a DELETE.
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const sent = Object.fromEntries(
      Object.entries({ ...length, ...headers }).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
    const at = new URL(url);
    const request = http.request(
      at,
      { method, headers: sent, agent: agentOf(at.origin), ...(signal && { signal }) },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            setCookies: response.headers["set-cookie"] ?? [],
            text,
            get json() {
              return JSON.parse(text) as JsonBody;
            },
          });
        });
      },
    );
    request.on("error", reject);
    request.end(body);
  });
