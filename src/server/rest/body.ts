/**
 * Turns the bytes of a body into members. Knows content types and nothing of
 * messages: what the members mean is decode.ts.
 */
import { isUtf8 } from "node:buffer";
import type { JsonValue } from "@bufbuild/protobuf";
import { serviceError } from "../../errors/service-error.ts";
import { isObject, type RequestMember, requestMembers, requestMembersOfPairs } from "./request-member.ts";

/** Largest body in bytes (around §0.5). */
export const bodyLimit = 5 * 1024 * 1024;

/** More members than any form has; above it a body is not read on. */
const mostMembers = 1000;

/** What a body held, or why it could not be read. */
export type Body =
  | { readonly kind: "members"; readonly members: readonly RequestMember[] }
  | { readonly kind: "malformed"; readonly reason: string };

/**
 * Reads a body by its content type: JSON object, urlencoded or multipart form.
 * Never throws for what cannot be decoded; throws INVALID_FIELD for a file.
 */
export const readBody = async (bytes: Buffer | undefined, contentType: string | undefined): Promise<Body> => {
  const type = mediaType(contentType);
  if (bytes === undefined || bytes.length === 0) return malformed(type === undefined ? notAType : "The body is empty.");
  switch (type) {
    case "application/json":
      return readJson(bytes);
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

/** The media type without its parameters; undefined for what is not of the form `type/subtype`. */
const mediaType = (contentType: string | undefined): string | undefined => {
  const type = (contentType ?? "").split(";", 1)[0]?.trim().toLowerCase();
  return contentType === undefined || type?.includes("/") ? (type ?? "") : undefined;
};

const malformed = (reason: string): Body => ({ kind: "malformed", reason });

const bounded = (members: readonly RequestMember[]): Body =>
  members.length > mostMembers
    ? malformed(`The body has more than ${mostMembers} members.`)
    : { kind: "members", members };

const readJson = (bytes: Buffer): Body => {
  if (!isUtf8(bytes)) return malformed("The body is not valid UTF-8.");
  let value: JsonValue;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch {
    // The parser's own words may repeat what was sent, which may be secret.
    return malformed("The body is not valid JSON.");
  }
  return isObject(value) ? bounded(requestMembers(value)) : malformed("The body is JSON, but not an object.");
};

const readForm = (bytes: Buffer): Body => {
  const text = bytes.toString("latin1");
  let separators = 0;
  for (let at = text.indexOf("&"); at !== -1 && separators <= mostMembers; at = text.indexOf("&", at + 1)) separators++;
  if (separators > mostMembers) return malformed(`The body has more than ${mostMembers} members.`);
  return bounded(requestMembersOfPairs(new URLSearchParams(bytes.toString("utf8"))));
};

const readMultipart = async (bytes: Buffer, contentType: string): Promise<Body> => {
  let parts: FormData;
  try {
    parts = await new Response(new Uint8Array(bytes), { headers: { "content-type": contentType } }).formData();
  } catch {
    return malformed("The body is not a valid multipart form.");
  }
  const pairs: [string, string][] = [];
  for (const [name, value] of parts) {
    if (typeof value !== "string")
      throw serviceError("INVALID_FIELD", { field: name, explain: `${name}: files are not taken.` });
    pairs.push([name, value]);
  }
  return bounded(requestMembersOfPairs(pairs));
};
