import type { IncomingHttpHeaders } from "node:http";
import type { Admission } from "./operator.ts";

/** The ways into the server. Every protocol calls the same procedures. */
export type Protocol = "rest" | "connect" | "grpc" | "grpc-web";

/** A cookie the answer sets; the protocols turn it into a `Set-Cookie` line. */
export interface CookieInstruction {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly domain?: string | undefined;
  readonly sameSite: "lax" | "strict" | "none";
  readonly secure: boolean;
  readonly httpOnly: boolean;
  /** Seconds from now; 0 deletes the cookie; left out, it ends with the browser. */
  readonly maxAge?: number | undefined;
  readonly expires?: Date | undefined;
}

/** What the answer carries beside its message. Sent with errors as well. */
export interface Reply {
  readonly headers: Map<string, string>;
  readonly cookies: CookieInstruction[];
}

/**
 * One call through one protocol: what a procedure may know of the request beside
 * its message. Nothing in it says how the answer will be written.
 */
export interface Call {
  readonly protocol: Protocol;
  readonly port: "public" | "admin";
  /** HTTP method of the request: `POST`. */
  readonly method?: string;
  /** Lower-case header names, as node:http has them. */
  readonly headers: IncomingHttpHeaders;
  /** Absolute URL of the request as the client wrote it, query included. */
  readonly url: string;
  /** IP address of the client; behind a trusted proxy, the one it names. */
  readonly remoteAddress: string;
  readonly requestId: string;
  readonly signal: AbortSignal;
  /** Ends the call without a further word, where answers are a stream: for a client that does not read them. */
  readonly cut?: () => void;
  /** Why the body could not be read, if it could not. The message is empty then. */
  readonly malformed?: string | undefined;
  /** What the lock of the admin port found out about the caller; undefined on the public port. */
  readonly admission?: Admission | undefined;
  readonly reply: Reply;
}

/**
 * An RPC's implementation, wrapped once by the pipeline of
 * server/procedure.ts. Every protocol calls it with a typed message.
 * Failures are thrown as ServiceError.
 */
export type Procedure<I = never, O = unknown> = (request: I, call: Call) => Promise<O>;

/** One message of a stream of requests. What cannot be used ends nothing but itself. */
export type Received<I> =
  | { readonly kind: "message"; readonly message: I /** What it took to send. */; readonly bytes: number }
  /** INVALID_FIELD, MALFORMED_BODY or BODY_TOO_LARGE, and what could be read nevertheless. */
  | { readonly kind: "unusable"; readonly error: Error; readonly message?: I | undefined }
  /** A line without anything on it. */
  | { readonly kind: "blank" };

/** An RPC whose requests are a stream, wrapped by the pipeline: returns the parts of its answer. */
export type ReceivingProcedure<I = never, O = unknown> = (
  requests: AsyncIterable<Received<I>>,
  call: Call,
) => AsyncIterable<O>;

/** An RPC whose answers are a stream, wrapped by the pipeline: returns them one by one. */
export type SendingProcedure<I = never, O = unknown> = (request: I, call: Call) => AsyncIterable<O>;
