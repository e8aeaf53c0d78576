import { columnSizes } from "../../db/column-sizes.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import { cutText } from "../../lib/cut-text.ts";

/** Returns the flow that was found. @throws FLOW_NOT_FOUND where there is none */
export const mustExist = <T>(flow: T | undefined, explain?: string): T => {
  if (flow === undefined) throw serviceError("FLOW_NOT_FOUND", explain === undefined ? {} : { explain });
  return flow;
};

/**
 * The URL a flow was created with. Where the request was none of REST's, it is
 * the one REST would have been asked with: the flow has its `return_to` in it.
 *
 * @param init where a flow is created, with the parameters of the request
 * @throws INVALID_FIELD naming the longest parameter, when the URL is too long to be stored
 */
export const requestUrlOf = (call: Call, init: string): string => {
  const url = call.protocol === "rest" ? call.url : init;
  if (Buffer.byteLength(url) <= most) return url;
  const field = longestParameter(url);
  throw serviceError("INVALID_FIELD", {
    field,
    explain: `The field ${field} is too long: the URL of the request may have ${most} bytes.`,
  });
};

/** Bytes: far less than its column takes. */
const most = Math.min(4_096, columnSizes["flows.request_url"]);

const longestParameter = (url: string): string => {
  const [longest] = [...(URL.parse(url)?.searchParams ?? [])].sort(([, a], [, b]) => b.length - a.length);
  return longest === undefined ? "request_url" : cutText(longest[0], 64);
};
