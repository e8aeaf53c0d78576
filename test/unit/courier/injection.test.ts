import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blankIdentity } from "../../../src/identity/blank.ts";
import { type MailServer, startMailServer } from "../../protocols/mail-server.ts";
import { type FreshDatabase, migratedDatabase } from "../../setup/fresh-database.ts";
import { type CourierNode, startNode, until } from "./courier-node.ts";

/* What people choose reaches mails; it writes no header, adds no recipient, and ends no mail. */

let fresh: FreshDatabase;
let server: MailServer;
let courier: CourierNode;
const base64 = (text: string) => `base64://${Buffer.from(text).toString("base64")}`;
beforeAll(async () => {
  fresh = await migratedDatabase();
  server = await startMailServer();
  courier = await startNode(fresh.dsn, {
    smtp: { connection_uri: `smtp://127.0.0.1:${server.port}/?disable_starttls=true` },
    templates: {
      authenticator_key_added: {
        email: {
          subject: base64("{{ .Identity.traits.name }} {{ .Name }} {{ .TransientPayload.brand }}"),
          body: { plaintext: base64("{{ .Identity.traits.name }}\n{{ .Name }}\n{{ .NewAddress }}") },
        },
      },
    },
  });
});
afterAll(async () => {
  await courier?.stop();
  await server?.close();
  await fresh?.drop();
});

const attacks = [
  "Ann\r\nBcc: eve@example.com",
  "Ann\nBcc: eve@example.com\n\n<b>body</b>",
  "Ann\rX-Injected: 1",
  "Ann\r\n.\r\nMAIL FROM:<eve@example.com>\r\nRCPT TO:<eve@example.com>\r\nDATA",
  "Ann\u2028X-Injected: 1\u0085X-Injected: 1\0",
  "=?utf-8?q?Ann=0D=0ABcc:_eve@example.com?=",
];

describe.each(attacks)("%j", (attack) => {
  it("as a name, a trait and what a template says stays within its mail", async () => {
    const recipient = `victim-${attacks.indexOf(attack)}@example.com`;
    await courier.queue({
      recipient,
      template: "authenticator_key_added",
      data: { name: attack, newAddress: attack },
      identity: {
        ...blankIdentity("0198f2a4-6a1c-7c3e-9d2b-5f1a7c0e4b21", "s", new Date()),
        traits: { name: attack },
      },
      transientPayload: { brand: attack },
    });
    const mail = await server.wait(recipient);
    expect(mail.to).toEqual([recipient]);
    expect(mail.parsed.headers.has("bcc")).toBe(false);
    expect(mail.parsed.headers.has("x-injected")).toBe(false);
    expect([mail.parsed.to].flat().map((to) => to?.text)).toEqual([recipient]);
    const headers = mail.raw.slice(0, mail.raw.indexOf("\r\n\r\n"));
    expect(headers).not.toMatch(/^(?:Bcc|X-Injected|MAIL FROM|RCPT TO):?/im);
    expect(server.mails.flatMap(({ to }) => to)).not.toContain("eve@example.com");
  });

  it("as a recipient is nobody", async () => {
    const recipient = `a@example.com${attack}`;
    const before = server.mails.length;
    await courier.queue({ recipient });
    const settled = async () => ["sent", "abandoned"].includes((await courier.row(recipient)).status);
    await until(settled);
    for (const { to } of server.mails.slice(before)) expect(to).toEqual([recipient]);
    expect(server.mails.flatMap(({ to }) => to)).not.toContain("eve@example.com");
  });
});

it.each([
  "a@example.com, eve@example.com",
  "a@example.com;eve@example.com",
  "Ann <eve@example.com>",
  "<eve@example.com>",
])("%s is one recipient or none, never somebody else", async (recipient) => {
  await courier.queue({ recipient });
  await until(async () => ["sent", "abandoned"].includes((await courier.row(recipient)).status));
  expect(server.mails.flatMap(({ to }) => to)).not.toContain("eve@example.com");
});
