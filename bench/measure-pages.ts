import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { CDPSession, Page } from "playwright-core";
import { openBrowser } from "../test/browser/browser.ts";
import { pageGoals } from "./goals.ts";
import type { World } from "./world.ts";

/** What one of the pages that come with the server costs the person who opens it. */
export interface PageResult {
  readonly name: string;
  /** Bytes that crossed the network at a first visit: the page, styles, script, icon. */
  readonly bytes: number;
  /** Milliseconds to the first contentful paint, from the request for the page itself: the median of the visits. */
  readonly firstPaint: number;
  /** The shortest of the visits. */
  readonly best: number;
  /** Cumulative layout shift; the largest of the visits. */
  readonly shift: number;
}

/** The pages, and a page of one word without styles beside them: what the browser itself takes on this machine. */
export interface PagesResult {
  readonly pages: readonly PageResult[];
  readonly oneWord: PageResult;
}

const visits = 7;

/**
 * Opens each page again and again with an empty cache, in a real browser with
 * scripts, on this machine.
 */
export const measurePages = async (
  { ostiary: { baseUrl } }: World,
  say: (what: string) => void,
): Promise<PagesResult> => {
  const plain = await serveOneWord();
  const browser = await openBrowser({ javaScriptEnabled: true });
  try {
    const session = await browser.context.newCDPSession(browser.page);
    await session.send("Network.enable");
    await session.send("Network.setCacheDisabled", { cacheDisabled: true });
    const results: PageResult[] = [];
    const measure = async (name: string, path: string) => {
      const result = await measurePage(browser.page, session, { name, url: `${baseUrl}${path}` });
      say(`${name}: ${result.bytes} bytes, first paint ${result.firstPaint.toFixed(0)} ms, shift ${result.shift}`);
      results.push(result);
    };
    const oneWord = await measurePage(browser.page, session, { name: "one word, no styles", url: plain.url });
    await measure("start", "/hosted/");
    await measure("sign in", "/hosted/login");
    await measure("sign up", "/hosted/registration");
    await measure("an error", "/hosted/error?id=stub:500");
    await signUp(browser.page, baseUrl);
    await measure("home", "/hosted/");
    await measure("settings", "/hosted/settings");
    return { pages: results, oneWord };
  } finally {
    await browser.close();
    plain.close();
  }
};

const serveOneWord = async () => {
  const server = createServer((_, response) => {
    response.setHeader("content-type", "text/html; charset=utf-8").end("<!doctype html><title>Word</title><p>Word");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};

const signUp = async (page: Page, baseUrl: string): Promise<void> => {
  await page.goto(`${baseUrl}/hosted/registration`);
  await page.locator('[name="traits.email"]').fill(`pages-${Date.now()}@example.com`);
  const button = page.locator("button.primary");
  if ((await page.locator('[name="password"]').count()) === 0) await button.click();
  await page.locator('[name="password"]').fill("a walk along the river");
  await page.locator('button[value="password"]').click();
  await page.waitForURL((url) => !url.pathname.includes("registration"));
};

const measurePage = async (
  page: Page,
  session: CDPSession,
  { name, url }: { readonly name: string; readonly url: string },
): Promise<PageResult> => {
  const seen: { readonly bytes: number; readonly firstPaint: number; readonly shift: number }[] = [];
  // Redirects to the flow are not the page's own: it is opened at its own address, again and again.
  await page.goto(url);
  const address = page.url();
  for (let visit = 0; visit < visits; visit++) {
    await page.goto("about:blank");
    let bytes = 0;
    const count = ({ encodedDataLength }: { readonly encodedDataLength: number }) => {
      bytes += encodedDataLength;
    };
    session.on("Network.loadingFinished", count);
    await page.goto(address, { waitUntil: "networkidle" });
    session.off("Network.loadingFinished", count);
    seen.push({ bytes, ...(await page.evaluate<{ readonly firstPaint: number; readonly shift: number }>(timings)) });
  }
  const sorted = seen.map(({ firstPaint }) => firstPaint).sort((a, b) => a - b);
  return {
    name,
    bytes: Math.max(...seen.map(({ bytes }) => bytes)),
    firstPaint: sorted[Math.floor(sorted.length / 2)] ?? Number.POSITIVE_INFINITY,
    best: sorted[0] ?? Number.POSITIVE_INFINITY,
    shift: Math.max(...seen.map(({ shift }) => shift)),
  };
};

/** Runs in the page. */
const timings = `new Promise((resolve) => {
  let shift = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) shift += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  const [paint] = performance.getEntriesByName("first-contentful-paint");
  setTimeout(() => resolve({ firstPaint: paint === undefined ? Infinity : paint.startTime, shift }), 100);
})`;

/** Whether a page keeps its budget, in words for each part of it. */
export const judgePage = ({ name, bytes, firstPaint, shift }: PageResult) => [
  {
    goal: `page "${name}": transferred`,
    wanted: `under ${pageGoals.bytes / 1000} kB`,
    got: `${(bytes / 1000).toFixed(1)} kB`,
    met: bytes < pageGoals.bytes,
  },
  {
    goal: `page "${name}": first paint`,
    wanted: `under ${pageGoals.firstPaint} ms`,
    got: `${firstPaint.toFixed(0)} ms`,
    met: firstPaint < pageGoals.firstPaint,
  },
  { goal: `page "${name}": layout shift`, wanted: "none", got: shift.toFixed(3), met: shift === 0 },
];
