import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send } from "../protocols/http.ts";
import { queueMessage } from "../protocols/queue-message.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* A page in place of a mail program, for who develops without a mail server. */

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.stop());

const url = "https://id.example.com/self-service/verification?flow=0192d1c0&code=246810";
const html = { accept: "text/html" };
const open = (path: string, headers: Record<string, string> = {}, at = server) =>
  send(`${at.url}/hosted/mailbox${path}`, { headers: { ...html, ...headers } });
const shown = async (text: string): Promise<string> => {
  for (;;) {
    const page = await open("");
    if (page.text?.includes(text)) return page.text;
    await sleep(50);
  }
};

describe("the mailbox", () => {
  it("shows what would be sent, with its code and its link", async () => {
    await queueMessage(server, { recipient: "ann@example.com", data: { code: "246810", url, expiresInMinutes: 10 } });
    const page = await shown("ann@example.com");
    expect(page).toContain("<code>246810</code>");
    expect(page).toContain('href="https://id.example.com/self-service/verification?flow=0192d1c0&amp;code=246810"');
    expect(page).toContain("Confirm your address");
  });

  it("shows a mail as a mail program does, without a script, and texts to phones as well", async () => {
    await queueMessage(server, { recipient: "+491701234567", channel: "sms" });
    const page = await shown("+491701234567");
    const [, id] = /href="mailbox\/([0-9a-f-]{36})"/.exec(page) ?? [];
    const mail = await open(`/${id}`);
    expect(mail.status).toBe(200);
    expect(mail.text).toContain("<!doctype html>");
    expect(mail.headers["content-security-policy"]).toMatch(/default-src 'none';.* sandbox /);
    expect((await open("/0192d1c0-0000-7000-8000-000000000000")).status).toBe(404);
  });

  it("is not there for a page that has its own name lead here", async () => {
    expect((await open("", { host: "evil.example.com" })).status).toBe(404);
    expect((await open("", { host: "localhost:1234" })).status).toBe(200);
  });

  it.each([
    ["outside development", { dev: false }],
    ["with a mail server", { courier: { smtp: { connection_uri: "smtp://127.0.0.1:1/?disable_starttls=true" } } }],
  ])("is not there %s", async (_, overrides) => {
    const other = await startServer({ overrides });
    expect((await open("", {}, other)).status).toBe(404);
    await other.stop();
  });
});
