import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** How long a client that was answered may take to hear it, in milliseconds. */
const lingerMs = 1_000;

/**
 * Ends the connection of a client that is answered before its body is over, so
 * that nobody has to read the rest; and ends it gently. Closing a connection on
 * which bytes still arrive resets it, and the client loses the answer with it:
 * instead it is not read any more, and closed a little later.
 */
export const lingerOver = (request: IncomingMessage, response: ServerResponse): void => {
  if (request.headers["content-length"] === undefined && request.headers["transfer-encoding"] === undefined) return;
  const { socket } = request;
  const { writeHead } = response;
  response.writeHead = function write(this: ServerResponse, ...parts: unknown[]) {
    if (!request.complete) this.shouldKeepAlive = false;
    return (writeHead as (...all: unknown[]) => ServerResponse).apply(this, parts);
  } as ServerResponse["writeHead"];
  current.set(socket, request);
  socket.destroySoon = closeGently;
};

/** The request that a connection is busy with. */
const current = new WeakMap<Socket, IncomingMessage>();

function closeGently(this: Socket): void {
  if (current.get(this)?.complete !== false) {
    Object.getPrototypeOf(this).destroySoon.call(this);
    return;
  }
  this.end();
  this.pause();
  const timer = setTimeout(() => this.destroy(), lingerMs);
  this.once("close", () => clearTimeout(timer));
}
