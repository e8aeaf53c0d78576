import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  PerformNativeLogoutResponseSchema,
  WhoAmIResponseSchema,
} from "../../../../gen/ostiary/session/v1/session_service_pb.ts";
import { SettingsFlowSchema } from "../../../../gen/ostiary/settings/v1/flow_pb.ts";
import { UpdateFlowResponseSchema } from "../../../../gen/ostiary/settings/v1/settings_service_pb.ts";
import type { Call } from "../../../../src/lib/call.ts";
import { openGateway, type Protocol } from "./gateway.ts";

const aborted = Promise.withResolvers<void>();
let protocol: Protocol;
let base: string;

beforeAll(async () => {
  protocol = await openGateway({
    "SessionService.WhoAmI": (_, { reply, headers, signal }: Call) => {
      const cookie = { path: "/", sameSite: "lax", secure: false, httpOnly: true } as const;
      reply.cookies.push({ ...cookie, name: "a", value: "1" }, { ...cookie, name: "b", value: "2" });
      if (headers["x-wait"] === undefined) return create(WhoAmIResponseSchema);
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          aborted.resolve();
          reject(new Error("gone"));
        });
      });
    },
    "SessionService.PerformNativeLogout": () => create(PerformNativeLogoutResponseSchema),
    "SettingsService.UpdateFlow": () =>
      create(UpdateFlowResponseSchema, { flow: create(SettingsFlowSchema, { id: "é".repeat(20_000) }) }),
  });
  await protocol.app.listen({ host: "127.0.0.1", port: 0 });
  base = `http://127.0.0.1:${(protocol.app.server.address() as AddressInfo).port}`;
});
afterAll(() => protocol.app.close());

/** Sends bytes as they are, and hands back all that comes until the server hangs up. */
const raw = async (text: string): Promise<string> => {
  const socket = connect(Number(new URL(base).port), "127.0.0.1");
  socket.write(text);
  let answer = "";
  socket.on("data", (bytes) => {
    answer += bytes.toString("latin1");
  });
  await once(socket, "close");
  return answer;
};

test("every cookie is a line of its own", async () => {
  const answer = await fetch(`${base}/sessions/whoami`, { headers: { accept: "application/json" } });
  expect(answer.headers.getSetCookie()).toEqual([
    "a=1; Path=/; HttpOnly; SameSite=Lax",
    "b=2; Path=/; HttpOnly; SameSite=Lax",
  ]);
  expect(await answer.json()).toBeNull();
});

test("HEAD has the headers of GET and no body", async () => {
  const answer = await raw(
    "HEAD /sessions/whoami HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\nConnection: close\r\n\r\n",
  );
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(answer).toMatch(/content-length: 4\r\n/i);
  expect(answer.endsWith("\r\n\r\n")).toBe(true);
});

test("a body of text beyond ASCII arrives whole", async () => {
  const answer = await fetch(`${base}/self-service/settings?flow=f1`, {
    method: "POST",
    body: "{}",
    headers: { "content-type": "application/json" },
  });
  expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
  expect(((await answer.json()) as { id: string }).id.length).toBe(20_000);
});

test("DELETE takes a body", async () => {
  const answer = await fetch(`${base}/self-service/logout/api`, {
    method: "DELETE",
    body: '{"session_token":"t"}',
    headers: { "content-type": "application/json" },
  });
  expect(answer.status).toBe(204);
  expect(protocol.seen.at(-1)?.request).toMatchObject({ sessionToken: "t" });
});

test("a body in chunks without a content type is malformed, not an error", async () => {
  const head =
    "POST /self-service/settings?flow=f1 HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n" +
    "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
  expect(await raw(`${head}2\r\n{}\r\n0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 200 OK/);
  expect(protocol.seen.at(-1)?.call.malformed).toMatch(/content type/);
});

test("a client that hangs up aborts its call", async () => {
  const socket = connect(Number(new URL(base).port), "127.0.0.1");
  const before = protocol.seen.length;
  socket.write("GET /sessions/whoami HTTP/1.1\r\nHost: x\r\nX-Wait: 1\r\n\r\n");
  await expect.poll(() => protocol.seen.length).toBe(before + 1);
  socket.destroy();
  await aborted.promise;
});

test("what is no HTTP path is refused without a 500", async () => {
  for (const path of [
    "/schemas/%zz",
    "/%",
    "/sessions/whoami%00",
    `/schemas/${"x".repeat(5000)}`,
    "/../../etc/passwd",
  ]) {
    const answer = await raw(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect(answer, path).toMatch(/^HTTP\/1\.1 4\d\d /);
  }
});
