import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import fastify, { type FastifyReply, type FastifyRequest } from "fastify";
import { createDatabase } from "../src/db/pool.ts";
import { createHasher, type HasherConfig } from "../src/lib/hashing/hasher.ts";
import { uuid4 } from "../src/lib/ids.ts";
import { createLog } from "../src/lib/log.ts";
import { createBareWork } from "./bare-work.ts";
import type { RequestName } from "./goals.ts";
import type { Captured } from "./people.ts";
import { requestOfBody } from "./requests.ts";

/*
 * The bare limit: what a request costs that does nothing but its SQL, its
 * hashes, its log line and its bytes. A program of its own, started by
 * servers.ts with a plan. It checks nothing and works nothing out; answers were
 * captured from the real server.
 */

/** What the bare server is told. */
export interface BarePlan {
  readonly dsn: string;
  readonly poolSize: number;
  readonly port: number;
  readonly hashers: HasherConfig;
  readonly answers: Readonly<Record<RequestName, Captured>>;
}

const plan = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as BarePlan;
const log = createLog({ level: "info", format: "json" });
const db = createDatabase({ dsn: plan.dsn, poolSize: plan.poolSize, log });
const hasher = createHasher(plan.hashers, { log });
const work = createBareWork({ db, hasher });
const app = fastify({ genReqId: () => uuid4() });

const respond = (
  name: RequestName,
  rpc: string,
  request: FastifyRequest,
  reply: FastifyReply,
  startedAt: number,
): FastifyReply => {
  const { status, headers, body } = plan.answers[name];
  const ms = Math.round((performance.now() - startedAt) * 1000) / 1000;
  log.info(
    {
      request_id: request.id,
      rpc,
      protocol: "rest",
      port: "public",
      code: "ok",
      reason: undefined,
      ms,
      trace_id: undefined,
    },
    "call",
  );
  return reply.code(status).headers(headers).send(body);
};

const digestOf = ({ headers }: FastifyRequest): Buffer =>
  createHash("sha256")
    .update((headers.authorization ?? "").slice("Bearer ".length))
    .digest();

const flowOf = (request: FastifyRequest): string => {
  const { flow, id } = request.query as { readonly flow?: string; readonly id?: string };
  return flow ?? id ?? "";
};

interface SettingsBody {
  readonly method: string;
  readonly password?: string;
  readonly traits?: { readonly email: string };
}

app.get("/sessions/whoami", async (request, reply) => {
  const startedAt = performance.now();
  await work.whoami(digestOf(request));
  return respond("whoami", "ostiary.session.v1.SessionService/WhoAmI", request, reply, startedAt);
});

app.get("/self-service/settings/api", async (request, reply) => {
  const startedAt = performance.now();
  await work.create(digestOf(request), request.url);
  return respond("create", "ostiary.settings.v1.SettingsService/CreateFlow", request, reply, startedAt);
});

app.get("/self-service/settings/flows", async (request, reply) => {
  const startedAt = performance.now();
  await work.get(digestOf(request), flowOf(request));
  return respond("get", "ostiary.settings.v1.SettingsService/GetFlow", request, reply, startedAt);
});

app.post("/self-service/settings", async (request, reply) => {
  const startedAt = performance.now();
  const body = request.body as SettingsBody;
  const name = requestOfBody(body);
  const [digest, flow] = [digestOf(request), flowOf(request)];
  if (name === "password")
    await work.password(digest, flow, body.password ?? "", { id: request.id, address: request.ip });
  else if (name === "update") await work.update(digest, flow, body.traits ?? {});
  else await work.rejected(digest, flow, body.traits ?? {});
  return respond(name, "ostiary.settings.v1.SettingsService/UpdateFlow", request, reply, startedAt);
});

app.post("/self-service/login", async (request, reply) => {
  const startedAt = performance.now();
  const { identifier, password } = request.body as { readonly identifier: string; readonly password: string };
  await work.login(flowOf(request), identifier, password, request.headers["user-agent"] ?? "");
  return respond("login", "ostiary.login.v1.LoginService/UpdateFlow", request, reply, startedAt);
});

process.on("SIGTERM", async () => {
  await app.close();
  hasher.close();
  await db.close();
  log.flush();
  // Not left to an empty event loop: a CPU profile is written at the exit.
  process.exit(0);
});
await app.listen({ host: "127.0.0.1", port: plan.port });
