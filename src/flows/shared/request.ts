import { FlowType } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { columnSizes } from "../../db/column-sizes.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import { cutText } from "../../lib/cut-text.ts";
import { parseUuid } from "../../lib/ids.ts";

/** @throws INVALID_FIELD unless the request says which type of flow it wants */
export const mustNameType = (type: FlowType): void => {
  if (type === FlowType.UNSPECIFIED)
    throw serviceError("INVALID_FIELD", { field: "type", explain: "type must be FLOW_TYPE_BROWSER or FLOW_TYPE_API." });
};

/** @throws INVALID_FIELD unless a submit names a flow in the form of an id */
export const mustNameFlow = (id: string): void => {
  if (parseUuid(id) === undefined) {
    throw serviceError("INVALID_FIELD", {
      field: "flow",
      explain: id === "" ? "The flow query parameter is missing." : "The flow query parameter is not a flow id.",
    });
  }
};

/** @throws FLOW_NOT_FOUND */
export const mustExist = <T>(flow: T | undefined, explain?: string): T => {
  if (flow === undefined) throw serviceError("FLOW_NOT_FOUND", explain === undefined ? {} : { explain });
  return flow;
};

/**
 * The URL a flow was created with. Where the request was none of REST's, it is
 * the one REST would have been asked with: the flow keeps its `return_to` in it.
 *
 * @param init where a flow is created, with the parameters of the request
 * @throws INVALID_FIELD naming the longest parameter, when the URL is too long to be kept
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
