import { afterAll, beforeAll, expect, it } from "vitest";
import { startServer, type TestServer } from "../protocols/server.ts";

/* Calls that are refused before their procedure begins are logged and counted like any other. */

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: { limits: { bodies: { without_session: "1KB" } } } });
});
afterAll(() => server?.stop());

const rpc = "ostiary.login.v1.LoginService/UpdateFlow";
const linesOf = (reason: string) =>
  server.logged.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => line.reason === reason);
const figures = async () => (await fetch(`${server.adminUrl}/metrics/prometheus`)).text();

it.each([
  ["a body that is too large", 413, "BODY_TOO_LARGE", "resource_exhausted", "x".repeat(5_000)],
  [
    "a member of the wrong type",
    400,
    "INVALID_FIELD",
    "invalid_argument",
    '{"method":"password","identifier":{"a":1}}',
  ],
])("%s has one line in the log and its place in the figures, over REST", async (_, status, reason, code, body) => {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${server.url}/self-service/login?flow=x`, { method: "POST", headers, body });
  expect(answer.status).toBe(status);
  expect(linesOf(reason)).toMatchObject([{ rpc, protocol: "rest", port: "public", code, msg: "call" }]);
  expect(await figures()).toMatch(
    new RegExp(`ostiary_call_duration_seconds_count\\{rpc="${rpc}",protocol="rest",code="${code}"\\} 1`),
  );
});

it("jobs that wait or are parked are among the figures", async () => {
  await expect.poll(figures).toMatch(/ostiary_jobs\{kind="purge",parked="false"\} 1/);
});
