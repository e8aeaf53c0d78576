import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import { type RefreshRequired, type Result, type StepUpRequired, toFailure } from "./failure.ts";

/** Where a native app keeps its session token. */
export interface TokenStore {
  /** The session token; undefined without a session. */
  readonly get: () => Promise<string | undefined> | string | undefined;
  /** Keeps a new token, or forgets the one it had. */
  readonly set: (token: string | undefined) => Promise<void> | void;
}

/** What more the server wants to see of the person. `reason` tells the two apart. */
export type Challenge = RefreshRequired | StepUpRequired;

/** What a client is made of. */
export interface ClientOptions {
  /**
   * How calls are sent: Connect or gRPC-Web (`@connectrpc/connect-web`), gRPC (`@connectrpc/connect-node`), or REST
   * (createRestTransport).
   */
  readonly transport: Transport;
  /**
   * Where the session token is stored, in native apps and services. Without it
   * flows are those of browsers, and the session is a cookie.
   */
  readonly tokens?: TokenStore;
  /**
   * Lets the person prove again who they are, or by a second factor, and says
   * whether they did. Then the call that was refused is made again, once.
   */
  readonly authenticate?: (challenge: Challenge) => Promise<boolean>;
}

/** How a single call is made. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds until the call is given up. */
  readonly timeoutMs?: number;
}

/** Makes calls, and retries those that the person had to authenticate for. */
export interface Client {
  readonly kind: "browser" | "native";
  readonly tokens: TokenStore | undefined;
  /** Calls any RPC. */
  readonly call: <I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options?: CallOptions,
  ) => Promise<Result<MessageShape<O>>>;
}

/** Creates the client that all else here is given. It never throws for what the server answers. */
export const createClient = ({ transport, tokens, authenticate }: ClientOptions): Client => {
  const once = async <I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    { signal, timeoutMs }: CallOptions,
  ): Promise<Result<MessageShape<O>>> => {
    try {
      const token = await tokens?.get();
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const answer = await transport.unary(method, signal, timeoutMs, headers, request);
      return { ok: true, value: answer.message };
    } catch (error) {
      return { ok: false, failure: toFailure(error) };
    }
  };

  return {
    kind: tokens === undefined ? "browser" : "native",
    tokens,
    call: async (method, request, options = {}) => {
      const result = await once(method, request, options);
      if (result.ok || authenticate === undefined) return result;
      const { failure } = result;
      if (failure.reason !== "session_refresh_required" && failure.reason !== "aal2_required") return result;
      return (await authenticate(failure)) ? once(method, request, options) : result;
    },
  };
};
