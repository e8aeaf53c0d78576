import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { AccountService } from "../../gen/ostiary/account/v1/account_service_pb.ts";
import { InvitationAdminService } from "../../gen/ostiary/account/v1/invitation_admin_service_pb.ts";
import { MergeService } from "../../gen/ostiary/account/v1/merge_service_pb.ts";
import { merge } from "../../src/config/tree.ts";
import { addPasskey, newDevice } from "../protocols/keys.ts";
import { type Account, newAccount, withMerging } from "../protocols/merging.ts";
import { lastMessageTo } from "../protocols/messages.ts";
import { done, operatorRest } from "../protocols/operators.ts";
import { asOwner } from "../protocols/owners.ts";
import { newEmail } from "../protocols/person.ts";
import { accepted } from "../protocols/protocol.ts";
import type { TestServer } from "../protocols/server.ts";
import { type Browser, openBrowser } from "./browser.ts";
import { expectForEverybody } from "./for-everybody.ts";
import { startHostedServer } from "./hosted-server.ts";
import { signIn } from "./states.ts";

/* The pages of merges, of several accounts of one provider and of invitations, for everybody. */

const provider = {
  id: "github",
  provider: "github",
  label: "GitHub",
  client_id: "c",
  client_secret: "s",
  mapper: { traits: { email: "claims.email" } },
  several_accounts: true,
};
let server: TestServer;
beforeAll(async () => {
  server = await startHostedServer(
    merge(withMerging, { selfservice: { methods: { oidc: { enabled: true, config: { providers: [provider] } } } } }),
  );
});
afterAll(() => server?.stop());

const link = (...subjects: readonly string[]) => ({
  oidc: { config: { providers: subjects.map((subject) => ({ provider: "github", subject })) } },
});
let browser: Browser;
const mergeRpc = MergeService.method;
const heading = () => browser.page.getByRole("heading", { level: 1 }).textContent();
/** The account that is signed in to in the browser. */
const enter = async (given: Parameters<typeof newAccount>[1] = {}): Promise<Account> => {
  const account = await newAccount(server, given);
  await browser.page.goto(`${server.url}/hosted/login`);
  await signIn(browser.page, account);
  await browser.page.waitForURL(/\/hosted\/(?:settings|$)/);
  return account;
};
const linked = () => browser.page.locator('#oidc button[name="unlink"]').count();
const codeShown = async (): Promise<string> => (await browser.page.locator("code").first().textContent()) ?? "";
const offer = async ({ visitor }: Account, code: string) =>
  done(await asOwner(operatorRest, server)(visitor, mergeRpc.offerMerge, { code }));
const invitationTo = async (email: string): Promise<string> => {
  const { inviteIdentity } = InvitationAdminService.method;
  done(await operatorRest.call(server.adminUrl, inviteIdentity, { traits: { email } }));
  return (await lastMessageTo(server, email)).url;
};

describe("with scripts", () => {
  beforeEach(async () => {
    browser = await openBrowser({ javaScriptEnabled: true });
  });
  afterEach(() => browser.close());

  it("a merge is for everybody, from the settings to its end", { timeout: 60_000 }, async () => {
    const { page } = browser;
    const into = await enter({ credentials: link(`one-${newEmail()}`, `two-${newEmail()}`) });
    const from = await newAccount(server, { credentials: link(`three-${newEmail()}`), traits: { nickname: "other" } });
    accepted(await addPasskey(from.visitor, newDevice()));
    await page.goto(`${server.url}/hosted/settings`);
    expect(await linked()).toBe(2);
    await expectForEverybody(browser);
    await page.goto(`${server.url}/hosted/merge`);
    expect(await heading()).toBe("No account is offered yet");
    await expectForEverybody(browser);
    await page.goto(`${server.url}/hosted/settings`);
    await page.locator('form[action="merge-begin"] button').click();
    expect(await heading()).toBe("Your code");
    await expectForEverybody(browser);
    await offer(from, await codeShown());
    await page.locator("a.primary").click();
    expect(await page.locator("main").textContent()).toMatch(new RegExp(`${into.email} stays`));
    await expectForEverybody(browser);
    await page.getByRole("checkbox").check();
    await page.locator("button.danger").click();
    expect(await heading()).toBe("The accounts are one now");
    await expectForEverybody(browser);
    await page.goto(`${server.url}/hosted/settings`);
    expect(await linked()).toBe(3);
  });

  it("what refuses a merge is for everybody", { timeout: 60_000 }, async () => {
    const { page } = browser;
    const into = await enter();
    const from = await newAccount(server);
    const giveCode = async (code: string) => {
      await page.goto(`${server.url}/hosted/settings`);
      await page.locator("#merge-code").fill(code);
      await page.locator('form[action="merge-offer"] button').click();
    };
    await giveCode("none");
    expect(await heading()).toBe("This code is not valid");
    await expectForEverybody(browser);
    const { code } = done(await asOwner(operatorRest, server)(from.visitor, mergeRpc.beginMerge));
    await giveCode(String(code));
    expect(await heading()).toBe("This account is offered");
    await expectForEverybody(browser);
    await page.goto(`${server.url}/hosted/settings`);
    await page.locator('form[action="merge-begin"] button').click();
    const own = await codeShown();
    await giveCode(own);
    expect(await heading()).toBe("This is the same account");
    await offer(from, own);
    done(await asOwner(operatorRest, server)(from.visitor, AccountService.method.requestDeletion));
    await page.goto(`${server.url}/hosted/merge`);
    expect(await page.locator("main").textContent()).toContain("One of the two accounts is to be deleted.");
    expect(await page.locator("button.danger").count()).toBe(0);
    await expectForEverybody(browser);
    accepted(await into.visitor.whoami());
  });

  it("an invitation is for everybody, also one that is over", async () => {
    const { page } = browser;
    const url = await invitationTo(newEmail());
    await page.goto(url);
    expect(await heading()).toBe("You are invited");
    await expectForEverybody(browser);
    await page.locator("button.primary").click();
    expect(await page.getByText("Your account is ready.").isVisible()).toBe(true);
    await page.goto(url);
    await page.locator("button.primary").click();
    expect(await heading()).toBe("This invitation is no longer valid");
    await expectForEverybody(browser);
  });
});

describe("with the keyboard alone, and without a script", () => {
  beforeEach(async () => {
    browser = await openBrowser();
  });
  afterEach(() => browser.close());
  const press = (key: string) => browser.page.keyboard.press(key);
  const tabTo = async (selector: string): Promise<void> => {
    for (let tabs = 0; tabs < 80; tabs++) {
      await press("Tab");
      if ((await browser.page.locator(`${selector}:focus`).count()) > 0) return;
    }
    throw new Error(`no Tab leads to ${selector}`);
  };

  it("two accounts are made one", { timeout: 60_000 }, async () => {
    const { page } = browser;
    await enter();
    const from = await newAccount(server);
    await page.goto(`${server.url}/hosted/settings`);
    await tabTo('form[action="merge-begin"] button');
    await press("Enter");
    await page.waitForURL(/merge-begin/);
    await offer(from, await codeShown());
    await tabTo("a.primary");
    await press("Enter");
    await page.waitForURL(/\/merge$/);
    await tabTo("#merge-confirm");
    await press("Space");
    await tabTo("button.danger");
    await press("Enter");
    await page.waitForURL(/merge-confirm/);
    expect(await heading()).toBe("The accounts are one now");
  });

  it("somebody accepts an invitation, and one of several accounts of a provider is unlinked", {
    timeout: 60_000,
  }, async () => {
    const { page } = browser;
    await page.goto(await invitationTo(newEmail()));
    await tabTo("button.primary");
    await press("Enter");
    await page.waitForURL(/\/hosted\/settings/);
    await page.context().clearCookies();
    await enter({ credentials: link(`one-${newEmail()}`, `two-${newEmail()}`) });
    await page.goto(`${server.url}/hosted/settings`);
    await tabTo('#oidc button[name="unlink"]');
    await press("Enter");
    await page.getByText("Your sign-in providers are up to date.").waitFor();
    expect(await linked()).toBe(1);
  });
});
