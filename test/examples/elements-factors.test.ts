import type { CDPSession, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { merge } from "../../src/config/tree.ts";
import { type Browser, openBrowser } from "../browser/browser.ts";
import { codeAt, nextCode, withFactors } from "../protocols/factors.ts";
import { freePort } from "../protocols/free-port.ts";
import { withKeys } from "../protocols/keys.ts";
import { newEmail, newPassword } from "../protocols/person.ts";
import { startServer, type TestServer } from "../protocols/server.ts";
import { type RunningExample, startExample } from "./run-example.ts";

/*
 * The forms of @ory/elements-react, as it is published, with every second factor and passkeys, in Chromium with its
 * virtual authenticator. Browsers have keys for names only, so that everything is on `localhost`.
 */

// Pages take their time on a machine that is busy.
vi.setConfig({ testTimeout: 60_000 });

let server: TestServer;
let example: RunningExample;
let browser: Browser;
let page: Page;
let devtools: CDPSession;
let app: string;
let url: string;
beforeAll(async () => {
  const [port, serverPort] = [await freePort(), await freePort()];
  app = `http://localhost:${port}`;
  url = `http://localhost:${serverPort}`;
  const rp = { id: "localhost", display_name: "The tests", origins: [app] };
  const flows = {
    login: { ui_url: `${app}/login` },
    settings: { ui_url: `${app}/` },
    registration: { ui_url: "/hosted/registration" },
  };
  server = await startServer({
    overrides: merge(merge(withKeys(), withFactors), {
      serve: { public: { host: "127.0.0.1", port: serverPort, base_url: `${url}/` } },
      selfservice: {
        default_browser_return_url: `${app}/`,
        allowed_return_urls: [`${app}/`],
        methods: { webauthn: { config: { rp } }, passkey: { config: { rp } } },
        flows,
      },
    }),
  });
  example = await startExample("elements", url, { PORT: String(port) });
  browser = await openBrowser({ javaScriptEnabled: true });
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await example?.stop();
  await server?.stop();
});
beforeEach(async () => {
  // The app is large: what the browser has of it is kept, and nothing else.
  page = await browser.context.newPage();
  devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  // The virtual authenticator would answer at once where the identifier is typed: the buttons are what is looked at.
  await page.addInitScript({ content: "PublicKeyCredential.isConditionalMediationAvailable = async () => false;" });
});
afterEach(async () => {
  await browser?.context.clearCookies();
  await page?.close();
});

/** Plugs an authenticator in that is always touched and knows its owner. */
const plugIn = (transport: "usb" | "internal") =>
  devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport,
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });

const form = (field: string) => page.locator(`form:has([name="${field}"])`);

const signUp = async () => {
  const person = { email: newEmail(), password: newPassword() };
  await page.goto(`${url}/self-service/registration/browser`);
  await page.locator('[name="traits.email"]').fill(person.email);
  await page.locator('[name="password"]').fill(person.password);
  await page.locator('button[name="method"][value="password"]').click();
  await page.waitForURL(({ href }) => href.startsWith(app));
  await page.locator('[name="totp_code"]').waitFor();
  return person;
};

/** Signs in by password in a browser that has forgotten the session. */
const signIn = async ({ email, password }: { readonly email: string; readonly password: string }) => {
  await page.context().clearCookies();
  await page.goto(`${app}/login`);
  await page.locator('[name="identifier"]').fill(email);
  await page.locator('[name="password"]').fill(password);
  await page.locator('button[name="method"][value="password"]').click();
};

const methods = async () => {
  await page.locator('[name="traits.email"]').waitFor();
  const whoami = (await (await page.request.get(`${app}/sessions/whoami`)).json()) as {
    readonly authentication_methods: readonly { readonly method: string }[];
  };
  return whoami.authentication_methods.map(({ method }) => method);
};

it("an authenticator app is set up by its secret, and its code is the second step", async () => {
  const person = await signUp();
  const secret = await page.locator('[name="totp_secret_key"]').inputValue();
  await form("totp_code").locator('[name="totp_code"]').fill(codeAt(secret, server.clock.now()));
  await form("totp_code").locator('button[value="totp"]').click();
  await page.locator('[name="totp_unlink"]').waitFor();
  await signIn(person);
  await page.locator('[name="totp_code"]').fill(nextCode(server, secret));
  await page.locator('button[value="totp"]').click();
  expect(await methods()).toEqual(["password", "totp"]);
});

it("backup codes are made and confirmed, and one of them is the second step", async () => {
  const person = await signUp();
  await page.locator('[name="lookup_secret_regenerate"]').click();
  await page.locator('[name="lookup_secret_confirm"]').waitFor();
  const code =
    (await page
      .getByText(/^[a-z0-9]{8}$/)
      .first()
      .textContent()) ?? "";
  await page.locator('[name="lookup_secret_confirm"]').click();
  await page.locator('[name="lookup_secret_reveal"]').waitFor();
  await signIn(person);
  await page.locator('[name="lookup_secret"]').fill(code);
  await page.locator('button[value="lookup_secret"]').click();
  expect(await methods()).toEqual(["password", "lookup_secret"]);
});

it("a security key is added by a name, and is the second step", async () => {
  await plugIn("usb");
  const person = await signUp();
  await page.locator('[name="webauthn_register_displayname"]').fill("Key ring");
  await page.locator('[name="webauthn_register_trigger"]').click();
  await page.locator('[name="webauthn_remove"]').waitFor();
  await signIn(person);
  await page.locator('[name="webauthn_login_trigger"]').click();
  expect(await methods()).toEqual(["password", "webauthn"]);
});

it("a passkey is added, and signs in by itself", async () => {
  await plugIn("internal");
  await signUp();
  await page.locator('[name="passkey_register_trigger"]').click();
  await page.locator('[name="passkey_remove"]').waitFor();
  await page.context().clearCookies();
  await page.goto(`${app}/login`);
  await page.locator('[name="passkey_login_trigger"]').click();
  expect(await methods()).toEqual(["passkey"]);
});
