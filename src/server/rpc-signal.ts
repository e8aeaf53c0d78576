import type { ServerResponse } from "node:http";
import { Code, ConnectError } from "@connectrpc/connect";

/** The abort signal of one call. */
export interface RpcSignal {
  /** Made when first asked for: most calls are over before anyone looks. */
  readonly signal: AbortSignal;
  /** Waits for a call no longer than its client does. @throws ConnectError DEADLINE_EXCEEDED */
  readonly within: <T>(call: Promise<T>, timeoutMs: number) => Promise<T>;
}

/** Creates the signal that tells a call that its client is gone, or has stopped waiting. */
export const createRpcSignal = (response: ServerResponse): RpcSignal => {
  let controller: AbortController | undefined;
  const get = (): AbortController => {
    if (controller) return controller;
    const made = new AbortController();
    const gone = () => {
      if (!response.writableEnded) made.abort(new ConnectError("the client is gone", Code.Canceled));
    };
    if (response.closed) gone();
    else response.once("close", gone);
    controller = made;
    return made;
  };
  return {
    get signal() {
      return get().signal;
    },
    within: async (call, timeoutMs) => {
      const { promise, reject } = Promise.withResolvers<never>();
      const expire = () => {
        const late = new ConnectError("the deadline was exceeded", Code.DeadlineExceeded);
        get().abort(late);
        reject(late);
      };
      const timer = setTimeout(expire, Math.min(timeoutMs, 2 ** 31 - 1));
      try {
        return await Promise.race([call, promise]);
      } finally {
        clearTimeout(timer);
      }
    },
  };
};
