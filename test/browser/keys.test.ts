import type { CDPSession, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Raw } from "../../src/config/tree.ts";
import { freePort } from "../protocols/free-port.ts";
import { newEmail, newPassword } from "../protocols/person.ts";
import type { TestServer } from "../protocols/server.ts";
import { type Browser, openBrowser } from "./browser.ts";
import { startHostedServer } from "./hosted-server.ts";
import { section } from "./states.ts";

/*
 * Keys on the hosted pages, in Chromium with its virtual authenticator (WebDriver's WebAuthn extension, by the DevTools
 * protocol). Browsers have keys for names only, so that the pages are on `localhost`.
 */

vi.setConfig({ testTimeout: 60_000 });

let server: TestServer;
let browser: Browser;
let page: Page;
let devtools: CDPSession;
let url: string;

const relyingParty = (): Raw => ({ id: "localhost", display_name: "The tests", origins: [url] });

beforeAll(async () => {
  const port = await freePort();
  url = `http://localhost:${port}`;
  const session = { hooks: [{ hook: "session" }] };
  server = await startHostedServer({
    serve: { public: { host: "127.0.0.1", port, base_url: `${url}/` } },
    selfservice: {
      methods: {
        passkey: { enabled: true, config: { rp: relyingParty() } },
        webauthn: { enabled: true, config: { rp: relyingParty() } },
      },
      flows: { registration: { after: { passkey: session } } },
    },
    identity: { schemas: [{ id: "person", url: schemaUrl }] },
  });
});
afterAll(() => server?.stop());
beforeEach(async () => {
  browser = await openBrowser({ javaScriptEnabled: true });
  page = browser.page;
  devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
});
afterEach(async () => {
  // The pages' policy holds: nothing was blocked.
  expect(browser.complaints).toEqual([]);
  await browser.close();
});

const schemaUrl = `base64://${Buffer.from(
  JSON.stringify({
    $schema: "http://json-schema.org/draft-07/schema#",
    type: "object",
    properties: {
      traits: {
        type: "object",
        properties: {
          email: {
            type: "string",
            format: "email",
            title: "E-Mail",
            "ory.sh/kratos": {
              credentials: {
                password: { identifier: true },
                webauthn: { identifier: true },
                passkey: { display_name: true },
              },
            },
          },
        },
        required: ["email"],
      },
    },
  }),
).toString("base64")}`;

/** Plugs an authenticator in. A touch is always there; whether it verifies its owner is up to the test. */
const plugIn = async (how: {
  readonly transport?: "usb" | "internal";
  readonly isUserVerified?: boolean;
  readonly hasUserVerification?: boolean;
}): Promise<string> => {
  const { transport = "internal", isUserVerified = true, hasUserVerification = true } = how;
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport,
      hasResidentKey: true,
      hasUserVerification,
      isUserVerified,
      automaticPresenceSimulation: true,
    },
  });
  return authenticatorId;
};

/** A browser that offers no passkeys where the identifier is typed: the virtual authenticator would take it at once. */
const offerNothing = () =>
  page.addInitScript({ content: "PublicKeyCredential.isConditionalMediationAvailable = async () => false;" });

const unplug = (authenticatorId: string) => devtools.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId });

const signUpByPassword = async () => {
  const person = { email: newEmail(), password: newPassword() };
  await page.goto(`${url}/hosted/registration`);
  await page.locator('[name="traits.email"]').fill(person.email);
  await page.locator('[name="password"]').fill(person.password);
  await page.locator('button[value="password"]').click();
  await page.waitForURL(/\/hosted\/settings/);
  return person;
};

const addPasskey = async () => {
  await section(page, "passkey").locator('button[name="passkey_register_trigger"]').click();
  await page.locator("#passkey .saved").first().waitFor({ state: "attached" });
};

const whoami = async () =>
  (await (await page.request.get(`${url}/sessions/whoami`)).json()) as {
    readonly authenticator_assurance_level: string;
    readonly authentication_methods: readonly { readonly method: string }[];
    readonly identity: { readonly traits: { readonly email: string } };
  };

describe("a passkey", () => {
  it("is added, listed, signs in by a button, and is removed", async () => {
    await plugIn({});
    const { email } = await signUpByPassword();
    await addPasskey();
    expect(await page.locator("#passkey .rows li").count()).toBe(1);

    await page.context().clearCookies();
    await offerNothing();
    await page.goto(`${url}/hosted/login`);
    await page.locator('button[name="passkey_login_trigger"]').click();
    await page.waitForURL(/\/hosted\/settings/);
    expect((await whoami()).identity.traits.email).toBe(email);
    expect((await whoami()).authentication_methods.map(({ method }) => method)).toEqual(["passkey"]);

    await page.locator('#passkey .rows button[name="passkey_remove"]').click();
    await page.waitForURL(/#after-passkey/);
    expect(await page.locator("#passkey .rows li").count()).toBe(0);
  });

  it("signs someone up who has typed an address and no password", async () => {
    await plugIn({});
    const email = newEmail();
    await page.goto(`${url}/hosted/registration`);
    const button = page.locator('button[name="passkey_register_trigger"]');
    // Without the address there is nothing to call it by.
    await button.click();
    expect(new URL(page.url()).pathname).toBe("/hosted/registration");
    await page.locator('[name="traits.email"]').fill(email);
    await button.click();
    await page.waitForURL(/\/hosted\/settings/);
    expect((await whoami()).identity.traits.email).toBe(email);
    // It is the only way in, so it stays.
    expect(await page.locator('button[name="passkey_remove"]').isDisabled()).toBe(true);
  });

  it("signs in where the identifier is typed, without a button", async () => {
    await plugIn({});
    const { email } = await signUpByPassword();
    await addPasskey();
    await page.context().clearCookies();
    await page.goto(`${url}/hosted/login`);
    await page.waitForURL(/\/hosted\/settings/);
    expect((await whoami()).identity.traits.email).toBe(email);
  });

  it("that does not verify its owner is refused in words", async () => {
    const authenticatorId = await plugIn({});
    await devtools.send("WebAuthn.setResponseOverrideBits", { authenticatorId, isBadUV: true });
    await signUpByPassword();
    await section(page, "passkey").locator('button[name="passkey_register_trigger"]').click();
    await page.getByText(/did not check that it is you/).waitFor();
  });

  it("that is a copy is noticed by its counter", async () => {
    const original = await plugIn({});
    await signUpByPassword();
    await addPasskey();
    const { credentials } = await devtools.send("WebAuthn.getCredentials", { authenticatorId: original });
    await unplug(original);
    const copy = await plugIn({});
    for (const credential of credentials)
      await devtools.send("WebAuthn.addCredential", {
        authenticatorId: copy,
        credential: { ...credential, signCount: 0 },
      });
    await page.context().clearCookies();
    await offerNothing();
    await page.goto(`${url}/hosted/login`);
    await page.locator('button[name="passkey_login_trigger"]').click();
    await page.getByRole("alert").first().waitFor();
    expect((await page.request.get(`${url}/sessions/whoami`)).status()).toBe(401);
  });
});

describe("a security key", () => {
  it("gets a name, and is the second step of the next sign-in", async () => {
    await plugIn({ transport: "usb" });
    const { email, password } = await signUpByPassword();
    const form = section(page, "webauthn");
    // It is needed, and not called optional.
    await form.getByLabel("Name of the key", { exact: true }).fill("Key ring");
    await form.locator('button[name="webauthn_register_trigger"]').click();
    await page.locator("#webauthn .rows").getByText("Key ring").waitFor();
    expect((await whoami()).authenticator_assurance_level).toBe("aal2");

    await page.context().clearCookies();
    await page.goto(`${url}/hosted/login`);
    await page.locator('[name="identifier"]').fill(email);
    await page.locator('[name="password"]').fill(password);
    await page.locator('button[value="password"]').click();
    await page.waitForURL(/\/hosted\/(?:settings|login)/);
    if (new URL(page.url()).pathname !== "/hosted/login") await page.goto(`${url}/self-service/login/browser?aal=aal2`);
    await page.locator('button[name="webauthn_login_trigger"]').click();
    await page.waitForURL(/\/hosted\/settings/);
    expect((await whoami()).authenticator_assurance_level).toBe("aal2");
  });

  it("that nobody touches leaves the page as it is, and says so", async () => {
    const key = await plugIn({ transport: "usb" });
    await signUpByPassword();
    await unplug(key);
    await plugIn({ transport: "usb", isUserVerified: false });
    const form = section(page, "webauthn");
    // A name is needed first.
    await form.locator('button[name="webauthn_register_trigger"]').click();
    expect(
      await form.locator('[name="webauthn_register_displayname"]').evaluate((field) => field.matches(":invalid")),
    ).toBe(true);
  });
});

it("the script is kept for good by its address, checked by its digest, and open to pages of any origin", async () => {
  const flow = (await (
    await fetch(`${url}/self-service/login/browser`, { headers: { accept: "application/json" } })
  ).json()) as {
    readonly ui: { readonly nodes: readonly { readonly attributes: Readonly<Record<string, string>> }[] };
  };
  const script = flow.ui.nodes.find(({ attributes }) => attributes.node_type === "script")?.attributes;
  const answer = await fetch(script?.src ?? "");
  expect(answer.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
  expect(answer.headers.get("access-control-allow-origin")).toBe("*");
  expect(answer.headers.get("content-type")).toContain("text/javascript");
  const digest = await crypto.subtle.digest("SHA-512", await answer.arrayBuffer());
  expect(script?.integrity).toBe(`sha512-${Buffer.from(digest).toString("base64")}`);
  const plain = await fetch(`${url}/.well-known/ory/webauthn.js`);
  expect([plain.status, plain.headers.get("cache-control")]).toEqual([200, "public, max-age=300"]);
});
