import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { merge } from "../../src/config/tree.ts";
import { passwordless } from "../protocols/codes.ts";
import { type MailServer, startMailServer } from "../protocols/mail-server.ts";
import { newEmail } from "../protocols/person.ts";
import type { TestServer } from "../protocols/server.ts";
import { type Browser, openBrowser } from "./browser.ts";
import { startHostedServer } from "./hosted-server.ts";

/* People without a password: their browsers run no scripts, and their codes come by mail. */

let mails: MailServer;
let server: TestServer;
let browser: Browser;
let page: Page;
beforeAll(async () => {
  mails = await startMailServer();
  const courier = {
    courier: { smtp: { connection_uri: `smtp://127.0.0.1:${mails.port}/?disable_starttls=true` } },
  };
  const style = { selfservice: { flows: { login: { style: "identifier_first" } } } };
  server = await startHostedServer(merge(merge(passwordless, courier), style));
});
afterAll(async () => {
  await server?.stop();
  await mails?.close();
});
beforeEach(async () => {
  browser = await openBrowser();
  page = browser.page;
});
afterEach(() => browser?.close());

const heading = () => page.getByRole("heading", { level: 1 }).textContent();
const codeTo = async (email: string): Promise<string> => (await mails.wait(email)).code ?? "";

it("someone signs up and in with codes from their mails", async () => {
  const email = newEmail();
  await page.goto(`${server.url}/hosted/registration`);
  await page.getByLabel("E-Mail").fill(email);
  await page.getByRole("button", { name: "Sign up with a code" }).click();
  await page.getByLabel("Sign-up code").fill("000000");
  await page.getByRole("button", { name: "Continue" }).click();
  expect(await page.getByRole("alert").textContent()).toContain("not right");
  await page.getByLabel("Sign-up code").fill(await codeTo(email));
  // Enter does what the button does.
  await page.getByLabel("Sign-up code").press("Enter");
  expect(await heading()).toBe("Account settings");

  await page.locator(".head summary").click();
  await page.getByRole("link", { name: "Sign out" }).click();
  await page.getByLabel("E-Mail").fill(email);
  await page.getByRole("button", { name: "Continue", exact: true }).click();
  await page.getByRole("button", { name: "Send me a sign-in code" }).click();
  await codeTo(email);
  await page.getByRole("button", { name: "Send a new code" }).click();
  await page.getByLabel("Sign-in code").fill(await codeTo(email));
  await page.getByRole("button", { name: "Continue", exact: true }).click();
  expect(await heading()).toBe("Account settings");
  expect(browser.complaints).toEqual([]);
});
