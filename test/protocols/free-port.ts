import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/** Ports of one worker, below those that the system gives to outgoing connections. Browsers refuse 10080. */
const span = 900;
const first = 11_000 + (Number(process.env.VITEST_POOL_ID ?? 0) % 20) * 1_000;
let next = randomInt(span);

/**
 * A port of 127.0.0.1 that nobody listens on. Between asking and listening neither another worker nor an outgoing
 * connection gets it.
 */
export const freePort = async (): Promise<number> => {
  for (let tries = 0; tries < span; tries++) {
    const port = first + (next++ % span);
    if (await isFree(port)) return port;
  }
  throw new Error("no port is free");
};

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer().on("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
