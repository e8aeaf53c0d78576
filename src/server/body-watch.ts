import type { IncomingMessage } from "node:http";
import { createLinkedList } from "../lib/linked-list.ts";
import { waitedSince } from "./body-clock.ts";

/** Sees to it that bodies over HTTP/1 end. */
export interface BodyWatch {
  /** Listener of the server's `request` event. */
  readonly add: (request: IncomingMessage) => void;
  readonly stop: () => void;
}

interface Open {
  readonly request: IncomingMessage;
  /** In the time of `performance.now()`. */
  readonly began: number;
  isLate: boolean;
}

/**
 * Creates a watch over the bodies of HTTP/1 requests. Node has a time limit of its own for whole requests, from which
 * none can be excepted: a body that is timed by its pieces (body-clock.ts) may take as long as they come in time.
 */
export const watchBodies = (read: number, onLate: (request: IncomingMessage) => void): BodyWatch => {
  const open = createLinkedList<Open>();
  const look = (body: Open, now: number): void => {
    const { request, began } = body;
    const since = waitedSince(request, began);
    if (body.isLate || since === undefined || now - since <= read || request.complete || request.destroyed) return;
    body.isLate = true;
    onLate(request);
  };
  const timer = setInterval(() => {
    const now = performance.now();
    for (const body of open) look(body, now);
  }, 1_000).unref();
  return {
    add: (request) => {
      if (request.complete || !hasBody(request)) return;
      request.once("close", open.add({ request, began: performance.now(), isLate: false }));
    },
    stop: () => clearInterval(timer),
  };
};

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
