import type { Page } from "playwright-core";
import { type Ann, type Scene, signIn, signUp } from "./scenes.ts";
import type { World } from "./world.ts";

/* Two accounts that become one, several accounts of one provider, and what the links of messages lead to. */

const json = { accept: "application/json", "content-type": "application/json" };

/** Asks the API and gives what it answers. */
const ask = async <Answer>(
  url: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> => {
  const response = await fetch(url, { method: "POST", headers: { ...json, ...headers }, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url} was answered with ${response.status}: ${await response.text()}`);
  return (await response.json()) as Answer;
};

/** An account with a password, and with accounts at GitHub. */
const createIdentity = ({ adminUrl }: World, { email, password }: Ann, subjects: readonly string[]) =>
  ask(`${adminUrl}/admin/identities`, {
    schema_id: "default",
    traits: { email, name: { first: "Ann", last: "Smith" } },
    credentials: {
      password: { config: { password } },
      oidc: { config: { providers: subjects.map((subject) => ({ provider: "github", subject })) } },
    },
    verifiable_addresses: [{ value: email, via: "email", verified: true, status: "completed" }],
  });

let count = 0;
/** An account of the same person, whose session is not the browser's. */
const otherAccount = async (world: World): Promise<Readonly<Record<string, string>>> => {
  count += 1;
  const [email, password] = [`ann${count === 1 ? "" : count}@work.example`, "another walk by the sea"];
  await createIdentity(world, { email, password }, [`ann-at-work-${count}`]);
  const flow = (await (await fetch(`${world.url}/self-service/login/api`, { headers: json })).json()) as {
    readonly ui: { readonly action: string };
  };
  const { session_token: token } = await ask<{ readonly session_token: string }>(flow.ui.action, {
    method: "password",
    identifier: email,
    password,
  });
  return { "x-session-token": token };
};

/** Begins a merge on the page, which shows the code. */
const begin = async (page: Page, world: World, ann: Ann) => {
  await signUp(page, world, ann);
  await page.goto(`${world.url}/hosted/settings`);
  await page.locator('form[action="merge-begin"] button').click();
  await page.locator("main code").waitFor();
};

const offered = async (page: Page, world: World, ann: Ann) => {
  const other = await otherAccount(world);
  await begin(page, world, ann);
  const code = (await page.locator("main code").textContent()) ?? "";
  await ask(`${world.url}/account/merge/offer`, { code }, other);
  return other;
};

/** Each page of them. */
export const accountScenes: readonly Scene[] = [
  {
    name: "several-accounts",
    part: "#oidc",
    go: async (page, world, ann) => {
      await createIdentity(world, ann, ["ann@home.example", "ann@work.example"]);
      await signIn(page, world, ann);
      await page.waitForURL(/hosted/);
      await page.goto(`${world.url}/hosted/settings`);
    },
  },
  {
    name: "merge-begin",
    part: "#merge",
    go: async (page, world, ann) => {
      await signUp(page, world, ann);
      await page.goto(`${world.url}/hosted/settings`);
    },
  },
  { name: "merge-code", go: begin },
  {
    name: "merge",
    go: async (page, world, ann) => {
      await offered(page, world, ann);
      await page.goto(`${world.url}/hosted/merge`);
    },
  },
  {
    name: "merge-refused",
    go: async (page, world, ann) => {
      const other = await offered(page, world, ann);
      await ask(`${world.url}/account/deletion`, {}, other);
      await page.goto(`${world.url}/hosted/merge`);
    },
  },
  {
    name: "merge-wrong-code",
    go: async (page, world, ann) => {
      await signUp(page, world, ann);
      await page.goto(`${world.url}/hosted/settings`);
      await page.locator("#merge-code").fill("a code that was used");
      await page.locator('form[action="merge-offer"] button').click();
      await page.waitForURL(/merge-offer/);
    },
  },
  { name: "invitation", go: (page, { url }) => goTo(page, `${url}/hosted/invitation?token=shown-in-a-picture`) },
  { name: "invitation-over", go: (page, { url }) => goTo(page, `${url}/hosted/invitation?over=true`) },
  { name: "deletion", go: (page, { url }) => goTo(page, `${url}/hosted/deletion?token=shown-in-a-picture`) },
  { name: "address-undo-done", go: (page, { url }) => goTo(page, `${url}/hosted/address-undo?done=true`) },
];

const goTo = async (page: Page, url: string): Promise<void> => void (await page.goto(url));
