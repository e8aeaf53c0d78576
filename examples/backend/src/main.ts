import { createServer } from "node:http";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { createClient } from "@ostiary/client";
import { createSessionCheck } from "./session-check.ts";

/* A service that answers whoever has a session: it asks the server by gRPC, over one connection. */

const transport = createGrpcTransport({ baseUrl: process.env.OSTIARY_URL ?? "http://127.0.0.1:4433" });

const check = createSessionCheck({
  clientOf: (token) => createClient({ transport, tokens: { get: () => token, set: () => undefined } }),
  maxAge: Number(process.env.SESSION_MAX_AGE ?? 10_000),
});

const server = createServer(async (request, response) => {
  const answer = (status: number, body: object): void => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  };
  const [, token] = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
  const session = token === undefined ? "none" : await check(token);
  if (session === "unknown") answer(503, { error: "try again" });
  else if (session === "none") answer(401, { error: "sign in first" });
  else answer(200, { orders: [], of: session.identity?.id });
});

const port = Number(process.env.PORT ?? 4466);
server.listen(port, "127.0.0.1", () => {
  process.stdout.write(`http://127.0.0.1:${port}\n`);
});
