import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { LAST_WORD_MS } from "./cut-off.ts";

/**
 * Ends the connection of a client that is answered before the end of its body, so
 * that nobody has to read the rest; and ends it gently. Closing a connection on
 * which bytes are still received resets it, and the client loses the answer with it:
 * instead it is not read any more, and closed a little later.
 */
export const lingerOver = (request: IncomingMessage): void => {
  if (!announcesBody(request)) return;
  const { socket } = request;
  current.set(socket, request);
  socket.destroySoon = closeGracefully;
};

/**
 * Creates the class of the answers of a port: the last one of a connection says that it is, which it is during a drain
 * and where the body is not over.
 */
export const createAnswers = (isDraining: () => boolean): typeof ServerResponse =>
  class extends ServerResponse {
    override writeHead(...parts: unknown[]): this {
      if (isDraining() || (!this.req.complete && announcesBody(this.req))) this.shouldKeepAlive = false;
      return (super.writeHead as (...all: unknown[]) => this).apply(this, parts);
    }
  } as typeof ServerResponse;

const announcesBody = ({ headers }: IncomingMessage): boolean =>
  headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined;

/** The request that a connection is busy with. */
const current = new WeakMap<Socket, IncomingMessage>();

function closeGracefully(this: Socket): void {
  if (current.get(this)?.complete !== false) {
    Object.getPrototypeOf(this).destroySoon.call(this);
    return;
  }
  this.end();
  this.pause();
  const timer = setTimeout(() => this.destroy(), LAST_WORD_MS);
  this.once("close", () => clearTimeout(timer));
}
