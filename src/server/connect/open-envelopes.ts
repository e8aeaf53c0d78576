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
  let held: Buffer[] = [];
  let [bytes, wanted, passingOver] = [0, head, 0];
  for await (const chunk of chunks) {
    const dropped = Math.min(passingOver, chunk.length);
    passingOver -= dropped;
    // Of a message that is passed over nothing is held: an empty part would hold the whole chunk.
    if (dropped === chunk.length) continue;
    const rest = chunk.subarray(dropped);
    held.push(rest);
    bytes += rest.length;
    // They are put together when something can be read of them, or small pieces would be copied again with each.
    if (bytes < wanted) continue;
    let whole = held.length === 1 ? rest : Buffer.concat(held, bytes);
    wanted = head;
    while (whole.length >= head) {
      const flags = whole.readUInt8(0);
      const end = head + whole.readUInt32BE(1);
      if (flags > 1) throw serviceError("MALFORMED_BODY", { explain: "The envelope of a message has unknown flags." });
      if (end - head > limit) {
        yield { kind: "unusable", error: tooLarge(limit) };
        passingOver = Math.max(0, end - whole.length);
        whole = whole.subarray(Math.min(end, whole.length));
        continue;
      }
      wanted = end;
      if (whole.length < end) break;
      const data = whole.subarray(head, end);
      yield { kind: "message", message: { data, compressed: flags === 1 }, bytes: data.length };
      whole = whole.subarray(end);
      wanted = head;
    }
    [held, bytes] = [[whole], whole.length];
  }
  if (bytes > 0 || passingOver > 0)
    throw serviceError("MALFORMED_BODY", { explain: "The last message is shorter than its envelope says." });
}
