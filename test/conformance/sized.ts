import { once } from "node:events";
import type { Readable, Writable } from "node:stream";

/* Messages as the runner passes them: four bytes of length, the highest first, and the message. */

const lengthBytes = 4;

/** Reads one message. @throws Error when the stream ends before it is whole */
export const readSized = async (input: Readable): Promise<Uint8Array> => {
  let data = Buffer.alloc(0);
  for (;;) {
    const length = data.length >= lengthBytes ? data.readUInt32BE(0) : undefined;
    if (length !== undefined && data.length >= lengthBytes + length)
      return data.subarray(lengthBytes, lengthBytes + length);
    const chunk: unknown = input.read();
    if (Buffer.isBuffer(chunk)) data = Buffer.concat([data, chunk]);
    else if (input.readableEnded) throw new Error("the input ended within a message");
    else await Promise.race([once(input, "readable"), once(input, "end")]);
  }
};

/** Writes one message. */
export const writeSized = (output: Writable, message: Uint8Array): void => {
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt32BE(message.length);
  output.write(Buffer.concat([length, message]));
};
