import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import { type ServiceError, serviceError } from "../errors/service-error.ts";

/** How much of a body is taken, and for how long it is waited for. */
export interface BodyLimits {
  readonly bytes: number;
  /** Milliseconds from the header to the end of the body. */
  readonly wait: number;
}

/**
 * Reads a body whole.
 *
 * @throws BODY_TOO_LARGE as soon as it is known; the rest is read and dropped, so that the client hears the answer
 * @throws ConnectError when the client is gone or too slow
 */
export const readBody = (request: IncomingMessage | Http2ServerRequest, limits: BodyLimits): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const timer = setTimeout(
      () => stop(new ConnectError("the body did not arrive in time", Code.DeadlineExceeded)),
      limits.wait,
    );
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > limits.bytes) stop(tooLarge(limits.bytes));
      else chunks.push(chunk);
    };
    const onEnd = () => {
      leave();
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size));
    };
    const onGone = () => stop(new ConnectError("the client is gone", Code.Canceled));
    const leave = () => {
      clearTimeout(timer);
      request.off("data", onData).off("end", onEnd).off("error", onGone).off("close", onGone);
    };
    const stop = (error: Error) => {
      leave();
      // A stream without a listener for errors takes the process down.
      request.on("error", () => undefined).resume();
      reject(error);
    };
    if (Number(request.headers["content-length"]) > limits.bytes) return stop(tooLarge(limits.bytes));
    request.on("data", onData).on("end", onEnd).on("error", onGone).on("close", onGone);
  });

/** A message over the limit. */
export const tooLarge = (bytes: number): ServiceError =>
  serviceError("BODY_TOO_LARGE", { explain: `The message is larger than ${bytes} bytes.` });
