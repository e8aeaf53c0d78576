import { createHash } from "node:crypto";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { hours } from "../protocols/clock.ts";
import { newEmail, newPassword } from "../protocols/person.ts";
import type { TestServer } from "../protocols/server.ts";
import { type Browser, openBrowser } from "./browser.ts";
import { startHostedServer } from "./hosted-server.ts";
import { section, signIn, signUp } from "./states.ts";

/* What a script makes better. What works without one is in the other files. */

let server: TestServer;
let browser: Browser;
let page: Page;
beforeAll(async () => {
  server = await startHostedServer();
});
afterAll(() => server?.stop());
beforeEach(async () => {
  browser = await openBrowser({ javaScriptEnabled: true });
  page = browser.page;
});
afterEach(async () => {
  expect(browser.complaints).toEqual([]);
  await browser.close();
});

describe("a password", () => {
  it("can be looked at, and is sent as a password again", async () => {
    await page.goto(`${server.url}/hosted/login`);
    const field = page.locator('[name="password"]');
    await field.fill("secret");
    await page.getByRole("button", { name: "Show password" }).click();
    expect([await field.getAttribute("type"), await field.inputValue()]).toEqual(["text", "secret"]);
    await page.getByRole("button", { name: "Hide password" }).click();
    expect(await field.getAttribute("type")).toBe("password");
  });

  it("shows while it is typed which rules it keeps", async () => {
    await page.goto(`${server.url}/hosted/registration`);
    await page.locator('[name="traits.email"]').fill("ann.smith@example.com");
    const field = page.locator('[name="password"]');
    const kept = () => page.locator(".rules li.kept").allTextContents();
    const strength = () => page.locator(".strength").getAttribute("class");
    await field.fill("short");
    expect([await kept(), await strength()]).toEqual([[], "strength weak"]);
    await field.fill("ann.smith12");
    expect([await kept(), await strength()]).toEqual([["At least 8 characters"], "strength weak"]);
    await field.fill("a long walk along the river");
    expect([(await kept()).length, await strength()]).toEqual([2, "strength good"]);
    await page.getByRole("status").getByText("Good password").waitFor();
  });
});

describe("what was typed", () => {
  it("is still there when signing in took too long, but for the password", async () => {
    await page.goto(`${server.url}/hosted/login`);
    server.clock.advance(hours(2));
    await signIn(page, { email: "ann@example.com", password: "whatever it was" });
    await page.getByText("This page was open for too long.").waitFor();
    expect(await page.locator('[name="identifier"]').inputValue()).toBe("ann@example.com");
    expect(await page.locator('[name="password"]').inputValue()).toBe("");
    expect(await page.evaluate<string>("JSON.stringify(sessionStorage)")).not.toContain("whatever it was");
  });

  it("comes back if the session ended meanwhile, to the same person only, and says that it is not saved", async () => {
    const [ann, url] = [await signUp(page, server), page.url()];
    const other = await openBrowser();
    const ben = await signUp(other.page, server);
    await other.close();
    const loseSessionWhileEditing = async () => {
      await page.goto(url.split("?")[0] ?? "");
      await section(page, "profile").locator('[name="traits.website"]').fill("https://example.com/ann");
      await section(page, "profile").locator('[name="traits.name.first"]').fill("Annabel");
      await page.context().clearCookies({ name: /session/ });
      await section(page, "profile").locator("button[value=profile]").click();
      await page.waitForURL(/\/hosted\/login/);
      expect(await page.locator("main").textContent()).toContain("Your session has ended.");
    };
    await loseSessionWhileEditing();
    await signIn(page, ann);
    await page.waitForURL(/\/hosted\/settings/);
    expect(await section(page, "profile").locator('[name="traits.name.first"]').inputValue()).toBe("Annabel");
    expect(await page.locator("[data-draft-kept]:visible").allTextContents()).toEqual([
      expect.stringContaining("What you had typed is still here, but it is not saved yet."),
    ]);
    await section(page, "profile").locator("button[value=profile]").click();
    await page.getByText("Your profile has been saved.").first().waitFor();
    await page.goto(`${server.url}/hosted/settings`);
    expect(await page.locator("[data-draft-kept]:visible").count()).toBe(0);

    await loseSessionWhileEditing();
    await signIn(page, ben);
    await page.waitForURL(/\/hosted\/settings/);
    expect(await section(page, "profile").locator('[name="traits.name.first"]').inputValue()).toBe("Ann");
    expect(await page.evaluate<string>("JSON.stringify(sessionStorage)")).toBe("{}");
  });
});

describe("a change that waits for a confirmation", () => {
  it("is named, can be given up, and is answered in its section", async () => {
    const { password } = await signUp(page, server);
    const change = async () => {
      await page.goto(`${server.url}/hosted/settings`);
      await section(page, "password").locator('[name="password"]').fill(newPassword());
      await section(page, "password").locator("button[value=password]").click();
      await page.waitForURL(/\/hosted\/login/);
    };
    server.clock.advance(hours(1));
    await change();
    expect(await page.locator(".waits span:visible").allTextContents()).toEqual([
      "You are about to change your password. That is done as soon as you have confirmed.",
    ]);
    await page.getByRole("link", { name: "Cancel" }).click();
    await page.waitForURL(/\/hosted\/settings/);
    await change();
    await page.locator('[name="password"]').fill(password);
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.waitForURL(/\/hosted\/settings.*#after-password/);
    expect(await page.locator(".saved:visible").allTextContents()).toEqual([
      expect.stringContaining("Your password has been changed."),
    ]);
  });
});

describe("the page", () => {
  it("says moments in the reader's own time", async () => {
    await browser.close();
    browser = await openBrowser({ javaScriptEnabled: true, timezoneId: "Asia/Tokyo" });
    page = browser.page;
    await signUp(page, server);
    const time = page.locator("#devices time").first();
    const iso = (await time.getAttribute("datetime")) ?? "";
    const here = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short", timeZone: "Asia/Tokyo" });
    expect(await time.textContent()).toBe(here.format(new Date(iso)));
  });

  it("closes its menus by Escape and gives the focus back, and by a click elsewhere", async () => {
    await page.goto(`${server.url}/hosted/`);
    const menu = page.locator(".foot details");
    await page.locator(".foot summary").click();
    await page.getByRole("button", { name: "Deutsch" }).focus();
    await page.keyboard.press("Escape");
    expect(await menu.getAttribute("open")).toBeNull();
    expect(await page.evaluate("document.activeElement.tagName")).toBe("SUMMARY");
    await page.locator(".foot summary").click();
    await page.getByRole("heading", { level: 1 }).click();
    expect(await menu.getAttribute("open")).toBeNull();
  });

  it("is done with the keyboard alone, from signing up to signing out", async () => {
    const press = async (...keys: readonly string[]) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    const tabTo = async (selector: string) => {
      for (let tabs = 0; tabs < 40; tabs++) {
        await press("Tab");
        if (await page.evaluate<boolean>(`document.activeElement.matches(${JSON.stringify(selector)})`)) return;
      }
      throw new Error(`no Tab leads to ${selector}`);
    };
    await page.goto(`${server.url}/hosted/registration`);
    await press("Tab");
    expect(await page.locator(":focus").textContent()).toBe("Skip to the content");
    await press("Enter");
    await tabTo('[name="traits.email"]');
    await page.keyboard.type(newEmail());
    await tabTo('[name="password"]');
    await page.keyboard.type(newPassword());
    await press("Enter");
    await page.waitForURL(/\/hosted\/settings/);
    await tabTo(".head summary");
    await press("Enter");
    await tabTo('.sheet a[href*="logout"]');
    await press("Enter");
    await page.waitForURL(/\/hosted\/login/);
  });

  it("leads the focus to what went wrong, in its section", async () => {
    await signUp(page, server);
    await section(page, "password").locator('[name="password"]').fill("x");
    await section(page, "password").locator("button[value=password]").click();
    await page.waitForURL(/#after-password/);
    const alert = page.getByRole("alert");
    await alert.waitFor();
    expect(await page.locator(":focus").getAttribute("role")).toBe("alert");
    expect(await page.evaluate("document.activeElement.closest('section').id")).toBe("password");
  });

  it("sends a form once, however often it is clicked", async () => {
    await page.goto(`${server.url}/hosted/login`);
    const sent: string[] = [];
    page.on("request", (request) => {
      if (request.method() === "POST") sent.push(request.url());
    });
    await page.locator('[name="identifier"]').fill(createHash("sha1").update("nobody").digest("hex"));
    await page.locator('[name="password"]').fill("x");
    await page.evaluate("for (let at = 0; at < 3; at++) document.querySelector('button[value=password]').click()");
    await page.getByRole("alert").waitFor();
    expect(sent).toHaveLength(1);
  });
});
