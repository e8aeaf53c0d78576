import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { type MailServer, type ReceivedMail, startMailServer } from "../protocols/mail-server.ts";
import { newEmail, newPassword } from "../protocols/person.ts";
import { identitySchemaUrl } from "../protocols/schema.ts";
import type { TestServer } from "../protocols/server.ts";
import { type Browser, openBrowser } from "./browser.ts";
import { startHostedServer } from "./hosted-server.ts";

/* What people do with the mails that they get: their browsers run no scripts, and the mails come by SMTP. */

let mails: MailServer;
let server: TestServer;
let browser: Browser;
let page: Page;
beforeAll(async () => {
  mails = await startMailServer();
  const ui = (kind: string) => ({ enabled: true, ui_url: `/hosted/${kind}` });
  server = await startHostedServer({
    courier: { smtp: { connection_uri: `smtp://127.0.0.1:${mails.port}/?disable_starttls=true` } },
    selfservice: {
      flows: {
        recovery: ui("recovery"),
        verification: ui("verification"),
        settings: { after: { profile: { hooks: [{ hook: "show_verification_ui" }] } } },
      },
    },
    identity: { schemas: [{ id: "person", url: identitySchemaUrl }] },
  });
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

const heading = (at = page) => at.getByRole("heading", { level: 1 }).textContent();
const said = (at = page) => at.locator("main").textContent();

const signUp = async () => {
  const person = { email: newEmail(), password: newPassword() };
  await page.goto(`${server.url}/hosted/registration`);
  await page.getByLabel("E-Mail").fill(person.email);
  await page.getByLabel("Password", { exact: true }).fill(person.password);
  await page.getByRole("button", { name: "Create account" }).click();
  expect(await heading()).toBe("Account settings");
  return person;
};
const signOut = async () => {
  await page.locator(".head summary").click();
  await page.getByRole("link", { name: "Sign out" }).click();
};
const signIn = async (email: string, password: string) => {
  await page.getByLabel("E-Mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
};

/** The link of a mail, as its reader finds it. */
const linkOf = ({ parsed }: ReceivedMail): string => {
  const [link] = /http:\/\/127\.0\.0\.1\S+/.exec(parsed.text ?? "") ?? [];
  if (link === undefined) throw new Error("the mail has no link");
  return link;
};

it("someone who lost the password gets a code by mail and sets a new one", { timeout: 60_000 }, async () => {
  const { email, password: lost } = await signUp();
  await mails.wait(email);
  await signOut();

  await page.getByRole("link", { name: "Forgot your password?" }).click();
  expect(await heading()).toBe("Get back into your account");
  await page.getByLabel("E-mail").fill(email);
  await page.getByRole("button", { name: "Continue" }).click();
  expect(await said()).toContain("we have sent a code to it");
  const { code = "" } = await mails.wait(email);
  await page.getByLabel("Recovery code").fill(code === "000000" ? "000001" : "000000");
  await page.getByRole("button", { name: "Continue" }).click();
  expect(await page.getByRole("alert").textContent()).toContain("not right");
  await page.getByLabel("Recovery code").fill(code);
  await page.getByRole("button", { name: "Continue" }).click();
  expect(await heading()).toBe("Account settings");
  expect(await said()).toContain("You are back in your account");

  const password = newPassword();
  await page.getByLabel("New password").fill(password);
  await page.getByRole("button", { name: "Change password" }).click();
  expect(await said()).toContain("Your password has been changed.");

  await signOut();
  await signIn(email, lost);
  expect(await heading()).toBe("Sign in");
  expect(await page.getByRole("alert").textContent()).toContain("not right");
  await signIn(email, password);
  expect(await heading()).toBe("Account settings");
  expect(browser.complaints).toEqual([]);
});

it("the link of a mail is opened in a browser that has never been anywhere, and ends there", async () => {
  const { email } = await signUp();
  const link = linkOf(await mails.wait(email));

  const otherBrowser = await openBrowser();
  try {
    await otherBrowser.page.goto(link);
    expect(await heading(otherBrowser.page)).toBe("Confirm your address");
    await otherBrowser.page.getByRole("button", { name: "Continue" }).click();
    expect(await said(otherBrowser.page)).toContain("Your address is confirmed.");
    // Nobody is signed in by it.
    await otherBrowser.page.goto(`${server.url}/hosted/settings`);
    expect(await heading(otherBrowser.page)).toBe("Sign in");
    expect(otherBrowser.complaints).toEqual([]);
  } finally {
    await otherBrowser.close();
  }

  await page.goto(`${server.url}/sessions/whoami`);
  expect(JSON.parse((await page.locator("body").textContent()) ?? "")).toMatchObject({
    identity: { verifiable_addresses: [{ value: email, verified: true, status: "completed" }] },
  });
});

it("the link of a recovery is opened in another browser, and signs in there and nowhere else", async () => {
  const { email } = await signUp();
  await mails.wait(email);
  await signOut();
  await page.getByRole("link", { name: "Forgot your password?" }).click();
  await page.getByLabel("E-mail").fill(email);
  await page.getByRole("button", { name: "Continue" }).click();
  const link = linkOf(await mails.wait(email));

  const otherBrowser = await openBrowser();
  try {
    await otherBrowser.page.goto(link);
    expect(await heading(otherBrowser.page)).toBe("Get back into your account");
    await otherBrowser.page.getByRole("button", { name: "Continue" }).click();
    expect(await heading(otherBrowser.page)).toBe("Account settings");
    expect(await said(otherBrowser.page)).toContain("You are back in your account");
    expect(otherBrowser.complaints).toEqual([]);
  } finally {
    await otherBrowser.close();
  }
  await page.goto(`${server.url}/hosted/settings`);
  expect(await heading()).toBe("Sign in");
});

it("whoever changes their address confirms the new one on the page that follows", async () => {
  const { email: old } = await signUp();
  await mails.wait(old);
  const email = newEmail();
  await page.getByLabel("E-Mail").fill(email);
  await page.getByRole("button", { name: "Save profile" }).click();
  expect(await heading()).toBe("Confirm your address");
  expect(await said()).toContain("We have sent a code to this address.");
  await page.getByLabel("Verification code").fill((await mails.wait(email)).code ?? "");
  await page.getByRole("button", { name: "Continue" }).click();
  expect(await said()).toContain("Your address is confirmed.");
  await page.getByRole("link", { name: "Continue" }).click();
  expect(await heading()).toBe("Account settings");
  expect(await page.getByLabel("E-Mail").inputValue()).toBe(email);
  expect(browser.complaints).toEqual([]);
});

it("the start page leads whoever has not verified an address to where they do", async () => {
  const { email } = await signUp();
  await mails.wait(email);
  await page.goto(`${server.url}/hosted/`);
  const addresses = page.locator("#addresses");
  expect(await addresses.textContent()).toContain("Not verified");
  await addresses.getByRole("link", { name: "Confirm your address" }).click();
  expect(await heading()).toBe("Confirm your address");
  await page.getByLabel("E-mail").fill(email);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByLabel("Verification code").fill((await mails.wait(email)).code ?? "");
  await page.getByRole("button", { name: "Continue" }).click();
  expect(await said()).toContain("Your address is confirmed.");

  await page.goto(`${server.url}/hosted/`);
  expect(await addresses.locator(".badge").textContent()).toBe("Verified");
  expect(await addresses.getByRole("link", { name: "Confirm your address" }).count()).toBe(0);
  expect(browser.complaints).toEqual([]);
});
