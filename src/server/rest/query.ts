import { cleanPath } from "../../lib/clean-path.ts";
import { type RequestMember, requestMembersOfPairs } from "./request-member.ts";

/**
 * Reads the query of a request's address: the only place that does. It is read
 * by the rules of the URL standard (https://url.spec.whatwg.org), by which those
 * who are shown the address read it again. A fragment is no part of a request.
 */
export const readQuery = (url: string): RequestMember[] => {
  const query = queryOf(url);
  if (query === "") return [];
  return requestMembersOfPairs(new URLSearchParams(query)).map((sent) =>
    sent.values.length > 1 ? { ...sent, mustBeSingle: true } : sent,
  );
};

/** The query of an address, without its question mark. */
export const queryOf = (url: string): string => {
  const address = withoutFragment(url);
  const at = address.indexOf("?");
  return at < 0 ? "" : address.slice(at + 1);
};

/**
 * An address in a form that every reader takes apart alike: its path cleaned,
 * without fragment, and without semicolons in its query, which separate
 * parameters for some.
 */
export const unambiguousUrl = (url: string): string => {
  const address = cleanPath(withoutFragment(url));
  const at = address.indexOf("?");
  return at < 0 || !address.includes(";", at)
    ? address
    : address.slice(0, at) + address.slice(at).replaceAll(";", "%3B");
};

const withoutFragment = (url: string): string => {
  const at = url.indexOf("#");
  return at < 0 ? url : url.slice(0, at);
};
