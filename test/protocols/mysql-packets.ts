/*
 * As much of the client/server protocol of MySQL as it takes to see statements
 * go by: packets of three bytes of length, one of sequence, and a payload.
 */

/** One packet. */
export interface Packet {
  readonly sequence: number;
  readonly payload: Buffer;
  /** As it went over the wire. */
  readonly bytes: Buffer;
}

/** Takes what comes in over a wire and returns the packets that are complete. */
export const createPacketReader = (): ((data: Buffer) => readonly Packet[]) => {
  let rest: Buffer = Buffer.alloc(0);
  return (data) => {
    rest = rest.length === 0 ? data : Buffer.concat([rest, data]);
    const packets: Packet[] = [];
    while (rest.length >= 4) {
      const end = 4 + rest.readUIntLE(0, 3);
      if (rest.length < end) break;
      packets.push({ sequence: rest.readUInt8(3), payload: rest.subarray(4, end), bytes: rest.subarray(0, end) });
      rest = rest.subarray(end);
    }
    return packets;
  };
};

const COM_QUERY = 0x03;
const COM_STMT_PREPARE = 0x16;
const COM_STMT_EXECUTE = 0x17;

/** What a client asks for. */
export type Command =
  | { readonly kind: "query" | "prepare"; readonly text: string }
  | { readonly kind: "execute"; readonly id: number; readonly values: Buffer }
  | { readonly kind: "other" };

/**
 * Reads a packet of a client that has entered. MySQL from 8.0.23 on gets the numbers of the query's attributes, none,
 * and of their sets, one, before the text.
 */
export const readCommand = ({ payload }: Packet): Command => {
  switch (payload[0]) {
    case COM_QUERY:
      return { kind: "query", text: payload.toString("utf8", payload[1] === 0 ? 3 : 1) };
    case COM_STMT_PREPARE:
      return { kind: "prepare", text: payload.toString("utf8", 1) };
    case COM_STMT_EXECUTE:
      return { kind: "execute", id: payload.readUInt32LE(1), values: payload.subarray(5) };
    default:
      return { kind: "other" };
  }
};

/** Whether a packet of the server says that all went well, or that it did not: then nothing follows it. */
export const isAnswerWhole = ({ payload }: Packet): boolean => isOk({ payload }) || payload[0] === 0xff;

/** Whether a packet of the server says that all went well and there are no rows. */
export const isOk = ({ payload }: Pick<Packet, "payload">): boolean => payload[0] === 0x00;

/** The id of a statement that the server has prepared. */
export const preparedId = ({ payload }: Packet): number | undefined =>
  payload[0] === 0x00 ? payload.readUInt32LE(1) : undefined;

/** An error as a server says it. */
export interface ServerError {
  readonly number: number;
  /** SQLSTATE, of five letters. */
  readonly state: string;
  readonly text: string;
}

/** Makes the packet of an error that follows the packet of that sequence. */
export const errorPacket = ({ number, state, text }: ServerError, after: number): Buffer => {
  const payload = Buffer.concat([Buffer.from([0xff, number & 0xff, number >> 8]), Buffer.from(`#${state}${text}`)]);
  const header = Buffer.alloc(4);
  header.writeUIntLE(payload.length, 0, 3);
  header.writeUInt8(after + 1, 3);
  return Buffer.concat([header, payload]);
};
