import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";

/** How long a client that was answered may go on sending, in milliseconds. */
const patience = 2_000;

/**
 * Lets a client hear an answer that came before its body was over. Closing a
 * connection on which bytes still arrive resets it, and the client loses the
 * answer with it: instead, what it still sends is dropped for a while.
 */
export const lingerOver = (request: IncomingMessage): void => {
  const { socket } = request;
  current.set(socket, request);
  socket.destroySoon = closeLingering;
};

const current = new WeakMap<Socket, IncomingMessage>();

function closeLingering(this: Socket): void {
  const request = current.get(this);
  if (request === undefined || request.complete) {
    Object.getPrototypeOf(this).destroySoon.call(this);
    return;
  }
  this.end();
  const timer = setTimeout(() => this.destroy(), patience).unref();
  request.once("end", () => this.destroy());
  this.once("close", () => clearTimeout(timer));
}
