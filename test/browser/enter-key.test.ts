import { randomUUID } from "node:crypto";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { merge, type Raw } from "../../src/config/tree.ts";
import { newEmail, newPassword } from "../protocols/person.ts";
import { type Providers, showRealTime, startProviders } from "../protocols/providers.ts";
import type { TestServer } from "../protocols/server.ts";
import { type Browser, openBrowser } from "./browser.ts";
import { startHostedServer, withPages } from "./hosted-server.ts";

/*
 * Enter in a field presses the first button of its form. On every page that has
 * to be the button of what is typed there, and never a provider's.
 */

let server: TestServer;
let providers: Providers;
let browser: Browser;
let page: Page;
const styled = (style: string): Raw => {
  const registration = { style, after: { oidc: { hooks: [{ hook: "session" }] } } };
  return merge(withPages, { selfservice: { flows: { registration } } });
};
beforeAll(async () => {
  server = await startHostedServer();
});
beforeEach(async () => {
  browser = await openBrowser();
  page = browser.page;
});
afterEach(async () => {
  await browser?.close();
});
afterAll(async () => {
  await server?.stop();
  await providers?.close();
});

/** The fields of the page that people type in. */
const entries = () => page.locator("form input:visible:not([type=checkbox])");
/** What can say which button was pressed. */
const buttons = ["method", "provider", "link", "unlink", "screen"];

/**
 * Presses Enter in each field of the page, which is opened anew for each, and gives what was submitted: `field →
 * button`.
 */
const pressEnterInEachField = async (): Promise<readonly string[]> => {
  const address = page.url();
  const pressed: string[] = [];
  const count = await entries().count();
  for (let at = 0; at < count; at++) {
    await page.goto(address);
    const field = entries().nth(at);
    const name = await field.getAttribute("name");
    const [request] = await Promise.all([
      page.waitForRequest((sent) => sent.method() === "POST"),
      field.press("Enter"),
    ]);
    const sent = new URLSearchParams(request.postData() ?? "");
    pressed.push(
      `${name} → ${buttons.flatMap((button) => (sent.has(button) ? [`${button}=${sent.get(button)}`] : [])).join(" ")}`,
    );
    await page.waitForLoadState();
  }
  return pressed;
};
const traits = ["email", "name.first", "name.last", "age", "birthday", "since", "website", "tags"].map(
  (name) => `traits.${name}`,
);

const signUp = async () => {
  const person = { email: newEmail(), password: newPassword() };
  await page.goto(`${server.url}/hosted/registration`);
  await page.getByLabel("E-Mail").fill(person.email);
  await page.getByLabel("Password").fill(person.password);
  await page.locator("button[name=method][value=password]").click();
  await page.waitForURL(/\/hosted\/settings/);
  return person;
};

describe("with everything asked for at once, Enter", () => {
  beforeAll(async () => {
    providers = await startProviders(server, {}, styled("unified"));
    showRealTime(server);
  });

  it("signs up with the password", async () => {
    await page.goto(`${server.url}/hosted/registration`);
    expect(await pressEnterInEachField()).toEqual([...traits, "password"].map((name) => `${name} → method=password`));
  });

  it("signs in with the password", async () => {
    await page.goto(`${server.url}/hosted/login`);
    expect(await pressEnterInEachField()).toEqual(["identifier → method=password", "password → method=password"]);
  });

  it("saves the section that is typed in", async () => {
    await signUp();
    expect(await pressEnterInEachField()).toEqual([
      ...traits.map((name) => `${name} → method=profile`),
      "password → method=password",
    ]);
  });

  it("proves again with the password who one is", async () => {
    await signUp();
    await page.goto(`${server.url}/hosted/login?refresh=true`);
    expect(await pressEnterInEachField()).toEqual(["password → method=password"]);
  });

  it("proves with the password that an account is one's own", async () => {
    const { email } = await signUp();
    await page.context().clearCookies();
    providers.acme.setAccount({ sub: randomUUID(), email, email_verified: true });
    await page.goto(`${server.url}/hosted/login`);
    await page.locator("button[name=provider][value=acme]").click();
    await page.waitForURL(/\/hosted\/login/);
    expect(await pressEnterInEachField()).toEqual(["password → method=password"]);
  });

  it("goes on with the provider that the sign-up began with", async () => {
    providers.acme.setAccount({ sub: randomUUID(), given_name: "Ann" });
    await page.goto(`${server.url}/hosted/registration`);
    await page.locator("button[name=provider][value=acme]").click();
    await page.waitForURL(/\/hosted\/registration/);
    const [first] = await pressEnterInEachField();
    expect(first).toBe("traits.email → provider=acme");
  });
});

describe("with the profile asked for first, Enter", () => {
  beforeAll(async () => {
    await providers?.close();
    providers = await startProviders(server, {}, styled("profile_first"));
    showRealTime(server);
  });

  it("goes on with the profile, and not with a provider", async () => {
    await page.goto(`${server.url}/hosted/registration`);
    expect(await pressEnterInEachField()).toEqual(traits.map((name) => `${name} → method=profile`));
  });

  it("signs up with the password in the second step, and leads neither back nor to a provider", async () => {
    await page.goto(`${server.url}/hosted/registration`);
    await page.getByLabel("E-Mail").fill(newEmail());
    await page.getByLabel("E-Mail").press("Enter");
    await page.locator("input[name=password]").waitFor();
    expect(await pressEnterInEachField()).toEqual(["password → method=password"]);
  });
});
