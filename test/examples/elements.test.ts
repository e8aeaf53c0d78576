import { readFileSync } from "node:fs";
import path from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { type Browser, openBrowser } from "../browser/browser.ts";
import { root } from "../clients/toolchains.ts";
import { freePort } from "../protocols/free-port.ts";
import { newEmail, newPassword } from "../protocols/person.ts";
import { startServer, type TestServer } from "../protocols/server.ts";
import { type RunningExample, startExample } from "./run-example.ts";

/* The settings page of @ory/elements-react, as it is published, against this server. */

// Pages take their time on a machine that is busy.
vi.setConfig({ testTimeout: 60_000 });

let server: TestServer;
let example: RunningExample;
let browser: Browser;
let page: Page;
beforeAll(async () => {
  const port = await freePort();
  server = await startServer({
    overrides: {
      selfservice: {
        default_browser_return_url: "/hosted/settings",
        flows: {
          login: { ui_url: "/hosted/login" },
          registration: { ui_url: "/hosted/registration" },
          settings: { ui_url: `http://127.0.0.1:${port}/` },
        },
      },
    },
  });
  [example, browser] = await Promise.all([
    startExample("elements", server.url, { PORT: String(port) }),
    openBrowser({ javaScriptEnabled: true }),
  ]);
  page = browser.page;
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await example?.stop();
  await server?.stop();
});

it("@ory/elements-react 1.2.1 shows and changes the settings of an account, in an app of 46 lines", async () => {
  const { dependencies } = JSON.parse(readFileSync(path.join(root, "examples/elements/package.json"), "utf8")) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  expect(dependencies["@ory/elements-react"]).toBe("1.2.1");
  const app = readFileSync(path.join(root, "examples/elements/src/main.tsx"), "utf8");
  expect(app.split("\n").length).toBeLessThanOrEqual(47);

  await page.goto(`${server.url}/self-service/registration/browser`);
  await page.locator('[name="traits.email"]').fill(newEmail());
  await page.locator('[name="password"]').fill(newPassword());
  await page.locator('button[name="method"][value="password"]').click();
  // From there to the settings page, which is this app.
  await page.waitForURL(`${example.url}/?flow=*`);

  // Cookies do not tell ports apart: the app's proxy sends those of the server.
  const next = page.locator('input[name="password"]');
  await next.fill("short");
  await page.locator('button[value="password"]').click();
  await page
    .getByText(/at least 8 characters/)
    .first()
    .waitFor();
  await next.fill(newPassword());
  await page.locator('button[value="password"]').click();
  await page.waitForURL(`${example.url}/?flow=*`);
  await page.getByText(/saved/i).first().waitFor();

  await page.goto(example.url);
  const first = page.locator('input[name="traits.name.first"]');
  await first.fill("Ann");
  await page.locator('button[value="profile"]').click();
  await page.waitForURL(`${example.url}/?flow=*`);
  await first.waitFor();
  await expect(first.inputValue()).resolves.toBe("Ann");
});
