import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { type Browser, openBrowser } from "../browser/browser.ts";
import { newEmail, newPassword } from "../protocols/person.ts";
import { startServer, type TestServer } from "../protocols/server.ts";
import { type RunningExample, startExample } from "./run-example.ts";

/* examples/express in a browser that runs no scripts. */

// Pages take their time on a machine that is busy.
vi.setConfig({ testTimeout: 60_000 });

let server: TestServer;
let example: RunningExample;
let browser: Browser;
let page: Page;
beforeAll(async () => {
  server = await startServer();
  [example, browser] = await Promise.all([
    startExample("express", server.url),
    openBrowser({ javaScriptEnabled: false }),
  ]);
  page = browser.page;
}, 120_000);
beforeEach(() => page.context().clearCookies());
afterAll(async () => {
  await browser?.close();
  await example?.stop();
  await server?.stop();
});

const press = (group: string, name: string | RegExp) =>
  page.locator(`form[data-group="${group}"]`).getByRole("button", { name }).click();

const type = (group: string, name: string, value: string) =>
  page.locator(`form[data-group="${group}"] [name="${name}"]`).fill(value);

const signUp = async () => {
  const person = { email: newEmail(), password: newPassword() };
  await page.goto(`${example.url}/registration`);
  await type("password", "traits.email", person.email);
  await type("password", "password", person.password);
  await press("password", /sign up/i);
  await page.waitForURL(`${example.url}/settings`);
  return person;
};

it("signs someone up, and changes the profile", async () => {
  const { email } = await signUp();
  await expect(page.locator('[name="traits.email"]').inputValue()).resolves.toBe(email);
  await type("profile", "traits.name.first", "Ann");
  await press("profile", /save/i);
  await expect(page.locator('[data-message="1050001"]').count()).resolves.toBe(1);
  await page.goto(`${example.url}/settings`);
  await expect(page.locator('[name="traits.name.first"]').inputValue()).resolves.toBe("Ann");
});

it("says what is wrong beside the input, and keeps what was typed", async () => {
  await signUp();
  await type("profile", "traits.email", "no address");
  await press("profile", /save/i);
  await expect(page.getByRole("alert").textContent()).resolves.toMatch(/valid/);
  await expect(page.locator('[name="traits.email"]').inputValue()).resolves.toBe("no address");
});

it("has a protected change wait for a new sign-in, and applies it then", async () => {
  const { email, password } = await signUp();
  server.clock.advance(20 * 60_000);
  const next = newPassword();
  await page.goto(`${example.url}/settings`);
  await type("password", "password", next);
  await press("password", /save/i);
  expect(page.url()).toMatch(/\/login\?refresh=true&resume=/);
  await type("password", "password", "not that one");
  await press("password", /sign in/i);
  await expect(page.getByRole("alert").count()).resolves.toBeGreaterThan(0);
  await type("password", "password", password);
  await press("password", /sign in/i);
  expect(page.url()).toContain("/settings/resume");
  await expect(page.locator('[data-message="1050001"]').count()).resolves.toBe(1);

  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL(/\/login/);
  await type("password", "identifier", email);
  await type("password", "password", next);
  await press("password", /sign in/i);
  await page.waitForURL(`${example.url}/settings`);
});

it("asks strangers to sign in, and goes on with a new flow when one has expired", async () => {
  await page.goto(`${example.url}/settings`);
  expect(new URL(page.url()).pathname).toBe("/login");
  await signUp();
  server.clock.advance(2 * 60 * 60_000);
  await type("profile", "traits.name.first", "Late");
  await press("profile", /save/i);
  expect(page.url()).toMatch(/\/settings\?flow=/);
  await expect(page.locator('[name="traits.name.first"]').inputValue()).resolves.toBe("");
});
