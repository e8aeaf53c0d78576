import type { ServerResponse } from "node:http";
import { Code, ConnectError } from "@connectrpc/connect";

/** The abort signal of one call. */
export interface RpcSignal {
  readonly signal: AbortSignal;
  /** Waits for a call no longer than its client does. @throws ConnectError DEADLINE_EXCEEDED */
  readonly within: <T>(call: Promise<T>, timeoutMs: number) => Promise<T>;
}

/** Creates the signal that tells a call that its client is gone, or has stopped waiting. */
export const createRpcSignal = (response: ServerResponse): RpcSignal => {
  const controller = new AbortController();
  const onClose = () => {
    if (!response.writableEnded) controller.abort(new ConnectError("the client is gone", Code.Canceled));
  };
  if (response.closed) onClose();
  else response.once("close", onClose);
  return {
    signal: controller.signal,
    within: async (call, timeoutMs) => {
      const { promise, reject } = Promise.withResolvers<never>();
      const expire = () => {
        const late = new ConnectError("the deadline was exceeded", Code.DeadlineExceeded);
        controller.abort(late);
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
