import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type Browser, openBrowser } from "../browser/browser.ts";
import { newEmail, newPassword } from "../protocols/person.ts";
import { startServer, type TestServer } from "../protocols/server.ts";
import { type RunningExample, startExample } from "./run-example.ts";

/* examples/react, with @ostiary/client and @ostiary/react, in a browser: by REST with cookies, and by Connect-Web. */

// Pages take their time on a machine that is busy.
vi.setConfig({ testTimeout: 60_000 });

let server: TestServer;
let example: RunningExample;
let browser: Browser;
let page: Page;
beforeAll(async () => {
  server = await startServer();
  [example, browser] = await Promise.all([startExample("react", server.url), openBrowser({ javaScriptEnabled: true })]);
  page = browser.page;
}, 120_000);
beforeEach(() => page.context().clearCookies());
afterAll(async () => {
  await browser?.close();
  await example?.stop();
  await server?.stop();
});

describe.each([
  ["REST", "", "/self-service/settings/browser"],
  ["Connect-Web", "?protocol=connect", "/ostiary.settings.v1.SettingsService/CreateFlow"],
])("by %s", (_, query, call) => {
  const open = (hash: string) => page.goto("about:blank").then(() => page.goto(`${example.url}/${query}#/${hash}`));
  const section = (name: string) => page.locator(`section[data-group="${name}"]`);

  const signUp = async () => {
    const person = { email: newEmail(), password: newPassword() };
    await open("registration");
    await page.locator('[name="traits.email"]').fill(person.email);
    await page.locator('[name="password"]').fill(person.password);
    const asked = page.waitForRequest((request) => request.url().includes(call));
    await page.getByRole("button", { name: /^sign up/i }).click();
    await asked;
    await section("profile").waitFor();
    return person;
  };

  it("signs someone up, and changes the profile", async () => {
    const { email } = await signUp();
    await expect(section("profile").locator('[name="traits.email"]').inputValue()).resolves.toBe(email);
    await section("profile").locator('[name="traits.name.first"]').fill("Ann");
    await section("profile").getByRole("button", { name: /save/i }).click();
    await page.locator('[data-message="1050001"]').waitFor();
    await open("settings");
    await section("profile").waitFor();
    await expect(section("profile").locator('[name="traits.name.first"]').inputValue()).resolves.toBe("Ann");
  });

  it("says what is wrong beside the input", async () => {
    await signUp();
    await section("password").locator('[name="password"]').fill("short");
    await section("password").getByRole("button", { name: /save/i }).click();
    await section("password").getByRole("alert").waitFor();
    await expect(section("password").locator('[name="password"]').getAttribute("aria-invalid")).resolves.toBe("true");
  });

  it("asks who it is in a dialog, and makes the protected change then", async () => {
    const { password } = await signUp();
    server.clock.advance(20 * 60_000);
    await section("password").locator('[name="password"]').fill(newPassword());
    await section("password").getByRole("button", { name: /save/i }).click();
    const dialog = page.getByRole("dialog");
    await dialog.locator('[name="password"]').fill("not that one");
    await dialog.getByRole("button", { name: /sign in/i }).click();
    await dialog.getByRole("alert").waitFor();
    await dialog.locator('[name="password"]').fill(password);
    await dialog.getByRole("button", { name: /sign in/i }).click();
    await page.locator('[data-message="1050001"]').waitFor();
    await expect(dialog.count()).resolves.toBe(0);
  });

  it("resumes a change that waits for the next sign-in", async () => {
    const { password } = await signUp();
    server.clock.advance(20 * 60_000);
    await section("password").locator('[name="password"]').fill(newPassword());
    await section("password").getByRole("button", { name: /save/i }).click();
    await page.getByRole("button", { name: "Not now" }).click();
    await page.getByRole("link", { name: "signed in again" }).click();
    const submit = page.getByRole("button", { name: /^sign in/i });
    // Until it is there the page is that of the settings, which has a password too.
    await submit.waitFor();
    await page.locator('main [name="password"]').fill(password);
    await submit.click();
    await page.locator('[data-message="1050001"]').waitFor();
  });

  it("signs out", async () => {
    await signUp();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.locator('[name="identifier"]').waitFor();
    await open("settings");
    await page.locator('[name="identifier"]').waitFor();
  });
});
