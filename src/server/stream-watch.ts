import { constants, type Http2Session, type ServerHttp2Stream } from "node:http2";
import { createLinkedList } from "../lib/linked-list.ts";
import { waitedSince } from "./body-clock.ts";

interface Watched {
  readonly stream: ServerHttp2Stream;
  readonly since: number;
  /** Bytes of the answer that waited for the client at the last look, and since when. */
  waiting: number;
  waitingSince: number;
}

/** Sees to it that HTTP/2 streams end. */
export interface StreamWatch {
  /** Listener of the server's `stream` event. */
  readonly add: (stream: ServerHttp2Stream) => void;
  /** Whether the session has a stream open. */
  readonly busy: (session: Http2Session) => boolean;
  readonly stop: () => void;
}

/**
 * Creates a watch over HTTP/2 streams, which node gives no time limits of their
 * own: a body must be in within `read` milliseconds, whatever its header says it
 * is, and an answer that waits for its client must move within `write`. An
 * answer that the server has not begun has no limit, because health's
 * Watch would be aborted: its request ends at once. A reflection stream, whose
 * requests come one by one, has a limit as well; if a body is timed by
 * its pieces (body-clock.ts), each must come in time.
 */
export const watchStreams = ({ read, write }: { readonly read: number; readonly write: number }): StreamWatch => {
  const open = createLinkedList<Watched>();

  const isLate = (watched: Watched, now: number): boolean => {
    const { stream } = watched;
    const since = stream.readableEnded ? undefined : waitedSince(stream, watched.since);
    if (since !== undefined && now - since > read) return true;
    if (stream.writableLength === 0 || stream.writableLength !== watched.waiting) {
      watched.waiting = stream.writableLength;
      watched.waitingSince = now;
    }
    return now - watched.waitingSince > write && watched.waiting > 0;
  };

  const timer = setInterval(() => {
    const now = performance.now();
    for (const watched of open) if (isLate(watched, now)) watched.stream.close(constants.NGHTTP2_CANCEL);
  }, 1_000).unref();

  return {
    add: (stream) => {
      const now = performance.now();
      const remove = open.add({ stream, since: now, waiting: 0, waitingSince: now });
      stream.once("close", remove);
    },
    busy: (session) => {
      for (const { stream } of open) if (stream.session === session) return true;
      return false;
    },
    stop: () => clearInterval(timer),
  };
};
