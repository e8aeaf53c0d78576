import type { Page } from "playwright-core";
import type { World } from "./world.ts";

/** A state of a page that is worth a picture. */
export interface Scene {
  readonly name: string;
  /** What is shown of the page, by a CSS selector; left out, all of it. */
  readonly part?: string;
  /** Leads the browser there. */
  readonly go: (page: Page, world: World, person: Ann) => Promise<void>;
}

/** Whose pages are shown: another account for each picture. */
export interface Ann {
  readonly email: string;
  readonly password: string;
}

let count = 0;
/** Someone who has never been here. */
export const newAnn = (): Ann => {
  count += 1;
  return {
    email: count === 1 ? "ann.smith@example.com" : `ann.smith+${count}@example.com`,
    password: "a walk along the river",
  };
};

export const signUp = async (page: Page, { url }: World, { email, password }: Ann) => {
  await page.goto(`${url}/hosted/registration`);
  await page.locator('input[name="traits.email"]').fill(email);
  await page.locator('input[name="traits.name.first"]').fill("Ann");
  await page.locator('input[name="traits.name.last"]').fill("Smith");
  await page.locator('input[name="password"]').fill(password);
  await page.locator('button[value="password"]').click();
  await page.waitForURL(/hosted\/settings/);
};

export const signIn = async (page: Page, { url }: World, { email, password }: Ann) => {
  await page.goto(`${url}/hosted/login`);
  await page.locator('input[name="identifier"]').fill(email);
  await page.locator('input[name="password"]').fill(password);
  await page.locator('button[value="password"]').click();
};

export const signOut = (page: Page) => page.context().clearCookies();

/** Links an account of a provider. */
const link = async (page: Page, { providers }: World, id: "google" | "github", email: string) => {
  providers[id].setAccount({ sub: email, email, email_verified: true, given_name: "Ann" });
  await page.locator(`button[name="link"][value="${id}"]`).click();
  await page.locator("#oidc").getByText(email).waitFor();
};

/** Signs in on further devices, without the browser. */
const signInOnOtherDevice = async ({ url }: World, { email, password }: Ann) => {
  const agents = [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) " +
      "Version/18.0 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
  ];
  for (const agent of agents) {
    const headers = { accept: "application/json", "content-type": "application/json", "user-agent": agent };
    const flow = (await (await fetch(`${url}/self-service/login/api`, { headers })).json()) as {
      readonly ui: { readonly action: string };
    };
    await fetch(flow.ui.action, {
      method: "POST",
      headers,
      body: JSON.stringify({ method: "password", identifier: email, password }),
    });
  }
};

/** Every page, in every state that looks different. */
export const scenes: readonly Scene[] = [
  { name: "start", go: async (page, { url }) => void (await page.goto(`${url}/hosted/`)) },
  { name: "login", go: async (page, { url }) => void (await page.goto(`${url}/hosted/login`)) },
  {
    name: "login-refused",
    go: async (page, world, ann) => {
      await signIn(page, world, { ...ann, password: "not the right one" });
      await page.getByRole("alert").waitFor();
    },
  },
  {
    name: "login-reason",
    go: async (page, { url }) =>
      void (await page.goto(`${url}/hosted/settings?flow=00000000-0000-4000-8000-000000000000`)),
  },
  { name: "registration", go: async (page, { url }) => void (await page.goto(`${url}/hosted/registration`)) },
  {
    name: "registration-typing",
    go: async (page, { url }, { email }) => {
      await page.goto(`${url}/hosted/registration`);
      await page.locator('input[name="traits.email"]').fill(email);
      await page.locator('input[name="password"]').fill("a walk along");
    },
  },
  {
    name: "registration-refused",
    go: async (page, { url }) => {
      await page.goto(`${url}/hosted/registration`);
      await page.locator('input[name="traits.email"]').fill("ann.smith");
      await page.locator('input[name="password"]').fill("short");
      await page.locator('button[value="password"]').click();
      await page.getByRole("alert").waitFor();
    },
  },
  {
    name: "registration-taken",
    go: async (page, world, ann) => {
      await signUp(page, world, ann);
      await signOut(page);
      await page.goto(`${world.url}/hosted/registration`);
      await page.locator('input[name="traits.email"]').fill(ann.email);
      await page.locator('input[name="password"]').fill(ann.password);
      await page.locator('button[value="password"]').click();
      await page.getByRole("alert").waitFor();
    },
  },
  {
    name: "connect-account",
    go: async (page, world, ann) => {
      await signUp(page, world, ann);
      await signOut(page);
      await page.goto(`${world.url}/hosted/login`);
      world.providers.google.setAccount({ sub: ann.email, email: ann.email, email_verified: true });
      await page.locator('button[value="google"]').click();
      await page.locator(".chip").waitFor();
    },
  },
  {
    name: "home",
    go: async (page, world, ann) => {
      await signUp(page, world, ann);
      await signInOnOtherDevice(world, ann);
      await page.goto(`${world.url}/hosted/`);
    },
  },
  {
    name: "settings",
    go: async (page, world, ann) => {
      await signUp(page, world, ann);
      await link(page, world, "google", ann.email);
      await signInOnOtherDevice(world, ann);
      await page.goto(`${world.url}/hosted/settings`);
    },
  },
  {
    name: "settings-saved",
    go: async (page, world, ann) => {
      await signUp(page, world, ann);
      await page.goto(`${world.url}/hosted/settings`);
      await page.locator('form[data-draft="settings password"] input[name="password"]').fill("another walk by the sea");
      await page.locator('form[data-draft="settings password"] button[value="password"]').click();
      await page.waitForURL(/#after-password/);
    },
  },
  {
    name: "settings-refused",
    go: async (page, world, ann) => {
      await signUp(page, world, ann);
      await page.goto(`${world.url}/hosted/settings`);
      await page.locator('form[data-draft="settings password"] input[name="password"]').fill("short");
      await page.locator('form[data-draft="settings password"] button[value="password"]').click();
      await page.getByRole("alert").waitFor();
    },
  },
  {
    name: "menu",
    go: async (page, world, ann) => {
      await signUp(page, world, ann);
      await page.goto(`${world.url}/hosted/`);
      await page.locator(".head summary").click();
    },
  },
  {
    name: "confirm",
    go: async (page, world, ann) => {
      await signUp(page, world, ann);
      await page.goto(`${world.url}/hosted/settings`);
      world.advance(20 * 60_000);
      await page.locator('form[data-draft="settings password"] input[name="password"]').fill("another walk by the sea");
      await page.locator('form[data-draft="settings password"] button[value="password"]').click();
      await page.waitForURL(/hosted\/login/);
    },
  },
  {
    name: "too-many-attempts",
    go: async (page, world, ann) => {
      for (let attempt = 0; attempt < 4; attempt++) {
        await signIn(page, world, { ...ann, password: "not the right one" });
        await page.waitForURL(/hosted\/(?:login|error)/);
      }
      await page.waitForURL(/hosted\/error/);
    },
  },
  { name: "error", go: async (page, { url }) => void (await page.goto(`${url}/hosted/error?id=stub:500`)) },
  { name: "not-found", go: async (page, { url }) => void (await page.goto(`${url}/no/such/page`)) },
  { name: "signed-out", go: async (page, { url }) => void (await page.goto(`${url}/hosted/signed-out`)) },
];
