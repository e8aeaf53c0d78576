import { buildConnector } from "undici";

/** How connections are made. */
export interface Connector {
  readonly connect: buildConnector.connector;
  /**
   * Whether a request failed because the other side closed a connection over which it had answered before: most likely
   * before the request arrived.
   */
  wasClosing(error: unknown): boolean;
}

/** Creates it with options of `net.connect` and `tls.connect`; `timeout` in milliseconds. */
export const createConnector = (options: buildConnector.BuildOptions): Connector => {
  const closing = new WeakSet<Error>();
  const connect = buildConnector(options);
  return {
    connect: (target, callback) =>
      connect(target, (...result) => {
        const [, socket] = result;
        // The error that ends the connection is that of the request on it.
        socket?.once("error", (error: NodeJS.ErrnoException) => {
          const isClosed = socket.readableEnded || error.code === "ECONNRESET" || error.code === "EPIPE";
          if (isClosed && socket.bytesRead > 0) closing.add(error);
        });
        callback(...result);
      }),
    wasClosing: (error) => error instanceof Error && closing.has(error),
  };
};
