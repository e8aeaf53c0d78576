/**
 * Turns the bytes of a body into members. Knows content types and nothing of
 * messages: what the members mean is decode.ts.
 */

import { isUtf8 } from "node:buffer";
import { MIMEType } from "node:util";
import type { JsonValue } from "@bufbuild/protobuf";
import { serviceError } from "../../errors/service-error.ts";
import { isObject } from "../../lib/json-object.ts";
import { jsonShapeFault, shapeBounds, tooMany } from "../../lib/json-shape.ts";
import { type RequestMember, requestMembers, requestMembersOfPairs } from "./request-member.ts";

/** A form is nothing but members, each of one value. */
const mostMembers = shapeBounds.values;

/** What a body held, or why it could not be read. */
export type Body =
  | { readonly kind: "members"; readonly members: readonly RequestMember[] }
  | { readonly kind: "malformed"; readonly reason: string };

/**
 * Reads a body by its content type: JSON object, urlencoded or multipart form.
 * Never throws for what cannot be decoded; throws INVALID_FIELD for a file.
 *
 * @param times how many times the usual number of values JSON may have
 */
export const readBody = async (
  bytes: Buffer | undefined,
  contentType: string | undefined,
  times = 1,
): Promise<Body> => {
  const type = mediaType(contentType);
  if (bytes === undefined || bytes.length === 0) return malformed(type === undefined ? notAType : "The body is empty.");
  switch (type) {
    case "application/json":
      return readJson(bytes, times);
    case "application/x-www-form-urlencoded":
      return readForm(bytes);
    case "multipart/form-data":
      return readMultipart(bytes, contentType ?? "");
    default:
      return malformed(notAType);
  }
};

const notAType =
  "The content type is none of application/json, application/x-www-form-urlencoded and multipart/form-data.";

/**
 * The content type of a body that an operator's program sends: JSON where it begins as JSON does, whatever the header
 * says. Scripts leave the header out, or have that of their HTTP client, which is a form's for `curl -d`.
 */
export const typeOfOperators = (bytes: Buffer | undefined, contentType: string | undefined): string | undefined =>
  BEGINS_AS_JSON.test(bytes?.toString("latin1", 0, 64) ?? "") ? "application/json" : contentType;

const BEGINS_AS_JSON = /^\s*[[{]/;

/** The media type without its parameters; undefined for what is not of the form `type/subtype`. */
export const mediaType = (contentType: string | undefined): string | undefined => {
  const type = (contentType ?? "").split(";", 1)[0]?.trim().toLowerCase();
  return contentType === undefined || type?.includes("/") ? (type ?? "") : undefined;
};

const malformed = (reason: string): Body => ({ kind: "malformed", reason });

const named = ({ name }: RequestMember): boolean => name.length <= shapeBounds.name;

const bounded = (members: readonly RequestMember[]): Body => {
  if (!members.every(named)) return malformed(tooMany.name);
  return members.some(({ values }) => values.length > shapeBounds.entries)
    ? malformed(tooMany.entries)
    : { kind: "members", members };
};

/** Reads a body that is a JSON list: the values of the field that it is the body for. */
export const readListBody = (bytes: Buffer | undefined, contentType: string | undefined, name: string): Body => {
  if (mediaType(contentType)?.endsWith("json") !== true) return malformed("The content type is not application/json.");
  const parsed = parseJson(bytes ?? Buffer.alloc(0));
  if (typeof parsed === "string") return malformed(parsed);
  return Array.isArray(parsed.value)
    ? bounded([{ name, path: name, values: [parsed.value] }])
    : malformed("The body is JSON, but not a list.");
};

const readJson = (bytes: Buffer, times: number): Body => {
  const parsed = parseJson(bytes, times);
  if (typeof parsed === "string") return malformed(parsed);
  return isObject(parsed.value)
    ? bounded(requestMembers(parsed.value))
    : malformed("The body is JSON, but not an object.");
};

/** The value of a JSON text, or why it cannot be read. */
const parseJson = (bytes: Buffer, times = 1): { readonly value: JsonValue } | string => {
  if (!isUtf8(bytes)) return "The body is not valid UTF-8.";
  const fault = jsonShapeFault(bytes, times);
  if (fault !== undefined) return fault;
  try {
    return { value: JSON.parse(bytes.toString("utf8")) };
  } catch {
    // The parser's own words may repeat what was sent, which may be secret.
    return "The body is not valid JSON.";
  }
};

const readForm = (bytes: Buffer): Body => {
  if (occursMore(bytes, "&", mostMembers)) return malformed(tooMany.values);
  return bounded(requestMembersOfPairs(new URLSearchParams(bytes.toString("utf8"))));
};

/** Has the parser of multipart forms loaded, which takes longer than any form. */
export const prepareMultipart = async (): Promise<void> => {
  await readMultipart(Buffer.from("--b--\r\n"), "multipart/form-data; boundary=b");
};

const readMultipart = async (bytes: Buffer, contentType: string): Promise<Body> => {
  const boundary = boundaryOf(contentType);
  if (boundary === undefined) return malformed("The content type names no boundary of the parts.");
  const fault = multipartFault(bytes, boundary);
  if (fault !== undefined) return malformed(fault);
  let parts: FormData;
  try {
    // The parser reads a type of our own, so that it parses by the boundary that was counted.
    const headers = { "content-type": `multipart/form-data; boundary="${boundary}"` };
    parts = await new Response(new Uint8Array(bytes), { headers }).formData();
  } catch {
    return malformed("The body is not a valid multipart form.");
  }
  const pairs: [string, string][] = [];
  for (const [name, value] of parts) {
    if (typeof value !== "string")
      throw serviceError("INVALID_FIELD", { field: name, explain: `${name}: files are not accepted.` });
    pairs.push([name, value]);
  }
  return bounded(requestMembersOfPairs(pairs));
};

/** Whether something is found more often than that. */
const occursMore = (bytes: Buffer, what: string, most: number): boolean => {
  let found = 0;
  for (let at = bytes.indexOf(what); at !== -1; at = bytes.indexOf(what, at + what.length)) {
    found++;
    if (found > most) return true;
  }
  return false;
};

/** Bytes of the header of a part: it has a name and a type. */
const longestHeader = 1_024;

/** What RFC 2046, section 5.1.1, allows. */
const BOUNDARY = /^[\w'()+,./:=? -]{0,69}[\w'()+,./:=?-]$/;

/** The boundary that a content type names, also beside other parameters; undefined where it names none of use. */
const boundaryOf = (contentType: string): string | undefined => {
  try {
    const boundary = new MIMEType(contentType).params.get("boundary") ?? "";
    return BOUNDARY.test(boundary) ? boundary : undefined;
  } catch {
    return undefined;
  }
};

/** Finds what is too much in a multipart form: parts, and what stands in front of each. */
const multipartFault = (bytes: Buffer, boundary: string): string | undefined => {
  const delimiter = `--${boundary}`;
  let parts = 0;
  for (let at = bytes.indexOf(delimiter); at !== -1; ) {
    parts++;
    if (parts > mostMembers + 1) return tooMany.values;
    const next = bytes.indexOf(delimiter, at + delimiter.length);
    const header = bytes.subarray(at, next === -1 ? bytes.length : next).indexOf("\r\n\r\n");
    if (header > longestHeader) return `A part has a header that is longer than ${longestHeader} bytes.`;
    at = next;
  }
  return undefined;
};
