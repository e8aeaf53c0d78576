import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { minutes } from "../protocols/clock.ts";
import { newEmail, newPassword } from "../protocols/person.ts";
import type { TestServer } from "../protocols/server.ts";
import { type Browser, openBrowser } from "./browser.ts";
import { startHostedServer } from "./hosted-server.ts";

let server: TestServer;
let browser: Browser;
let page: Page;
beforeAll(async () => {
  server = await startHostedServer();
});
afterAll(() => server?.stop());
beforeEach(async () => {
  browser = await openBrowser();
  page = browser.page;
});
afterEach(() => browser?.close());

const heading = () => page.getByRole("heading", { level: 1 }).textContent();
const form = (name: string) => page.getByRole("form", { name });
const alert = () => page.getByRole("alert");

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

/** For each fact of a list: whether it begins a line, and whether the point before it is beyond the edge. */
const points = `(() => {
  const facts = document.querySelector(".facts:has(> * + * + *)");
  facts.style.width = "14rem";
  const edge = facts.getBoundingClientRect().left;
  let line = -100;
  return [...facts.children].map((fact) => {
    const { left, top } = fact.getBoundingClientRect();
    const begins = top > line + 5;
    line = top;
    return [begins, left < edge - 10];
  });
})()`;

it.each(["en", "ar", "de"])("the menu of languages opens within a phone, in %s", async (locale) => {
  const other = await openBrowser({ locale });
  try {
    await other.page.setViewportSize({ width: 360, height: 780 });
    await other.page.goto(`${server.url}/hosted/login`);
    // Links of the operator beside it push it to the edge.
    const beyond = `(() => {
      document.querySelector(".foot").style.justifyContent = "end";
      document.querySelector(".foot details").open = true;
      const { left, right } = document.querySelector(".foot .sheet").getBoundingClientRect();
      return [left < 0, right > innerWidth, document.documentElement.scrollWidth > innerWidth];
    })()`;
    expect(await other.page.evaluate(beyond)).toEqual([false, false, false]);
  } finally {
    await other.close();
  }
});

it("facts have points between them, and none at the start of a line", async () => {
  await signUp();
  await page.setViewportSize({ width: 1280, height: 800 });
  const found = (await page.evaluate(points)) as readonly (readonly [boolean, boolean])[];
  expect(found.map(([begins]) => begins)).toEqual([true, false, true]);
  for (const [begins, isBeyond] of found) expect(isBeyond).toBe(begins);
  expect(await page.evaluate('getComputedStyle(document.querySelector(".facts")).overflowX')).toBe("clip");
});

describe("a person whose browser runs no scripts", () => {
  it("finds the way from the start page to an account and out again", async () => {
    await page.goto(`${server.url}/hosted`);
    expect(page.url()).toBe(`${server.url}/hosted/`);
    await page.getByRole("link", { name: "Create an account" }).click();
    expect(await heading()).toBe("Create an account");
    await page.getByRole("link", { name: "Sign in" }).click();
    expect(await heading()).toBe("Sign in");
    await page.getByRole("link", { name: "Create one" }).click();
    const person = { email: newEmail(), password: newPassword() };
    await page.getByLabel("E-Mail").fill(person.email);
    await page.getByLabel("Password", { exact: true }).fill(person.password);
    await page.getByRole("button", { name: "Create account" }).click();
    expect(await page.locator(".head .who").textContent()).toContain(person.email);

    await page.goto(`${server.url}/hosted/`);
    expect(await page.locator("main").textContent()).toContain(person.email);
    await signOut();
    expect(await heading()).toBe("Sign in");
    await signIn(person.email, person.password);
    expect(await heading()).toBe("Account settings");
    expect(browser.complaints).toEqual([]);
  });

  it("learns at the field and above the form what is wrong, and what was typed is still there", async () => {
    await page.goto(`${server.url}/hosted/registration`);
    await page.getByLabel("E-Mail").fill("notanemail");
    await page.locator('[name="traits.age"]').fill("seventeen");
    await page.getByLabel("Password", { exact: true }).fill(newPassword());
    await page.getByRole("button", { name: "Create account" }).click();

    expect(await page.title()).toBe("Error: Create an account · Ostiary");
    expect(await page.locator(":focus").getAttribute("role")).toBe("alert");
    await alert().getByRole("link", { name: "E-Mail" }).click();
    const email = page.getByLabel("E-Mail");
    expect(new URL(page.url()).hash).toBe(`#${await email.getAttribute("id")}`);
    expect(await email.inputValue()).toBe("notanemail");
    expect(await email.getAttribute("aria-invalid")).toBe("true");
    expect(await page.locator(`#${await email.getAttribute("aria-describedby")}`).textContent()).toContain(
      "Enter a valid e-mail address",
    );
    expect(await page.locator('[name="traits.age"]').inputValue()).toBe("seventeen");
    expect(await page.getByLabel("Password", { exact: true }).inputValue()).toBe("");
  });

  it("changes every kind of field and finds it as it was left", async () => {
    const { email } = await signUp();
    const profile = form("Profile");
    const save = async () => {
      await profile.getByRole("button", { name: "Save profile" }).click();
      expect(await alert().allTextContents()).toEqual([]);
      expect(await page.getByRole("status").textContent()).toContain("Your profile has been saved.");
    };
    const entries = {
      "First name": "Ann",
      Age: "42",
      Birthday: "1990-02-03",
      "Member since": "2020-01-31T09:30:00Z",
      Website: "https://example.com/ann",
    };
    for (const [label, value] of Object.entries(entries)) await profile.getByLabel(label).fill(value);
    await profile.getByLabel("Newsletter").check();
    await profile.getByLabel("Plan").selectOption("team");
    await save();

    const traits = async () =>
      (await server.sql("SELECT traits FROM identities WHERE JSON_VALUE(traits, '$.email') = ?", [email]))[0]?.traits;
    const all = {
      email,
      name: { first: "Ann" },
      age: 42,
      newsletter: true,
      plan: "team",
      birthday: "1990-02-03",
      since: "2020-01-31T09:30:00Z",
      website: "https://example.com/ann",
    };
    expect(await traits()).toMatchObject(all);

    // Saving what is shown changes nothing.
    for (const [label, value] of Object.entries(entries))
      expect(await profile.getByLabel(label).inputValue()).toBe(value);
    await save();
    expect(await traits()).toMatchObject(all);

    await profile.getByLabel("Newsletter").uncheck();
    await profile.getByLabel("Plan").selectOption("");
    await profile.locator('[name="traits.age"]').fill("");
    await save();
    expect(await traits()).toMatchObject({ newsletter: false });
    expect(await traits()).not.toHaveProperty("plan");
    expect(await traits()).not.toHaveProperty("age");
  });

  it("changes the password in its own form, is told when it is no good, and signs in with the new one", async () => {
    const { email, password } = await signUp();
    const section = form("Password");
    await section.getByLabel("New password").fill("short");
    await section.getByRole("button", { name: "Change password" }).click();
    expect(await alert().getByRole("link").count()).toBe(1);
    expect(await section.getByLabel("New password").getAttribute("aria-invalid")).toBe("true");

    const next = newPassword();
    await section.getByLabel("New password").fill(next);
    await section.getByRole("button", { name: "Change password" }).click();
    expect(await page.getByRole("status").textContent()).toContain("Your password has been changed.");
    await signOut();

    await signIn(email, password);
    expect(await alert().count()).toBe(1);
    expect(await page.getByLabel("E-Mail").inputValue()).toBe(email);
    await signIn(email, next);
    expect(await heading()).toBe("Account settings");
  });

  it("proves again who they are before a protected change, which then happens by itself", async () => {
    const { email, password } = await signUp();
    server.clock.advance(minutes(20));
    const next = newPassword();
    await form("Password").getByLabel("New password").fill(next);
    await form("Password").getByRole("button", { name: "Change password" }).click();
    expect(await heading()).toBe("Confirm that it is you");
    expect(await page.locator("main").textContent()).toContain(email);
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.locator("button[name=method]").click();
    expect(await heading()).toBe("Account settings");
    expect(await page.getByRole("status").textContent()).toContain("saved");
    await signOut();
    await signIn(email, next);
    expect(await heading()).toBe("Account settings");
  });

  it("submits the form they are typing in with Enter", async () => {
    const { email, password } = await signUp();
    await signOut();
    await page.getByLabel("E-Mail").fill(email);
    await page.getByLabel("Password", { exact: true }).fill(password);
    await Promise.all([
      page.waitForURL(/\/hosted\/settings/),
      page.getByLabel("Password", { exact: true }).press("Enter"),
    ]);
    expect(await heading()).toBe("Account settings");
  });

  it("sees where else they are signed in", async () => {
    const { email, password } = await signUp();
    expect(await page.getByRole("region", { name: "Devices" }).textContent()).toContain(
      "You are signed in nowhere else.",
    );
    const other = await openBrowser();
    await other.page.goto(`${server.url}/hosted/login`);
    await other.page.getByLabel("E-Mail").fill(email);
    await other.page.getByLabel("Password", { exact: true }).fill(password);
    await other.page.locator("button[name=method]").click();
    const list = other.page.getByRole("region", { name: "Devices" });
    expect(await list.getByRole("listitem").allTextContents()).toEqual([
      expect.stringMatching(
        /Chrome on Linux\s+This device\s+127\.0\.0\.1 with your password Signed in Mar 4, 2031, .* UTC/,
      ),
      expect.stringMatching(/Chrome on Linux\s+127\.0\.0\.1 with your password Signed in .*Sign out/s),
    ]);
    await other.close();
  });

  it("is sent to a new form when the old one has expired", async () => {
    await page.goto(`${server.url}/hosted/login`);
    const before = page.url();
    server.clock.advance(minutes(120));
    await page.reload();
    expect(await heading()).toBe("Sign in");
    expect(page.url()).not.toBe(before);
  });
});

describe("with the profile asked for first", () => {
  it("a person goes on, back, and on to the end", async () => {
    await server.restart({
      selfservice: {
        default_browser_return_url: "/hosted/settings",
        flows: {
          settings: { ui_url: "/hosted/settings" },
          login: { ui_url: "/hosted/login" },
          registration: { ui_url: "/hosted/registration", style: "profile_first" },
        },
      },
    });
    const email = newEmail();
    await page.goto(`${server.url}/hosted/registration`);
    await page.getByLabel("E-Mail").fill(email);
    await page.getByRole("button", { name: "Continue" }).click();
    expect(await page.locator("main").textContent()).toContain(email);
    await page.getByRole("button", { name: "Back" }).click();
    expect(await page.getByLabel("E-Mail").inputValue()).toBe(email);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByLabel("Password", { exact: true }).fill(newPassword());
    await page.getByRole("button", { name: "Create account" }).click();
    expect(await heading()).toBe("Account settings");
  });
});
