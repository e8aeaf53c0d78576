import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";

/** An answer has a status that HTTP does not have (RFC 9110, section 15): the request failed. */
class StatusRefused extends Error {
  override readonly name = "StatusRefused";
  readonly code = "EBADSTATUS";

  constructor(status: number) {
    super(`the status ${status} is none of HTTP`);
  }
}

/**
 * Makes a `Response` of an answer, whose body is read from the connection as it is asked for; `body.cancel()` ends the
 * connection at once, whether any of it was read or not.
 *
 * @throws StatusRefused
 */
export const toResponse = ({ statusCode: status, headers: raw, body }: Dispatcher.ResponseData): Response => {
  // A connection that breaks while nobody reads: reading tells of it.
  body.on("error", () => undefined);
  try {
    if (status < 200 || status > 599) throw new StatusRefused(status);
    const headers = new Headers();
    for (const [name, values] of Object.entries(raw))
      for (const value of [values ?? []].flat()) headers.append(name, value);
    if (status !== 204 && status !== 205 && status !== 304) return new Response(streamOf(body), { status, headers });
    body.resume();
    return new Response(null, { status, headers });
  } catch (error) {
    body.destroy();
    throw error;
  }
};

const streamOf = (body: Readable): ReadableStream<Uint8Array<ArrayBuffer>> => {
  const chunks = body[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull: async (controller) => {
        const { done, value } = await chunks.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      cancel: () => {
        body.destroy();
      },
    },
    { highWaterMark: 0 },
  );
};
