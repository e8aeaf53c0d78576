/**
 * The transport owns what every call shares on its way in and out: the ports
 * and their time limits, the pipeline around each procedure, the Connect, gRPC
 * and gRPC-Web protocols, health, reflection and metrics. It knows no flow and no
 * database; the REST protocol is the gateway's. This file is the port itself: one
 * socket that speaks HTTP/1.1 and HTTP/2, in the clear or over TLS.
 */
import http from "node:http";
import http2 from "node:http2";
import net from "node:net";
import tls from "node:tls";
import { createLinkedList } from "../lib/linked-list.ts";
import { watchBodies } from "./body-watch.ts";
import { answerClientError } from "./client-error.ts";
import { endWhenIdle } from "./idle-session.ts";
import { createAnswers, lingerOver } from "./linger.ts";
import { watchStreams } from "./stream-watch.ts";

/** How long a client may take, in milliseconds. */
export interface ListenerTimeouts {
  /** From the connection, or the end of the last answer, to the end of the header. */
  readonly header: number;
  /** From the header to the end of the body. */
  readonly read: number;
  /** Without a byte moving while an answer is due. */
  readonly write: number;
  /** Between two requests. */
  readonly idle: number;
}

/** What `createListener` needs. */
export interface ListenerOptions {
  /** Gets every request, of both protocols. */
  readonly onRequest: http.RequestListener;
  readonly timeouts: ListenerTimeouts;
  /** PEM texts; left out, the port is in the clear. */
  readonly tls?: ListenerTls | undefined;
}

/** PEM texts. */
export interface ListenerTls {
  readonly cert: string;
  readonly key: string;
  /** Authorities; given, a client without a certificate of one of them is refused in the handshake. */
  readonly clientCa?: string | undefined;
}

/** A port that can be drained. */
export interface Listener {
  /** Accepts connections. Its `close` waits for the connections to end; `drain` makes them. */
  readonly server: net.Server;
  /**
   * Lets calls in flight finish and ends their connections; what is still open
   * after `budget` milliseconds is cut. To be called together with `server.close`.
   */
  drain(budget: number): void;
}

/** Every HTTP/2 connection starts so. No HTTP/1 method does. */
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** The first byte of HTTP/1's POST, PUT and PATCH is that of the preface: three tell. */
const enough = 3;

/** As much as common proxies let through: cookies of other apps on the same domain add up. */
const headerBytes = 65_536;

const streamsPerConnection = 256;

/**
 * Creates a port that speaks HTTP/1.1 and HTTP/2. In the clear the first bytes
 * of a connection decide (h2c with prior knowledge), over TLS (1.2 or newer)
 * the protocol that was negotiated (ALPN).
 */
export const createListener = ({ onRequest, timeouts, tls: certificate }: ListenerOptions): Listener => {
  let draining = false;
  const h1 = http.createServer(
    {
      headersTimeout: timeouts.header,
      // Bodies have a watch of their own.
      requestTimeout: 0,
      keepAliveTimeout: timeouts.idle,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: headerBytes,
      // Over HTTP/2 the GOAWAY says that a connection ends.
      ServerResponse: createAnswers(() => draining),
    },
    onRequest,
  );
  h1.timeout = timeouts.write;
  h1.on("clientError", answerClientError);
  h1.prependListener("request", lingerOver);
  const bodies = watchBodies(timeouts.read, ({ socket }) =>
    answerClientError(Object.assign(new Error("late"), { code: "ERR_HTTP_REQUEST_TIMEOUT" }), socket),
  );
  h1.prependListener("request", bodies.add);
  // It never listens: connections are handed to it. Its time limits start with this event.
  h1.emit("listening");

  const h2 = http2.createServer(
    {
      settings: { maxConcurrentStreams: streamsPerConnection, maxHeaderListSize: headerBytes },
      // A client that opens streams only to cancel them is cut off soon (CVE-2023-44487).
      streamResetBurst: 200,
      streamResetRate: 50,
    },
    // The compatibility API's request and response are made to stand in for HTTP/1's.
    onRequest as unknown as (request: http2.Http2ServerRequest, response: http2.Http2ServerResponse) => void,
  );
  const sessions = createLinkedList<http2.ServerHttp2Session>();
  const streams = watchStreams(timeouts);
  h2.on("session", (session) => {
    session.once("close", sessions.add(session));
    // It is about the whole connection; a stream that waits is the stream watch's business.
    endWhenIdle(session, timeouts.idle, () => streams.busy(session));
    if (draining) session.close();
  });
  h2.on("stream", streams.add);
  // A broken connection concerns nobody but its client.
  h2.on("sessionError", () => undefined);

  const pending = createLinkedList<net.Socket>();
  const overHttp2 = createLinkedList<net.Socket>();
  const toH2 = (socket: net.Socket) => {
    socket.allowHalfOpen = false;
    socket.once("close", overHttp2.add(socket));
    h2.emit("connection", socket);
  };

  const sniff = (socket: net.Socket) => {
    const timer = setTimeout(() => socket.destroy(), timeouts.header);
    const begin = pending.add(socket);
    let head: Buffer = Buffer.alloc(0);
    const onError = () => socket.destroy();
    const onData = (chunk: Buffer) => {
      head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
      const known = Math.min(head.length, preface.length);
      const fits = head.compare(preface, 0, known, 0, known) === 0;
      // What has begun to ask is let in, drain or not.
      begin();
      if (fits && known < enough) return;
      socket.pause();
      leave();
      socket.unshift(head);
      if (fits) return toH2(socket);
      h1.emit("connection", socket);
      socket.resume();
    };
    const leave = () => {
      clearTimeout(timer);
      begin();
      socket.off("data", onData).off("error", onError).off("close", leave).off("end", onError);
    };
    socket.on("data", onData).on("error", onError).on("close", leave).on("end", onError);
  };

  const negotiated = (socket: tls.TLSSocket) => {
    if (socket.alpnProtocol === "h2") toH2(socket);
    else h1.emit("connection", socket);
  };

  const server =
    certificate === undefined
      ? net.createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }, sniff)
      : tls.createServer(
          {
            cert: certificate.cert,
            key: certificate.key,
            ...(certificate.clientCa !== undefined && {
              ca: certificate.clientCa,
              requestCert: true,
              rejectUnauthorized: true,
            }),
            minVersion: "TLSv1.2",
            ALPNProtocols: ["h2", "http/1.1"],
            handshakeTimeout: timeouts.header,
            noDelay: true,
          },
          negotiated,
        );
  // A handshake that fails concerns nobody but its client.
  if (certificate !== undefined) server.on("tlsClientError", () => undefined);

  return {
    server,
    drain: (budget) => {
      draining = true;
      for (const socket of pending) socket.destroy();
      // Streams that are open finish. One that is on its way is not begun, and its client gets to know it: it may
      // call elsewhere.
      for (const session of sessions) session.close();
      h1.closeIdleConnections();
      // A connection whose answer went out before the drain began becomes idle without `Connection: close`.
      const sweep = setInterval(() => h1.closeIdleConnections(), 50).unref();
      const cut = setTimeout(() => {
        h1.closeAllConnections();
        for (const session of sessions) session.destroy();
        // A session that got GOAWAY waits for its client even then.
        for (const socket of overHttp2) socket.destroy();
      }, budget).unref();
      server.once("close", () => {
        clearInterval(sweep);
        clearTimeout(cut);
        streams.stop();
        bodies.stop();
        h1.close();
      });
    },
  };
};
