import { Code, ConnectError } from "@connectrpc/connect";
import { serviceError } from "../../errors/service-error.ts";
import { tooLarge } from "../read-body.ts";

/** A message as it came. */
export interface Opened {
  readonly data: Buffer;
  readonly compressed: boolean;
}

/** One byte of flags, four of length. */
const head = 5;

/** Bytes that a body may be longer than its message. */
export const envelopeRoom = head;

/**
 * Takes the one message of a unary gRPC or gRPC-Web call out of its envelope.
 *
 * @throws ConnectError UNIMPLEMENTED for no message or more than one, as gRPC has it
 * @throws MALFORMED_BODY, BODY_TOO_LARGE
 */
export const openEnvelope = (body: Buffer, limit: number): Opened => {
  if (body.length === 0) throw new ConnectError("a unary call needs a message", Code.Unimplemented);
  if (body.length < head)
    throw serviceError("MALFORMED_BODY", { explain: "The envelope of the message is cut short." });
  const flags = body.readUInt8(0);
  const end = head + body.readUInt32BE(1);
  if (end - head > limit) throw tooLarge(limit);
  if (body.length < end)
    throw serviceError("MALFORMED_BODY", { explain: "The message is shorter than its envelope says." });
  if (flags > 1) throw serviceError("MALFORMED_BODY", { explain: "The envelope of the message has unknown flags." });
  if (body.length > end) throw new ConnectError("a unary call has one message", Code.Unimplemented);
  return { data: body.subarray(head, end), compressed: flags === 1 };
};

/** Puts bytes into an envelope. */
export const sealEnvelope = (data: Buffer, flags = 0): Buffer => {
  const sealed = Buffer.allocUnsafe(head + data.length);
  sealed.writeUInt8(flags, 0);
  sealed.writeUInt32BE(data.length, 1);
  data.copy(sealed, head);
  return sealed;
};
