import http from "node:http";
import { Http2SessionManager } from "@connectrpc/connect-node";

/*
 * The connections of tests' clients, by the server that they lead to. They are kept from call to call, as those of most
 * clients are: opening one takes longer than many calls. A server that stops has them ended (server.ts), and so has a
 * test file (setup/every-file.ts), so that no call is sent over one that nobody listens to any more.
 */

const agents = new Map<string, http.Agent>();
const managers = new Map<string, Http2SessionManager>();

const ofServer = <T>(all: Map<string, T>, origin: string, create: () => T): T => {
  const found = all.get(origin);
  if (found !== undefined) return found;
  const created = create();
  all.set(origin, created);
  return created;
};

/** What opens and keeps connections of HTTP/1.1 to a server. */
export const agentOf = (origin: string): http.Agent =>
  ofServer(agents, origin, () => new http.Agent({ keepAlive: true }));

/** The one connection of HTTP/2 to a server. */
export const http2To = (origin: string): Http2SessionManager =>
  ofServer(managers, origin, () => new Http2SessionManager(origin));

/** For transports of Connect and gRPC-Web. */
export const overHttp1To = (origin: string) =>
  ({ httpVersion: "1.1", nodeOptions: { agent: agentOf(origin) } }) as const;

/** Ends the connections to these servers that no call is on. At the next call others are opened. */
export const endIdleConnections = (...origins: readonly string[]): void => {
  for (const origin of origins) {
    for (const socket of Object.values(agents.get(origin)?.freeSockets ?? {}).flat()) socket?.destroy();
    const manager = managers.get(origin);
    if (manager?.state() === "idle") manager.abort();
  }
};

/** Ends all connections. */
export const forgetConnections = (): void => {
  for (const agent of agents.values()) agent.destroy();
  for (const manager of managers.values()) manager.abort();
  agents.clear();
  managers.clear();
};
