import type { ServerHttp2Session } from "node:http2";

/**
 * Ends an HTTP/2 session on which nothing has happened for so many milliseconds, unless it is busy. It is what
 * `session.setTimeout` would do, but Node does not stop its timer when the session is destroyed: whatever the session
 * refers to, which is all of its server, would stay in memory until then.
 */
export const endWhenIdle = (session: ServerHttp2Session, milliseconds: number, isBusy: () => boolean): void => {
  const timer = setTimeout(() => isBusy() || session.close(), milliseconds).unref();
  const begin = () => {
    // A timer that was stopped would go on.
    if (!session.destroyed) timer.refresh();
  };
  session.on("ping", begin);
  session.on("stream", (stream) => {
    begin();
    stream.once("close", begin);
  });
  session.once("close", () => clearTimeout(timer));
};
