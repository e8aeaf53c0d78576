import { serviceError } from "../../errors/service-error.ts";
import type { Received } from "../../lib/call.ts";
import { createHeldBytes } from "../held-bytes.ts";
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
  const held = createHeldBytes(head + limit);
  let [wanted, passingOver] = [head, 0];
  for await (const chunk of chunks) {
    const dropped = Math.min(passingOver, chunk.length);
    passingOver -= dropped;
    const rest = chunk.subarray(dropped);
    if (held.size() + rest.length < wanted) {
      held.add(rest);
      continue;
    }
    let whole = held.drain(rest);
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
    held.add(whole);
  }
  if (held.size() > 0 || passingOver > 0)
    throw serviceError("MALFORMED_BODY", { explain: "The last message is shorter than its envelope says." });
}
