import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { acceptHtml } from "../protocols/browser-form.ts";
import { minutes } from "../protocols/clock.ts";
import { type CallbackResult, type Sending, send } from "../protocols/http.ts";
import { createJar, type Jar } from "../protocols/jar.ts";
import { spa } from "../protocols/json-rest.ts";
import { lastMessageTo } from "../protocols/messages.ts";
import { enterAsNewPerson } from "../protocols/person.ts";
import { accepted } from "../protocols/protocol.ts";
import { giveHistory, idBytes } from "../protocols/rows.ts";
import type { TestServer } from "../protocols/server.ts";
import { startHostedServer } from "./hosted-server.ts";

/* Deleting an account on the pages, without a script. */

let server: TestServer;
beforeAll(async () => {
  server = await startHostedServer();
});
afterAll(() => server?.stop());

const visit = async (at: string, jar: Jar, { headers, ...rest }: Sending = {}): Promise<CallbackResult> => {
  const received = await send(new URL(at, `${server.url}/hosted/`).href, {
    ...rest,
    headers: { accept: acceptHtml, cookie: jar.header, ...headers },
  });
  jar.take(received.setCookies);
  return received;
};
const own = (origin = server.url) => ({
  "content-type": "application/x-www-form-urlencoded",
  origin,
  "sec-fetch-site": origin === server.url ? "same-origin" : "cross-site",
});
const post = (at: string, jar: Jar, fields: Record<string, string>, headers = own()) =>
  visit(at, jar, { method: "POST", headers, body: new URLSearchParams(fields).toString() });

/** Somebody who is signed in, and their settings page. */
const enter = async () => {
  const { person, visitor } = await enterAsNewPerson(spa, server);
  const jar = visitor.credentials.jar ?? createJar();
  const { id } = accepted(await visitor.settings.create());
  const back = `settings?flow=${id}`;
  return { person, jar, back, settings: () => visit(back, jar) };
};

describe("the settings page", () => {
  it("says what a deletion does and when, asks for a confirmation, and lets the account be kept", async () => {
    const { jar, back, settings } = await enter();
    const before = (await settings()).text;
    expect(before).toContain('action="delete-account"');
    expect(before).toMatch(/14 days/);
    expect((await post("delete-account", jar, { back })).headers.location).toBe(`${back}#account`);
    expect((await settings()).text).toContain('action="delete-account"');
    await post("delete-account", jar, { back, confirm: "true" });
    expect((await settings()).text).toContain('action="keep-account"');
    const kept = await post("keep-account", jar, { back });
    const after = (await visit(kept.headers.location ?? "", jar)).text;
    expect(after).toContain("Your account stays as it is.");
    expect(after).toContain('action="delete-account"');
  });

  it("takes no such form from another site, and leads to a new proof when the last one is old", async () => {
    const { jar, back, settings } = await enter();
    const fields = { back, confirm: "true" };
    expect((await post("delete-account", jar, fields, own("https://evil.example"))).status).toBe(403);
    server.clock.advance(minutes(61));
    const { headers } = await post("delete-account", jar, fields);
    expect(headers.location).toContain("/self-service/login/browser?refresh=true");
    expect((await settings()).text).not.toContain('action="keep-account"');
  });
});

it("the settings page leads to a file with everything, also of a large account, or to a new proof", async () => {
  const { person, jar, settings } = await enter();
  // More than 8 MiB, which one answer may not have.
  await giveHistory(server, person.id, 3_000, 3_000);
  const url = /href="([^"]+\/account\/export[^"]*)"/.exec((await settings()).text)?.[1] ?? "";
  const file = await visit(url, jar);
  expect([file.status, file.headers["content-disposition"]]).toEqual([200, 'attachment; filename="account.ndjson"']);
  const lines = file.text.trimEnd().split("\n");
  const parts = lines.map((line) => JSON.parse(line) as { readonly events?: readonly unknown[] });
  expect([parts[0], parts.at(-1)]).toMatchObject([{ identity: { id: person.id } }, { complete: true }]);
  expect(parts.flatMap(({ events = [] }) => events).length).toBeGreaterThanOrEqual(3_000);
  server.clock.advance(minutes(61));
  const again = await visit(url, jar);
  expect([again.status, again.headers.location]).toEqual([303, expect.stringContaining("login/browser?refresh=true")]);
});

describe("the link of the mail", () => {
  it("shows a page that changes nothing; its button keeps the account, in any browser and once", async () => {
    const { person, jar, back } = await enter();
    await post("delete-account", jar, { back, confirm: "true" });
    const { url } = await lastMessageTo(server, person.email);
    expect(url).toContain(`${server.url}/hosted/deletion?token=`);
    const waits = () => server.sql("SELECT 1 FROM account_deletions WHERE identity_id = ?", [idBytes(person.id)]);
    const otherJar = createJar();
    const page = await visit(url, otherJar, { headers: { "accept-language": "de" } });
    expect(page.text).toContain("Konto behalten");
    expect(page.headers["referrer-policy"]).toMatch(/no-referrer|same-origin|origin/);
    expect(await waits()).toHaveLength(1);
    const token = new URL(url).searchParams.get("token") ?? "";
    expect((await post("deletion", otherJar, { token })).status).toBe(200);
    expect(await waits()).toEqual([]);
    expect((await post("deletion", otherJar, { token })).status).toBe(404);
    expect((await post("deletion", otherJar, { token: "" })).status).toBe(404);
  });
});

it("without a delay the page says that the account is gone", async () => {
  await server.restart({ account: { deletion: { delay: "0s" } } });
  const { person, jar, back } = await enter();
  const { status, text } = await post("delete-account", jar, { back, confirm: "true" });
  expect([status, text.includes("Your account is deleted")]).toEqual([200, true]);
  expect(await server.sql("SELECT 1 FROM identities WHERE id = ?", [idBytes(person.id)])).toEqual([]);
});
