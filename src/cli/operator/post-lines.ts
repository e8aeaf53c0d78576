import http from "node:http";
import https from "node:https";
import type { Connection } from "./connection.ts";

/** What came of a body of lines. */
export type PostedLines =
  | { readonly kind: "answered"; readonly lines: readonly string[] }
  /** Refused as a whole; sending it again does not help. */
  | { readonly kind: "refused"; readonly reason: string }
  /** It may be sent again. */
  | { readonly kind: "unavailable"; readonly reason: string };

/** Milliseconds without a byte of the answer. */
const IDLE_TIMEOUT_MS = 120_000;

/** Statuses that pass: too much to do, a node that is gone, a proxy without one. */
const passing = [408, 425, 429, 500, 502, 503, 504];

/** Posts a body of lines of JSON and reads the lines of the answer. Never throws. */
export const postLines = (
  { baseUrl, apiKey, request: options }: Connection,
  path: string,
  body: Buffer,
): Promise<PostedLines> =>
  new Promise((resolve) => {
    const fail = (error: NodeJS.ErrnoException): void =>
      resolve({ kind: "unavailable", reason: `no connection (${error.code ?? error.message})` });
    const request = (baseUrl.startsWith("https:") ? https : http).request(
      `${baseUrl}${path}`,
      {
        ...options,
        method: "POST",
        timeout: IDLE_TIMEOUT_MS,
        headers: {
          "content-type": "application/x-ndjson",
          "content-length": body.length,
          ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
        },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("error", fail);
        response.on("close", () => response.complete || fail(new Error("the answer broke off")));
        response.on("end", () => resolve(outcomeOf(response.statusCode ?? 0, text)));
      },
    );
    request.on("timeout", () => request.destroy(new Error("no answer")));
    request.on("error", fail);
    request.end(body);
  });

const outcomeOf = (status: number, text: string): PostedLines => {
  if (status !== 200) {
    const reason = reasonIn(text) ?? `status ${status}`;
    return { kind: passing.includes(status) ? "unavailable" : "refused", reason };
  }
  const lines = text.split("\n").filter((line) => line !== "");
  const last = lines.at(-1);
  const failure = last?.startsWith('{"error"') ? reasonIn(last) : undefined;
  return failure === undefined ? { kind: "answered", lines } : { kind: "unavailable", reason: failure };
};

const reasonIn = (text: string): string | undefined => {
  try {
    const { error } = JSON.parse(text) as { readonly error: { readonly reason?: string; readonly message: string } };
    return error.reason ?? error.message;
  } catch {
    return undefined;
  }
};
