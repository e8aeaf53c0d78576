import { randomUUID } from "node:crypto";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { merge } from "../../src/config/tree.ts";
import { newEmail, newPassword } from "../protocols/person.ts";
import { type Providers, showRealTime, startProviders } from "../protocols/providers.ts";
import type { TestServer } from "../protocols/server.ts";
import { type Browser, openBrowser } from "./browser.ts";
import { startHostedServer, withPages } from "./hosted-server.ts";

let server: TestServer;
let providers: Providers;
let browser: Browser;
let page: Page;
beforeAll(async () => {
  server = await startHostedServer();
  const session = { selfservice: { flows: { registration: { after: { oidc: { hooks: [{ hook: "session" }] } } } } } };
  providers = await startProviders(server, {}, merge(withPages, session));
});
afterAll(async () => {
  await server?.stop();
  await providers?.close();
});
beforeEach(async () => {
  showRealTime(server);
  browser = await openBrowser();
  page = browser.page;
});
afterEach(async () => {
  expect(browser.complaints).toEqual([]);
  await browser.close();
});

const heading = () => page.getByRole("heading", { level: 1 }).textContent();
const button = (name: string) => page.getByRole("button", { name, exact: true });
const saved = "Your sign-in providers are up to date.";

const signUp = async () => {
  const person = { email: newEmail(), password: newPassword() };
  await page.goto(`${server.url}/hosted/registration`);
  await page.getByLabel("E-Mail").fill(person.email);
  await page.getByLabel("Password", { exact: true }).fill(person.password);
  await button("Create account").click();
  expect(await heading()).toBe("Account settings");
  return person;
};

describe("a person with an account at a provider", () => {
  it("links it by a click, and unlinks it by another", async () => {
    await signUp();
    providers.acme.setAccount({ sub: randomUUID(), email: "ann@acme.example", given_name: "Ann" });
    await button("Connect Acme").click();
    expect(await page.getByText(saved).isVisible()).toBe(true);
    expect(await page.locator("#oidc li").first().textContent()).toMatch(
      /Acme\s+Connected ann@acme\.example Connected .* UTC/,
    );
    expect([await button("Connect Acme").count(), await button("Connect Globex").count()]).toEqual([0, 1]);
    await button("Disconnect Acme").click();
    expect(await page.getByText(saved).isVisible()).toBe(true);
    expect([await button("Disconnect Acme").count(), await button("Connect Acme").count()]).toEqual([0, 1]);
  });

  it("signs up with it, and signs in with it the next time", async () => {
    const account = { sub: randomUUID(), email: newEmail(), email_verified: true };
    providers.acme.setAccount(account);
    await page.goto(`${server.url}/hosted/registration`);
    await button("Continue with Acme").click();
    expect(await heading()).toBe("Account settings");
    expect(await page.locator(".head .who").textContent()).toContain(account.email);
    await page.goto(`${server.url}/hosted/`);
    await page.locator(".head summary").click();
    await page.getByRole("link", { name: "Sign out" }).click();
    await button("Continue with Acme").click();
    expect(await heading()).toBe("Account settings");
    expect(await page.locator(".head .who").textContent()).toContain(account.email);
  });

  it("fills in what the provider does not tell", async () => {
    const email = newEmail();
    providers.acme.setAccount({ sub: randomUUID(), given_name: "Ann" });
    await page.goto(`${server.url}/hosted/registration`);
    await button("Continue with Acme").click();
    expect(await page.getByLabel("First name").inputValue()).toBe("Ann");
    await page.getByLabel("E-Mail").fill(email);
    await button("Continue").click();
    expect(await page.getByLabel("E-Mail").inputValue()).toBe(email);
  });

  it("is asked for the password of an account that has the address, and has both ways in afterwards", async () => {
    const person = await signUp();
    await page.goto(`${server.url}/hosted/`);
    await page.locator(".head summary").click();
    await page.getByRole("link", { name: "Sign out" }).click();
    providers.acme.setAccount({ sub: randomUUID(), email: person.email, email_verified: true });
    await button("Continue with Acme").click();
    expect(await heading()).toBe("Connect your account");
    expect(await page.locator("main").textContent()).toContain(person.email);
    await page.getByLabel("Password", { exact: true }).fill(person.password);
    await button("Sign in and connect").click();
    expect(await heading()).toBe("Account settings");
    expect(await button("Disconnect Acme").count()).toBe(1);
  });

  it("is back at the form when they say no at the provider", async () => {
    await signUp();
    providers.acme.setAccount({ sub: randomUUID() });
    providers.acme.refuse("access_denied");
    await button("Connect Acme").click();
    providers.acme.refuse(undefined);
    expect(await page.getByRole("alert").textContent()).toContain("refused or cancelled at the provider");
    expect(await button("Connect Acme").count()).toBe(1);
  });
});
