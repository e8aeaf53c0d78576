import { readFileSync, statSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import type { AddressRules } from "./address-rules.ts";
import type { OutboundFetch } from "./outbound-fetch.ts";
import { readBody } from "./read-body.ts";

/*
 * Documents that the configuration names by a URL: identity schemas, programs,
 * templates of messages, sets of keys. They come from `base64://`, a file
 * (`file://`, absolute) or a server, and have one limit.
 */

/** Bytes of one document. */
const LIMIT = 1_048_576;
/** Milliseconds that the server of a document has. */
const TIMEOUT_MS = 10_000;

const base64 = "base64://";

/** Gets a document of a server. */
export type GetDocument = (url: string) => Promise<Response>;

/**
 * Reads a document as UTF-8.
 *
 * @param get for `http://` and `https://`
 * @throws RangeError where it is too large; Error where it cannot be read, which never quotes it
 */
export const readDocument = async (url: string, get: GetDocument): Promise<string> => {
  if (url.startsWith(base64)) return decode(url);
  const { protocol } = new URL(url);
  switch (protocol) {
    case "file:":
      mustFit((await stat(new URL(url))).size);
      return readFile(new URL(url), "utf8");
    case "http:":
    case "https:":
      return readAnswer(await get(url));
    default:
      throw new Error(`a document comes from file://, base64://, http:// or https://, not ${protocol}//`);
  }
};

/** The same for what is here already; undefined for the URL of a server. Blocks. */
export const readLocalDocument = (url: string): string | undefined => {
  if (url.startsWith(base64)) return decode(url);
  return url.startsWith("file://") ? readLocalFile(new URL(url)) : undefined;
};

/** A file of the configuration, with the limit of documents. Blocks. @throws RangeError where it is too large */
export const readLocalFile = (file: string | URL): string => {
  mustFit(statSync(file).size);
  return readFileSync(file, "utf8");
};

/** Creates a `get` of `readDocument` that follows no redirect and goes nowhere in the clear but in private networks. */
export const createGetDocument =
  (rules: AddressRules, fetch: OutboundFetch): GetDocument =>
  (url) => {
    const policy = rules.policyOf(new URL(url), true);
    if (policy === undefined) throw new Error("plain http to the public Internet is not allowed: use https");
    return fetch(url, { method: "GET", signal: AbortSignal.timeout(TIMEOUT_MS), policy });
  };

const readAnswer = async (response: Response): Promise<string> => {
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`the server answered ${response.status}`);
  }
  const body = await readBody(response, LIMIT);
  if (body === undefined) throw tooLarge();
  return body.toString("utf8");
};

const decode = (url: string): string => {
  const bytes = Buffer.from(url.slice(base64.length), "base64");
  mustFit(bytes.length);
  return bytes.toString("utf8");
};

const mustFit = (size: number): void => {
  if (size > LIMIT) throw tooLarge();
};

const tooLarge = () => new RangeError(`is larger than ${LIMIT} bytes`);
