import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../protocols/server.ts";

/*
 * Requests of /health, and of the version and the figures, are calls like any other: counted, and in the log,
 * unless the configuration says otherwise of /health.
 */

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: { serve: { admin: { request_log: { disable_for_health: true } } } } });
});
afterAll(() => server?.stop());

const logged = (requestId: string) =>
  server.logged
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ request_id }) => request_id === requestId);
/** How many requests of a path were answered with a code. */
const countOf = async (path: string, code = "ok"): Promise<number> => {
  const text = await (await fetch(`${server.adminUrl}/metrics/prometheus`)).text();
  const [, count] =
    new RegExp(`_duration_seconds_count\\{rpc="${path}",protocol="rest",code="${code}"\\} (\\d+)`).exec(text) ?? [];
  return Number(count ?? 0);
};
const ask = (url: string, requestId: string) => fetch(url, { headers: { "x-request-id": requestId } });

describe.each(["health/alive", "health/ready"])("%s", (path) => {
  it("is logged on a port that does not say otherwise, and counted", async () => {
    const before = await countOf(path);
    const id = `public-${path}`;
    expect((await ask(`${server.url}/${path}`, id)).status).toBe(200);
    await expect.poll(() => logged(id)).toMatchObject([{ msg: "call", rpc: path, protocol: "rest", port: "public" }]);
    await expect.poll(() => countOf(path)).toBeGreaterThan(before);
  });

  it("is counted, and not logged, on a port that says so, with and without the prefix", async () => {
    const before = await countOf(path);
    for (const url of [`${server.adminUrl}/${path}`, `${server.adminUrl}/admin/${path}`])
      expect((await ask(url, `admin-${path}`)).status).toBe(200);
    await expect.poll(() => countOf(path)).toBeGreaterThanOrEqual(before + 2);
    expect(logged(`admin-${path}`)).toEqual([]);
  });
});

it.each(["version", "metrics/prometheus"])("%s is logged and counted, with and without the prefix", async (path) => {
  const before = await countOf(path);
  for (const url of [`${server.adminUrl}/${path}`, `${server.adminUrl}/admin/${path}`]) {
    const id = `asked-${url.length}-${path}`;
    expect((await ask(url, id)).status).toBe(200);
    await expect.poll(() => logged(id)).toMatchObject([{ msg: "call", rpc: path, protocol: "rest", port: "admin" }]);
  }
  await expect.poll(() => countOf(path)).toBeGreaterThanOrEqual(before + 2);
});
