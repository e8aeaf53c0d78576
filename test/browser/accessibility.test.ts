import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, it } from "vitest";
import type { TestServer } from "../protocols/server.ts";
import { type Browser, openBrowser } from "./browser.ts";
import { expectForEverybody } from "./for-everybody.ts";
import { startHostedServer } from "./hosted-server.ts";
import { states } from "./states.ts";

/* Every page, in every state that looks different, for everybody. */

let server: TestServer;
let browser: Browser;
let page: Page;
beforeAll(async () => {
  server = await startHostedServer();
  browser = await openBrowser({ javaScriptEnabled: true });
  page = browser.page;
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

describe.each(Object.entries(states))("%s", (_, go) => {
  it("breaks no rule in light and dark, and fits a small phone, twice the size and every direction", async () => {
    await page.context().clearCookies();
    await page.setViewportSize({ width: 1280, height: 800 });
    await go(page, server);
    await expectForEverybody(browser);
  });
});
