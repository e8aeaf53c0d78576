import type { Page } from "playwright-core";
import type { Raw } from "../../src/config/tree.ts";
import { codeAt } from "../../test/protocols/factors.ts";
import { type Ann, type Scene, signIn, signOut, signUp } from "./scenes.ts";
import type { World } from "./world.ts";

/* Second factors, keys, trusted browsers, and what comes by mail. */

/** What switches them on, over the rest of the configuration. */
export const withFactors = (url: string): Raw => {
  const rp = { id: "localhost", display_name: "Example", origins: [url] };
  const page = (kind: string) => ({ enabled: true, ui_url: `/hosted/${kind}` });
  return {
    session: { trusted_devices: { enabled: true } },
    selfservice: {
      methods: {
        oidc: { enabled: false },
        code: { enabled: true },
        totp: { enabled: true, config: { issuer: "Example" } },
        lookup_secret: { enabled: true },
        webauthn: { enabled: true, config: { rp } },
        passkey: { enabled: true, config: { rp } },
      },
      flows: { recovery: page("recovery"), verification: page("verification") },
    },
    identity: { schemas: [{ id: "default", url: schemaUrl }] },
  };
};

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
                passkey: { display_name: true },
                webauthn: { identifier: true },
                totp: { account_name: true },
              },
              recovery: { via: "email" },
              verification: { via: "email" },
            },
          },
          name: {
            type: "object",
            properties: {
              first: { type: "string", title: "First name" },
              last: { type: "string", title: "Last name" },
            },
          },
        },
        required: ["email"],
      },
    },
  }),
).toString("base64")}`;

const settings = async (page: Page, { url }: World): Promise<void> => void (await page.goto(`${url}/hosted/settings`));

const enrolTotp = async (page: Page, world: World): Promise<string> => {
  await settings(page, world);
  const secret = /[A-Z2-7]{16,}/.exec((await page.locator("#totp_secret_key").textContent()) ?? "")?.[0] ?? "";
  await page.locator('input[name="totp_code"]').fill(codeAt(secret, world.now()));
  await page.locator('#totp button[name="method"]').click();
  await page.locator('button[name="totp_unlink"]').waitFor();
  return secret;
};

const showCodes = async (page: Page): Promise<void> => {
  await page.locator('button[name="lookup_secret_regenerate"]').click();
  await page.locator('button[name="lookup_secret_confirm"]').waitFor();
};

/** Plugs an authenticator in that is always touched and knows its owner. */
const plugIn = async (page: Page, transport: "usb" | "internal"): Promise<void> => {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport,
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
};

const addKey = async (page: Page, world: World): Promise<void> => {
  await plugIn(page, "usb");
  await settings(page, world);
  await page.locator('input[name="webauthn_register_displayname"]').fill("Key ring");
  await page.locator('button[name="webauthn_register_trigger"]').click();
  await page.locator('button[name="webauthn_remove"]').waitFor();
};

const secondStep = async (page: Page, world: World, ann: Ann): Promise<string> => {
  await signUp(page, world, ann);
  const secret = await enrolTotp(page, world);
  await showCodes(page);
  await page.locator('button[name="lookup_secret_confirm"]').click();
  await page.locator('button[name="lookup_secret_reveal"]').waitFor();
  await addKey(page, world);
  await signOut(page);
  await signIn(page, world, ann);
  await page.waitForURL(/hosted\/login/);
  await page.locator('input[name="totp_code"]').waitFor();
  return secret;
};

const askForMail = async (page: Page, { url }: World, kind: "recovery" | "verification", { email }: Ann) => {
  await page.goto(`${url}/hosted/${kind}`);
  await page.locator('input[name="email"]').fill(email);
  await page.locator('button[name="method"]').first().click();
  await page.locator('input[name="code"]').waitFor();
};

/** Each state of theirs that looks different. */
export const factorScenes: readonly Scene[] = [
  {
    name: "mailbox",
    go: async (page, world, ann) => {
      await signUp(page, world, ann);
      await signOut(page);
      await askForMail(page, world, "recovery", ann);
      await page.goto(`${world.url}/hosted/mailbox`);
      await page.locator("main a, main li").first().waitFor();
    },
  },
  {
    name: "authenticator-app",
    part: "#totp",
    go: async (page, world, ann) => {
      await signUp(page, world, ann);
      await settings(page, world);
    },
  },
  {
    name: "authenticator-app-set-up",
    part: "#totp",
    go: async (page, world, ann) => {
      await signUp(page, world, ann);
      await enrolTotp(page, world);
    },
  },
  {
    name: "backup-codes",
    part: "#lookup_secret",
    go: async (page, world, ann) => {
      await signUp(page, world, ann);
      await settings(page, world);
      await showCodes(page);
    },
  },
  {
    name: "security-keys",
    part: "#webauthn",
    go: async (page, world, ann) => {
      await signUp(page, world, ann);
      await addKey(page, world);
    },
  },
  {
    name: "passkeys",
    part: "#passkey",
    go: async (page, world, ann) => {
      await signUp(page, world, ann);
      await plugIn(page, "internal");
      await settings(page, world);
      await page.locator('button[name="passkey_register_trigger"]').click();
      await page.locator('button[name="passkey_remove"]').waitFor();
    },
  },
  { name: "login-passkey", go: async (page, { url }) => void (await page.goto(`${url}/hosted/login`)) },
  { name: "second-step", go: async (page, world, ann) => void (await secondStep(page, world, ann)) },
  {
    name: "trusted-devices",
    part: "#trusted",
    go: async (page, world, ann) => {
      const secret = await secondStep(page, world, ann);
      world.advance(30_000);
      await page.locator('input[name="totp_code"]').fill(codeAt(secret, world.now()));
      await page.locator('form:has(input[name="totp_code"]) input[type="checkbox"]').check();
      await page.locator('button[name="method"][value="totp"]').click();
      await page.waitForURL(/hosted\/settings/);
    },
  },
  { name: "recovery", go: async (page, { url }) => void (await page.goto(`${url}/hosted/recovery`)) },
  { name: "recovery-code", go: (page, world, ann) => askForMail(page, world, "recovery", ann) },
  { name: "verification", go: async (page, { url }) => void (await page.goto(`${url}/hosted/verification`)) },
  { name: "verification-code", go: (page, world, ann) => askForMail(page, world, "verification", ann) },
];
