import { constants } from "node:http2";
import type { NodeRequest } from "../lib/intake.ts";

/** Ends a call of which the client does not read the answer: the connection, or over HTTP/2 its stream. */
export const cutOff = (request: NodeRequest): void => {
  if ("stream" in request) request.stream.close(constants.NGHTTP2_CANCEL);
  else request.socket.destroy();
};
