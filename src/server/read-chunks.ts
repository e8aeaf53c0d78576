import { Code, ConnectError } from "@connectrpc/connect";
import type { NodeRequest } from "../lib/intake.ts";
import { timePieces } from "./body-clock.ts";
import { dropRest } from "./drop-rest.ts";

/**
 * Reads a body piece by piece, no faster than the pieces are asked for: what is not asked for waits at the client.
 * Each must come in the time that a whole body has.
 *
 * @throws ConnectError when the client is gone
 */
export async function* readChunks(request: NodeRequest): AsyncGenerator<Buffer> {
  const clock = timePieces(request);
  let isOver = false;
  try {
    // Without this option the connection ends with the reading, and the answer with it.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      clock.waitingSince = undefined;
      yield chunk as Buffer;
      clock.waitingSince = performance.now();
    }
    isOver = true;
  } catch (cause) {
    throw new ConnectError("the client is gone", Code.Canceled, undefined, undefined, cause);
  } finally {
    clock.waitingSince = undefined;
    if (!isOver) dropRest(request);
  }
}
