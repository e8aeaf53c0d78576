import type { Page } from "playwright-core";
import { expect } from "vitest";
import { findViolations } from "./axe.ts";
import type { Browser } from "./browser.ts";

/*
 * Whether a page is for everybody: WCAG 2.2 AA as far as a program can tell, and what axe does not look at.
 */

/** What makes the page scroll sideways, if anything does. */
const sideways = (page: Page) =>
  page.evaluate<readonly string[]>(
    `document.documentElement.scrollWidth <= innerWidth ? [] : [...document.body.querySelectorAll("*")]
      .filter((element) => element.getBoundingClientRect().right > innerWidth + 1 ||
        element.getBoundingClientRect().left < -1)
      .map((element) => element.outerHTML.slice(0, 90))`,
  );

/** Everything to click that is less than 24 pixels either way and stands in no line of text (WCAG 2.5.8). */
const tooSmall = (page: Page) =>
  page.evaluate<readonly string[]>(
    `[...document.querySelectorAll("a, button, input:not([type=hidden], [hidden]), select, summary")]
      .filter((element) => element.checkVisibility() && !element.matches("p a, li a[href^='#node'], .skip"))
      .filter((element) => {
        const box = element.getBoundingClientRect();
        return box.width < 24 || box.height < 24;
      })
      .map((element) => element.outerHTML.slice(0, 90))`,
  );

/**
 * Expects the page that is open to break no rule in light and dark, to fit a small phone, twice the size and every
 * direction, and the browser to complain of nothing. Leaves it as wide as it was.
 */
export const expectForEverybody = async ({ page, complaints }: Pick<Browser, "complaints" | "page">): Promise<void> => {
  const heading = await page.locator("h1").textContent();
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    expect([heading, colorScheme, await findViolations(page)]).toEqual([heading, colorScheme, []]);
  }
  // 640 pixels are 1280 at 200 %; at 320 nothing may scroll sideways (WCAG 1.4.10).
  for (const width of [640, 390, 360, 320]) {
    await page.setViewportSize({ width, height: 800 });
    expect([heading, width, await sideways(page)]).toEqual([heading, width, []]);
  }
  expect([heading, await findViolations(page)]).toEqual([heading, []]);
  expect([heading, await tooSmall(page)]).toEqual([heading, []]);
  await page.evaluate(`document.documentElement.dir = "rtl"`);
  expect([heading, "rtl", await sideways(page)]).toEqual([heading, "rtl", []]);
  // Their cause is a page that says so itself.
  expect(complaints.filter((text) => !/\b(?:400|403|404)\b/.test(text))).toEqual([]);
  await page.evaluate(`document.documentElement.dir = "ltr"`);
  await page.setViewportSize({ width: 1280, height: 800 });
};
