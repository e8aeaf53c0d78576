import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request that a receiver got. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The client's port: the same over one connection. */
  readonly port: number | undefined;
}

/** A server of the tests' own that web hooks call. */
export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  /** How it answers from now on; left out, 204. */
  answer: ((received: Received, response: ServerResponse) => void) | undefined;
  /** The bodies that it got, as JSON. */
  bodies(): Record<string, unknown>[];
  /** Waits until so many requests have come, and returns them. */
  until(count: number): Promise<readonly Received[]>;
  /** Forgets what came, and answers 204 again. */
  reset(): void;
  /** Takes no more connections, as if it were down. */
  close(): Promise<void>;
}

/** Starts a receiver on 127.0.0.1. */
export const startReceiver = async (port = 0): Promise<Receiver> => {
  const received: Received[] = [];
  const waiting: { readonly count: number; readonly go: (all: readonly Received[]) => void }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const one: Received = {
      method: request.method ?? "",
      path: request.url ?? "",
      headers: request.headers,
      body: Buffer.concat(chunks).toString("utf8"),
      port: request.socket.remotePort,
    };
    received.push(one);
    for (const { count, go } of waiting) if (received.length >= count) go(received);
    if (receiver.answer) receiver.answer(one, response);
    else response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answer: undefined,
    bodies: () => received.map(({ body }) => JSON.parse(body) as Record<string, unknown>),
    until: (count) =>
      received.length >= count
        ? Promise.resolve(received)
        : new Promise((go, fail) => {
            waiting.push({ count, go });
            setTimeout(() => fail(new Error(`${received.length} requests came, not ${count}`)), 15_000).unref();
          }),
    reset: () => {
      received.length = 0;
      receiver.answer = undefined;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return receiver;
};

/** Answers with JSON. */
export const answering =
  (status: number, body: unknown): NonNullable<Receiver["answer"]> =>
  (_, response) =>
    void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));

/** A program, as the configuration names it. */
export const program = (source: string): string => `base64://${Buffer.from(source).toString("base64")}`;

/** A program that gives all of `ctx`. */
export const wholeContext = program("function(ctx) ctx");
