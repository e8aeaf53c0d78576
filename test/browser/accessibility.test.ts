import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestServer } from "../protocols/server.ts";
import { findViolations } from "./axe.ts";
import { type Browser, openBrowser } from "./browser.ts";
import { startHostedServer } from "./hosted-server.ts";
import { states } from "./states.ts";

/*
 * Every page, in every state that looks different, for everybody: WCAG 2.2 AA
 * as far as a program can tell, and what axe does not look at.
 */

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

/** What makes the page scroll sideways, if anything does. */
const sideways = () =>
  page.evaluate<readonly string[]>(
    `document.documentElement.scrollWidth <= innerWidth ? [] : [...document.body.querySelectorAll("*")].filter((element) => element.getBoundingClientRect().right > innerWidth + 1 || element.getBoundingClientRect().left < -1).map((element) => element.outerHTML.slice(0, 90))`,
  );

/** Everything to click that is less than 24 pixels either way and stands in no line of text (WCAG 2.5.8). */
const tooSmall = () =>
  page.evaluate<readonly string[]>(
    `[...document.querySelectorAll("a, button, input:not([type=hidden], [hidden]), select, summary")].filter((element) => element.checkVisibility() && !element.matches("p a, li a[href^='#node'], .skip")).filter((element) => { const box = element.getBoundingClientRect(); return box.width < 24 || box.height < 24; }).map((element) => element.outerHTML.slice(0, 90))`,
  );

describe.each(Object.entries(states))("%s", (_, go) => {
  it("breaks no rule in light and dark, fits a small phone, twice the size and every direction, and complains of nothing", async () => {
    await page.context().clearCookies();
    await page.setViewportSize({ width: 1280, height: 800 });
    await go(page, server);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      expect([colorScheme, await findViolations(page)]).toEqual([colorScheme, []]);
    }
    // 640 pixels are 1280 at 200 %; at 320 nothing may scroll sideways (WCAG 1.4.10).
    for (const width of [640, 390, 360, 320]) {
      await page.setViewportSize({ width, height: 800 });
      expect([width, await sideways()]).toEqual([width, []]);
    }
    expect(await findViolations(page)).toEqual([]);
    expect(await tooSmall()).toEqual([]);
    await page.evaluate(`document.documentElement.dir = "rtl"`);
    expect(["rtl", await sideways()]).toEqual(["rtl", []]);
    expect(browser.complaints.filter((text) => !text.includes("404"))).toEqual([]);
  });
});
