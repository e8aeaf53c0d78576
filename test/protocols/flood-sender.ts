import http from "node:http";
import http2 from "node:http2";
import { parentPort } from "node:worker_threads";

/*
 * Sends what floods are made of from a thread of its own, so that the event
 * loop of the thread that serves is busy with nothing else. Node runs it as it is.
 */

/** One request of a flood. */
export interface FloodRequest {
  readonly url: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly http2?: boolean;
  /** How many at once; 1 when left out. */
  readonly times?: number;
  /** Leave the bodies open for so many milliseconds, and then hang up. */
  readonly unfinished?: number;
}

/** How each request was answered: the status, and bytes that the server took before it answered; 0 when it hung up. */
export interface FloodAnswer {
  readonly statuses: readonly number[];
  readonly milliseconds: number;
}

const sendHttp1 = ({ url, path, headers, body, unfinished }: FloodRequest): Promise<number> =>
  new Promise((resolve) => {
    const request = http.request(`${url}${path}`, { method: "POST", headers, agent: false }, (response) => {
      response.resume().on("end", () => done(response.statusCode ?? 0));
    });
    const done = (status: number) => {
      resolve(status);
      request.destroy();
    };
    request.on("error", () => done(0));
    if (unfinished === undefined) request.end(body);
    else {
      request.write(body);
      setTimeout(() => done(0), unfinished);
    }
  });

const sendHttp2 = (
  session: http2.ClientHttp2Session,
  { path, headers, body, unfinished }: FloodRequest,
): Promise<number> =>
  new Promise((resolve) => {
    const stream = session.request({ ":method": "POST", ":path": path, ...headers });
    let status = 0;
    const done = () => {
      resolve(status);
      stream.destroy();
    };
    stream.on("response", (head) => {
      status = head[":status"] ?? 0;
    });
    stream.on("error", done).on("close", done).on("end", done).resume();
    if (unfinished === undefined) stream.end(body);
    else {
      stream.write(body);
      setTimeout(done, unfinished);
    }
  });

const flood = async (request: FloodRequest): Promise<FloodAnswer> => {
  const begun = performance.now();
  const all = Array.from({ length: request.times ?? 1 });
  if (!request.http2)
    return { statuses: await Promise.all(all.map(() => sendHttp1(request))), milliseconds: performance.now() - begun };
  const session = http2.connect(request.url).on("error", () => undefined);
  const statuses = await Promise.all(all.map(() => sendHttp2(session, request)));
  session.destroy();
  return { statuses, milliseconds: performance.now() - begun };
};

parentPort?.on("message", async (request: FloodRequest) => parentPort?.postMessage(await flood(request)));
