import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import type { Call } from "./call.ts";

/** A request of either protocol, as node gives it. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;

/** How the bodies of one RPC are let in. What is not let in is not read. */
export interface Intake {
  /** Whether the caller may make the call at all, as far as its header tells. If not, the procedure says why. */
  readonly admits: (call: Call) => boolean;
  /**
   * Reads a body whole.
   *
   * @param room bytes that it may be longer than its message
   * @throws BODY_TOO_LARGE, SESSION_INACTIVE, OVERLOADED; ConnectError when the client is gone
   */
  readonly read: (request: NodeRequest, call: Call, room?: number) => Promise<AdmittedBody>;
  /** Begins to read a body of many messages. @throws OVERLOADED */
  readonly stream: (request: NodeRequest, call: Call) => AdmittedStream;
}

/** A body of many messages that was let in. It is read as fast as its pieces are asked for. */
export interface AdmittedStream {
  /** @throws ConnectError when the client is gone */
  readonly chunks: AsyncIterable<Buffer>;
  /** Bytes that each message may have. */
  readonly limit: number;
  /** Decompresses one. @throws BODY_TOO_LARGE, MALFORMED_BODY */
  readonly inflate: (data: Buffer, decompress: Decompress) => Promise<Buffer>;
  readonly free: () => void;
}

/** A body that was let in. Its bytes count as in flight until they are freed. */
export interface AdmittedBody {
  readonly data: Buffer;
  /** Bytes that its message may have, as far as that was asked. */
  readonly limit: number;
  /** Decompresses a message of it. @throws BODY_TOO_LARGE, MALFORMED_BODY, SESSION_INACTIVE, OVERLOADED */
  readonly inflate: (data: Buffer, decompress: Decompress) => Promise<Buffer>;
  readonly free: () => void;
}

/** Decompresses a message into at most `limit` bytes. @throws BODY_TOO_LARGE, MALFORMED_BODY */
export type Decompress = (data: Buffer, limit: number) => Promise<Buffer>;
