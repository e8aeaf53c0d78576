import http from "node:http";
import http2 from "node:http2";
import { parentPort, workerData } from "node:worker_threads";
import type { FloodOrder } from "./floods.ts";

/* Sends a flood from a thread of its own until it is told to stop, and says how it was answered. */

const { baseUrl, path, headers, body, atOnce, kind } = workerData as FloodOrder;
const answers: Record<string, number> = {};
let over = false;

const count = (status: number | undefined): void => {
  const name = String(status ?? "cut");
  answers[name] = (answers[name] ?? 0) + 1;
};

const agent = new http.Agent({ keepAlive: true, maxSockets: atOnce });

const sendOnce = (): Promise<void> =>
  new Promise((resolve) => {
    let answered = false;
    const request = http.request(
      `${baseUrl}${path}`,
      { method: kind === "get" ? "GET" : "POST", headers: { ...headers }, agent },
      (response) => {
        answered = true;
        response.resume().on("close", () => {
          count(response.statusCode);
          resolve();
        });
      },
    );
    request.on("error", () => {
      // One that was answered may be cut while it still sends.
      if (!answered) count(undefined);
      // A server that cuts at once is not asked as fast as this goes.
      setTimeout(resolve, 10);
    });
    request.end(kind === "get" ? undefined : body);
  });

/** Opens bodies that never end on one connection, again and again. */
const holdOpen = async (): Promise<void> => {
  const session = http2.connect(baseUrl).on("error", () => undefined);
  const streams = Array.from({ length: 200 }, () => {
    const stream = session.request({ ":method": "POST", ":path": path, ...headers });
    stream.on("response", (head) => count(head[":status"])).on("error", () => undefined);
    stream.write(body);
    return stream;
  });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  for (const stream of streams) stream.destroy();
  session.destroy();
};

const work = async (): Promise<void> => {
  while (!over) await (kind === "unfinished" ? holdOpen() : sendOnce());
};

const all = Promise.all(Array.from({ length: kind === "unfinished" ? 1 : atOnce }, work));
parentPort?.once("message", async () => {
  over = true;
  await all;
  agent.destroy();
  parentPort?.postMessage(answers);
});
