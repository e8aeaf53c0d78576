import { serviceError } from "../../errors/service-error.ts";
import type { Received } from "../../lib/call.ts";
import { tooLarge } from "../read-body.ts";
import type { Opened } from "./envelope.ts";

/** One byte of flags, four of length. */
const head = 5;

/**
 * Takes the messages of a stream out of their envelopes, one after the other. One that is larger than `limit` is not
 * held: it is passed over and given as unusable.
 *
 * @throws MALFORMED_BODY when the stream cannot be read on
 */
export async function* openEnvelopes(chunks: AsyncIterable<Buffer>, limit: number): AsyncGenerator<Received<Opened>> {
  let held: Buffer = Buffer.alloc(0);
  let passingOver = 0;
  for await (const chunk of chunks) {
    const dropped = Math.min(passingOver, chunk.length);
    passingOver -= dropped;
    const rest = dropped === 0 ? chunk : chunk.subarray(dropped);
    held = held.length === 0 ? rest : Buffer.concat([held, rest]);
    while (held.length >= head) {
      const flags = held.readUInt8(0);
      const end = head + held.readUInt32BE(1);
      if (flags > 1) throw serviceError("MALFORMED_BODY", { explain: "The envelope of a message has unknown flags." });
      if (end - head > limit) {
        yield { kind: "unusable", error: tooLarge(limit) };
        passingOver = Math.max(0, end - held.length);
        held = held.subarray(Math.min(end, held.length));
        continue;
      }
      if (held.length < end) break;
      const data = held.subarray(head, end);
      yield { kind: "message", message: { data, compressed: flags === 1 }, bytes: data.length };
      held = held.subarray(end);
    }
  }
  if (held.length > 0 || passingOver > 0)
    throw serviceError("MALFORMED_BODY", { explain: "The last message is shorter than its envelope says." });
}
