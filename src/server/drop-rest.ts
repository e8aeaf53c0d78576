import { constants } from "node:http2";
import type { NodeRequest } from "../lib/intake.ts";

/** Bytes that are dropped of a refused body: what is on its way when the client hears the answer. */
const underway = 262_144;

/**
 * Drops what comes of a body that is refused. Over HTTP/2 its stream ends when
 * that is much; over HTTP/1.1 the connection ends with the answer (linger.ts).
 */
export const dropRest = (request: NodeRequest): void => {
  // A stream without a listener for errors takes the process down.
  request.on("error", () => undefined);
  if (!("stream" in request)) {
    request.resume();
    return;
  }
  const { stream } = request;
  let dropped = 0;
  request.on("data", (chunk: Buffer) => {
    dropped += chunk.length;
    if (dropped > underway && !stream.destroyed) stream.close(constants.NGHTTP2_NO_ERROR);
  });
};
