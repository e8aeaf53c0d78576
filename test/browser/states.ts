import type { Page } from "playwright-core";
import { newEmail, newPassword } from "../protocols/person.ts";
import type { TestServer } from "../protocols/server.ts";

/* The states of the pages that look different, for tests that go through all of them. */

/** Signs a new person up by the pages. */
export const signUp = async (page: Page, { url }: TestServer) => {
  const person = { email: newEmail(), password: newPassword() };
  await page.goto(`${url}/hosted/registration`);
  await page.locator('[name="traits.email"]').fill(person.email);
  await page.locator('[name="traits.name.first"]').fill("Ann");
  await page.locator('[name="password"]').fill(person.password);
  await page.locator('button[value="password"]').click();
  await page.waitForURL(/\/hosted\/settings/);
  return person;
};

/** Signs in by the page that is open. */
export const signIn = async (
  page: Page,
  { email, password }: { readonly email: string; readonly password: string },
) => {
  await page.locator('[name="identifier"]').fill(email);
  await page.locator('[name="password"]').fill(password);
  await page.locator('button[value="password"]').click();
};

/** The form of a section of the settings. */
export const section = (page: Page, name: string) => page.locator(`form[data-draft="settings ${name}"]`);

/** A way into each state. */
export const states: Readonly<Record<string, (page: Page, server: TestServer) => Promise<unknown>>> = {
  start: (page, { url }) => page.goto(`${url}/hosted/`),
  "sign in": (page, { url }) => page.goto(`${url}/hosted/login`),
  "sign in, refused": async (page, { url }) => {
    await page.goto(`${url}/hosted/login`);
    await signIn(page, { email: newEmail(), password: "wrong" });
    await page.getByRole("alert").waitFor();
  },
  "sign in, with a reason": (page, { url }) =>
    page.goto(
      `${url}/self-service/login/browser?return_to=${encodeURIComponent(`${url}/self-service/settings/browser`)}`,
    ),
  "sign up": (page, { url }) => page.goto(`${url}/hosted/registration`),
  "sign up, refused": async (page, { url }) => {
    await page.goto(`${url}/hosted/registration`);
    await page.locator('[name="traits.age"]').fill("seventeen");
    await page.locator('button[value="password"]').click();
    await page.getByRole("alert").waitFor();
  },
  home: async (page, server) => {
    await signUp(page, server);
    await page.goto(`${server.url}/hosted/`);
  },
  "the account menu": async (page, server) => {
    await signUp(page, server);
    await page.goto(`${server.url}/hosted/`);
    await page.locator(".head summary").click();
  },
  "the language menu": async (page, { url }) => {
    await page.goto(`${url}/hosted/`);
    await page.locator(".foot summary").click();
  },
  settings: (page, server) => signUp(page, server),
  "settings, saved": async (page, server) => {
    await signUp(page, server);
    await section(page, "password").locator('[name="password"]').fill(newPassword());
    await section(page, "password").locator("button[value=password]").click();
    await page.locator(".saved:target").waitFor();
  },
  "settings, refused": async (page, server) => {
    await signUp(page, server);
    await section(page, "password").locator('[name="password"]').fill("x");
    await section(page, "password").locator("button[value=password]").click();
    await page.getByRole("alert").waitFor();
  },
  "confirming that it is you": async (page, server) => {
    await signUp(page, server);
    await page.goto(`${server.url}/hosted/login?refresh=true`);
  },
  "an error": (page, { url }) => page.goto(`${url}/hosted/error?id=stub:500`),
  "nothing here": (page, { url }) => page.goto(`${url}/no/such/page`),
  "signed out": (page, { url }) => page.goto(`${url}/hosted/signed-out`),
};
