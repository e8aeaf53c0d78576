import type { AddressInfo } from "node:net";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createViteServer } from "vitest/node";
import { HealthCheckResponse_ServingStatus as Status } from "../../gen/health/v1/health_pb.ts";
import { startServer, type TestServer } from "../protocols/server.ts";
import { type Browser, openBrowser } from "./browser.ts";
import type { Learned } from "./cross-origin-client.ts";

/* A page of another origin, in a real browser, with the clients that such pages use. */

let pages: Awaited<ReturnType<typeof createViteServer>>;
let origin: string;
let server: TestServer;
let browser: Browser;
beforeAll(async () => {
  pages = await createViteServer({
    root: path.resolve(import.meta.dirname, "../.."),
    configFile: false,
    logLevel: "error",
    cacheDir: path.resolve(import.meta.dirname, "../../node_modules/.cache/cross-origin"),
    server: { host: "127.0.0.1", port: 0, ws: false, hmr: false, watch: null },
    appType: "mpa",
    optimizeDeps: {
      include: [
        "@bufbuild/protobuf",
        "@bufbuild/protobuf/codegenv2",
        "@bufbuild/protobuf/wkt",
        "@connectrpc/connect",
        "@connectrpc/connect-web",
      ],
    },
    plugins: [
      {
        name: "an empty page",
        configureServer: ({ middlewares }) => {
          middlewares.use("/empty", (_request, response) => {
            response.setHeader("content-type", "text/html");
            response.end("<!doctype html><link rel=icon href=data:,><title>Empty</title>");
          });
        },
      },
    ],
  });
  await pages.listen();
  const address = pages.httpServer?.address() as AddressInfo | undefined;
  origin = `http://127.0.0.1:${address?.port}`;
  server = await startServer({
    overrides: { serve: { public: { cors: { enabled: true, allowed_origins: [origin, `${origin}/*`] } } } },
  });
  browser = await openBrowser({ javaScriptEnabled: true });
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await pages?.close();
});

const call = async (protocol: "connect" | "grpc-web"): Promise<Learned> => {
  await browser.page.goto(`${origin}/empty`);
  // As text: what is imported here is the page's business.
  const made =
    'import("/test/browser/cross-origin-client.ts")' +
    `.then((page) => page.callFromPage("${server.url}", "${protocol}"))`;
  return browser.page.evaluate<Learned>(made);
};

it.each(["connect", "grpc-web"] as const)(
  "a page of an allowed origin calls by %s, preflights included",
  async (protocol) => {
    const learned = await call(protocol);
    expect(learned.flow).toMatch(/^[\da-f-]{36}$/);
    expect(learned).toMatchObject({ fetched: learned.flow, code: "Unauthenticated", health: Status.SERVING });
    expect(learned.message).not.toBe("");
    expect(learned.details).toBeGreaterThan(0);
  },
);

it("a page of another origin learns nothing", async () => {
  await server.restart({
    serve: { public: { cors: { enabled: true, allowed_origins: ["https://app.example.com"] } } },
  });
  await expect(call("connect")).rejects.toThrow(/Failed to fetch/);
  await server.restart();
});
