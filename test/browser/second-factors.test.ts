import { mkdirSync } from "node:fs";
import jsqr from "jsqr";
import type { Page } from "playwright-core";
import { PNG } from "pngjs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { merge } from "../../src/config/tree.ts";
import { growOld, nextCode, withFactors } from "../protocols/factors.ts";
import type { TestServer } from "../protocols/server.ts";
import { type Browser, openBrowser } from "./browser.ts";
import { startHostedServer, withPages } from "./hosted-server.ts";
import { section, signIn, signUp } from "./states.ts";

/*
 * Second factors on the pages that come with the server, in a browser without
 * script: set up, given and removed.
 */

/** The package exports it as CommonJS does, which its types do not say. */
const readQr = jsqr as unknown as typeof jsqr.default;

let server: TestServer;
let browser: Browser;
let page: Page;
beforeAll(async () => {
  const session = { trusted_devices: { enabled: true } };
  server = await startHostedServer(merge(merge(withPages, withFactors), { session }));
});
beforeEach(async () => {
  browser = await openBrowser();
  page = browser.page;
});
afterEach(async () => {
  await browser?.close();
});
afterAll(() => server?.stop());

/** Keeps a picture where one is asked for. */
const picture = async (name: string): Promise<void> => {
  const folder = process.env.OSTIARY_PICTURES;
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
};
const press = (group: string, name: string) => section(page, group).locator(`button[name=${name}]`).click();

/** Reads the QR code of the page as a phone does; gives the secret in it. */
const scan = async (): Promise<string> => {
  const { data, width, height } = PNG.sync.read(await page.locator("#totp_qr").screenshot());
  return new URL(readQr(new Uint8ClampedArray(data), width, height)?.data ?? "").searchParams.get("secret") ?? "";
};
const enrol = async (): Promise<string> => {
  const secret = await scan();
  expect(await page.locator("#totp_secret_key").textContent()).toContain(secret);
  await section(page, "totp").getByLabel("Code from the app").fill(nextCode(server, secret));
  await press("totp", "method");
  await page.getByText("Your authenticator app settings have been saved.").first().waitFor();
  return secret;
};
const signInAgain = async (person: Awaited<ReturnType<typeof signUp>>) => {
  await page.context().clearCookies();
  await page.goto(`${server.url}/hosted/login`);
  await page.locator("input[name=identifier]").fill(person.email);
  await page.locator("input[name=password]").fill(person.password);
  await page.locator("button[name=method][value=password]").click();
};

describe("a page without script", { timeout: 90_000 }, () => {
  it("sets an authenticator app up, asks for its code, and removes it", async () => {
    const person = await signUp(page, server);
    await page.goto(`${server.url}/hosted/settings`);
    await picture("settings");
    await section(page, "totp").locator("input[name=totp_code]").fill("000000");
    await press("totp", "method");
    await page.getByText("is not right").first().waitFor();
    await picture("settings, wrong code");
    const secret = await enrol();
    await picture("settings, app set up");

    await signInAgain(person);
    await page.waitForURL(/\/hosted\/login\?flow=/);
    await page.getByRole("heading", { name: "One more step" }).waitFor();
    await picture("second step");
    await page.locator("input[name=totp_code]").fill("123456");
    await page.locator("button[name=method][value=totp]").click();
    await page.getByText("is not right").first().waitFor();
    await page.locator("input[name=totp_code]").fill(nextCode(server, secret));
    await page.locator("button[name=method][value=totp]").click();
    await page.waitForURL(/\/hosted\/settings/);

    await press("totp", "totp_unlink");
    await page.locator("#totp_qr").waitFor();
    await signInAgain(person);
    await page.waitForURL(/\/hosted\/settings/);
  });

  it("makes backup codes, confirms them, takes one, shows which are left, and removes them", async () => {
    const person = await signUp(page, server);
    await page.goto(`${server.url}/hosted/settings`);
    await enrol();
    await press("lookup_secret", "lookup_secret_regenerate");
    const codes = await page.locator("#lookup_secret_codes li").allTextContents();
    expect(codes).toHaveLength(12);
    await picture("settings, new backup codes");
    await press("lookup_secret", "lookup_secret_confirm");
    await page.getByText("Your backup codes are up to date.").first().waitFor();

    await signInAgain(person);
    await page.locator("input[name=lookup_secret]").fill(codes[0] ?? "");
    await picture("second step, both");
    await page.locator("button[name=method][value=lookup_secret]").click();
    await page.waitForURL(/\/hosted\/settings/);
    await press("lookup_secret", "lookup_secret_reveal");
    await page.locator("#lookup_secret_codes li").first().waitFor();
    expect(await page.locator("#lookup_secret_codes li").allTextContents()).toEqual(["used", ...codes.slice(1)]);
    await picture("settings, codes shown");
    await press("lookup_secret", "lookup_secret_disable");
    // The code that this session was raised by is none any more: it has to be raised again.
    await page.getByRole("heading", { name: "One more step" }).waitFor();
    expect(await page.locator("input[name=lookup_secret]").count()).toBe(0);
  });

  it("trusts the browser where that is asked for, lists it, and asks again once that was ended", async () => {
    const person = await signUp(page, server);
    await page.goto(`${server.url}/hosted/settings`);
    const secret = await enrol();
    await signInAgain(person);
    await page.locator("input[name=totp_code]").fill(nextCode(server, secret));
    await page.getByLabel("Do not ask again in this browser").check();
    await page.locator("button[name=method][value=totp]").click();
    await page.waitForURL(/\/hosted\/settings/);
    await page.goto((await page.locator("a[href*='/self-service/logout']").first().getAttribute("href")) ?? "");
    await signIn(page, person);
    await page.waitForURL(/\/hosted\/settings/);

    const [devices, trusted] = [page.locator("#devices"), page.locator("#trusted")];
    await trusted.getByRole("heading", { name: "Trusted browsers" }).waitFor();
    await trusted.getByRole("button", { name: /^Ask for the second step again on Chrome/ }).click();
    await devices.getByText("That browser is asked for the second step again.").waitFor();
    expect(await trusted.count()).toBe(0);
    await signInAgain(person);
    await page.getByRole("heading", { name: "One more step" }).waitFor();
  });

  it("confirms a protected change by the second factor, and then makes it", async () => {
    await signUp(page, server);
    await page.goto(`${server.url}/hosted/settings`);
    const secret = await enrol();
    growOld(server);
    await press("totp", "totp_unlink");
    await page.getByRole("heading", { name: "One more step" }).waitFor();
    await picture("confirm");
    await page.locator("input[name=totp_code]").fill(nextCode(server, secret));
    await page.locator("button[name=method][value=totp]").click();
    await page.waitForURL(/\/hosted\/settings/);
    await page.locator("#totp_qr").waitFor();
  });
});
