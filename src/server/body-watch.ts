import type { IncomingMessage } from "node:http";
import { waitedSince } from "./body-clock.ts";

/** Sees to it that bodies over HTTP/1 end. */
export interface BodyWatch {
  /** Listener of the server's `request` event. */
  readonly add: (request: IncomingMessage) => void;
  readonly stop: () => void;
}

/**
 * Creates a watch over the bodies of HTTP/1 requests. Node has a time limit of its own for whole requests, from which
 * none can be excepted: a body that is timed by its pieces (body-clock.ts) may take as long as they come in time.
 */
export const watchBodies = (read: number, onLate: (request: IncomingMessage) => void): BodyWatch => {
  const open = new Map<IncomingMessage, number>();
  const timer = setInterval(() => {
    const now = performance.now();
    for (const [request, began] of open) {
      const since = waitedSince(request, began);
      if (request.complete || request.destroyed) open.delete(request);
      else if (since !== undefined && now - since > read) {
        open.delete(request);
        onLate(request);
      }
    }
  }, 1_000).unref();
  return {
    add: (request) => {
      if (request.complete || !hasBody(request)) return;
      open.set(request, performance.now());
      request.once("close", () => open.delete(request));
    },
    stop: () => clearInterval(timer),
  };
};

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
