import { constants } from "node:http2";
import type { NodeRequest } from "../lib/intake.ts";

/** Milliseconds in which a client may still read how its call has ended, before its connection or stream is closed. */
export const LAST_WORD_MS = 1_000;

/** Ends a call of which the client does not read the answer: the connection, or over HTTP/2 its stream. */
export const cutOff = (request: NodeRequest): void => {
  if ("stream" in request) request.stream.close(constants.NGHTTP2_CANCEL);
  else request.socket.destroy();
};
