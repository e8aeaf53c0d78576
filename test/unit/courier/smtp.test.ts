import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type MailServer, startMailServer } from "../../protocols/mail-server.ts";
import { createAuthority } from "../../setup/certificates.ts";
import { type FreshDatabase, migratedDatabase } from "../../setup/fresh-database.ts";
import { certificate } from "../server/certificate.ts";
import { type CourierNode, startNode, until } from "./courier-node.ts";

let fresh: FreshDatabase;
const open: { stop?(): Promise<void>; close?(): Promise<void> }[] = [];
beforeAll(async () => {
  fresh = await migratedDatabase();
});
afterAll(() => fresh?.drop());
afterEach(async () => {
  for (const each of open.splice(0)) await (each.stop?.() ?? each.close?.());
});

const mailServer = async (...options: Parameters<typeof startMailServer>): Promise<MailServer> => {
  const server = await startMailServer(...options);
  open.push(server);
  return server;
};
const node = async (...options: Parameters<typeof startNode> extends [string, ...infer Rest] ? Rest : never) => {
  const started: CourierNode = await startNode(fresh.dsn, ...options);
  open.unshift(started);
  return started;
};
const clear = (port: number, more = "") => `smtp://127.0.0.1:${port}/?disable_starttls=true${more}`;
let count = 0;
const someone = () => `someone-${++count}@example.com`;
const sentTo = async (courier: CourierNode, to: string) => {
  await until(async () => (await courier.row(to)).status === "sent");
  return courier.row(to);
};

describe("a mail", () => {
  it("comes once, as text and HTML, from whom the configuration says, and what it said is erased", async () => {
    const server = await mailServer();
    const courier = await node({
      smtp: {
        connection_uri: clear(server.port),
        from_address: "hello@id.example.com",
        from_name: 'Acme, "Ltd"',
        headers: { "X-SES-Source": "arn:1" },
        local_name: "id.example.com",
      },
    });
    const to = someone();
    await courier.queue({ recipient: to });
    const mail = await server.wait(to);
    expect(mail).toMatchObject({
      from: "hello@id.example.com",
      to: [to],
      code: "246810",
      clientName: "id.example.com",
    });
    expect(mail.parsed.from?.value).toEqual([{ address: "hello@id.example.com", name: 'Acme, "Ltd"' }]);
    expect(mail.parsed.headers.get("content-type")).toMatchObject({ value: "multipart/alternative" });
    expect(mail.parsed.headers.get("x-ses-source")).toBe("arn:1");
    expect(mail.parsed.headers.get("auto-submitted")).toBe("auto-generated");
    expect(mail.parsed.subject).toBe("Confirm your address");
    expect(mail.parsed.html).toContain("246810");
    const row = await sentTo(courier, to);
    expect(row).toMatchObject({ send_count: 1, data: null, dispatches: [{ status: "success" }] });
    expect(server.mails.filter((each) => each.to.includes(to))).toHaveLength(1);
  });

  it("is not sent in the clear when the mail server offers no STARTTLS", async () => {
    const server = await mailServer();
    const courier = await node({ message_retries: 0, smtp: { connection_uri: `smtp://127.0.0.1:${server.port}/` } });
    const to = someone();
    await courier.queue({ recipient: to });
    await until(async () => (await courier.row(to)).status === "abandoned");
    expect(server.mails).toEqual([]);
    expect((await courier.row(to)).dispatches).toMatchObject([
      { status: "failed", error: expect.stringMatching(/^SMTP: ETLS/) },
    ]);
  });

  it("goes by STARTTLS, and not to a mail server whose certificate is nobody's", async () => {
    const server = await mailServer({ ...certificate, disabledCommands: [] });
    const [careful, careless] = [someone(), someone()];
    const first = await node({ message_retries: 0, smtp: { connection_uri: `smtp://127.0.0.1:${server.port}/` } });
    await first.queue({ recipient: careful });
    await until(async () => (await first.row(careful)).status === "abandoned");
    await first.stop();
    open.shift();
    const second = await node({ smtp: { connection_uri: `smtp://127.0.0.1:${server.port}/?skip_ssl_verify=true` } });
    await second.queue({ recipient: careless });
    expect(await server.wait(careless)).toMatchObject({ isEncrypted: true });
    expect(server.mails.some((mail) => mail.to.includes(careful))).toBe(false);
  });

  it("goes over TLS from the first byte, signed in, with a certificate of the client's", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "ostiary-mail-"));
    const authority = createAuthority(folder);
    const [ours, theirs] = [authority.certify("client"), authority.certify("server", "DNS:localhost", "IP:127.0.0.1")];
    const server = await mailServer({
      secure: true,
      cert: readFileSync(theirs.cert),
      key: readFileSync(theirs.key),
      ca: [readFileSync(authority.ca)],
      requestCert: true,
      rejectUnauthorized: true,
      authOptional: false,
      onAuth: ({ username, password }, _, callback) =>
        username === "acme@example.com" && password === "pass/word@"
          ? callback(null, { user: username })
          : callback(new Error("no")),
    });
    const uri = (password: string) =>
      `smtps://acme%40example.com:${password}@localhost:${server.port}/?skip_ssl_verify=true`;
    const certificates = { client_cert_path: ours.cert, client_key_path: ours.key };
    const courier = await node({ smtp: { connection_uri: uri("pass%2Fword%40"), ...certificates } });
    const to = someone();
    await courier.queue({ recipient: to });
    expect(await server.wait(to)).toMatchObject({ isEncrypted: true, user: "acme@example.com" });
    await courier.stop();
    open.shift();

    const refused = await node({ message_retries: 0, smtp: { connection_uri: uri("wrong"), ...certificates } });
    const other = someone();
    await refused.queue({ recipient: other });
    await until(async () => (await refused.row(other)).status === "abandoned");
    expect((await refused.row(other)).dispatches[0]?.error).toMatch(/^SMTP: EAUTH 535/);
    expect(refused.logged.join("")).not.toContain("wrong");
    rmSync(folder, { recursive: true });
  });

  it("shares connections with others", async () => {
    const server = await mailServer();
    const courier = await node({ worker: { pull_count: 2 }, smtp: { connection_uri: clear(server.port) } });
    const all = Array.from({ length: 12 }, someone);
    for (const to of all) await courier.queue({ recipient: to });
    for (const to of all) await server.wait(to);
    expect(new Set(server.mails.map(({ connection }) => connection)).size).toBeLessThanOrEqual(2);
  });

  it("is not sent to a private network where the configuration rules that out", async () => {
    const server = await mailServer();
    const courier = await node(
      { message_retries: 0, smtp: { connection_uri: clear(server.port).replace("127.0.0.1", "localhost") } },
      { clients: { smtp: { disallow_private_ip_ranges: true } } },
    );
    const to = someone();
    await courier.queue({ recipient: to });
    await until(async () => (await courier.row(to)).status === "abandoned");
    expect(server.mails).toEqual([]);
    expect((await courier.row(to)).dispatches[0]?.error).toContain("EADDRREFUSED");
  });
});

describe("a mail that fails", () => {
  it("is tried again, with the Message-ID that it had, until it is sent", async () => {
    const server = await mailServer();
    const ids: string[] = [];
    server.behaviour.refuseMail = (raw) => {
      ids.push(/^message-id: (.*)$/im.exec(raw)?.[1] ?? "");
      return ids.length < 3 ? { code: 451, text: "later 246810" } : undefined;
    };
    const courier = await node({ smtp: { connection_uri: clear(server.port) } });
    const to = someone();
    await courier.queue({ recipient: to });
    const row = await sentTo(courier, to);
    expect(row.send_count).toBe(3);
    expect(row.dispatches.map(({ status }) => status)).toEqual(["failed", "failed", "success"]);
    expect(row.dispatches[0]?.error).toBe("SMTP: EMESSAGE 451 DATA");
    expect(new Set(ids).size).toBe(1);
    expect(ids[0]).toMatch(/^<[0-9a-f-]{36}@/);
  });

  it("is given up after the last retry, and said so without a word of what it says", async () => {
    const server = await mailServer();
    server.behaviour.refuse = () => ({ code: 451, text: "246810 is your code, see http://leak.example/" });
    const courier = await node({ message_retries: 2, smtp: { connection_uri: clear(server.port) } });
    const to = someone();
    await courier.queue({ recipient: to, data: { code: "246810", url: "http://leak.example/?code=246810" } });
    await until(async () => (await courier.row(to)).status === "abandoned");
    const row = await courier.row(to);
    expect(row).toMatchObject({ send_count: 3, data: null });
    expect(row.dispatches).toHaveLength(3);
    const said = `${JSON.stringify(row)}${courier.logged.join("")}${await courier.metrics()}`;
    expect(said).toContain("a message was given up");
    expect(said).not.toMatch(/246810|leak\.example/);
    expect(await courier.metrics()).toMatch(
      /attempt_seconds_count\{channel="email",template="verification_code_valid",outcome="abandoned"\} 1/,
    );
  });

  it("is not tried again when its recipient is refused for good, and keeps no other waiting", async () => {
    const server = await mailServer();
    const [bad, good] = [someone(), someone()];
    server.behaviour.refuse = (recipient) =>
      recipient === bad ? { code: 550, text: "5.1.1 no such user" } : undefined;
    const courier = await node({ smtp: { connection_uri: clear(server.port) } });
    await courier.queue({ recipient: bad });
    await courier.queue({ recipient: good });
    await sentTo(courier, good);
    await until(async () => (await courier.row(bad)).status === "abandoned");
    expect(await courier.row(bad)).toMatchObject({
      send_count: 1,
      data: null,
      dispatches: [{ status: "failed", error: "SMTP: EENVELOPE 550 5.1.1 RCPT TO" }],
    });
  });

  it("is tried again when the mail server takes it and does not answer", async () => {
    const server = await mailServer();
    server.behaviour.hangsAfterData = true;
    const courier = await node({ timeout: "300ms", smtp: { connection_uri: clear(server.port) } });
    const to = someone();
    await courier.queue({ recipient: to });
    const first = await server.wait(to);
    server.behaviour.hangsAfterData = false;
    const again = await server.wait(to);
    expect(again.parsed.messageId).toBe(first.parsed.messageId);
    expect((await sentTo(courier, to)).dispatches[0]?.error).toMatch(/^SMTP: (?:EABORT|ETIMEDOUT)/);
  });

  it("is tried again when the connection ends in the place of an answer", async () => {
    const server = await mailServer();
    server.behaviour.cutsAfterData = true;
    const courier = await node({ smtp: { connection_uri: clear(server.port) } });
    const to = someone();
    await courier.queue({ recipient: to });
    const first = await server.wait(to);
    server.behaviour.cutsAfterData = false;
    expect((await server.wait(to)).parsed.messageId).toBe(first.parsed.messageId);
    await sentTo(courier, to);
  });

  it("is sent once the mail server is there", async () => {
    const probe = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => probe.once("listening", resolve));
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    const courier = await node({ message_retries: 50, smtp: { connection_uri: clear(port) } });
    const to = someone();
    await courier.queue({ recipient: to });
    await until(async () => (await courier.row(to)).send_count >= 2);
    const server = await mailServer({}, port);
    await server.wait(to);
    expect((await sentTo(courier, to)).dispatches[0]?.error).toBe("SMTP: ESOCKET ECONNREFUSED CONN");
  });

  it("waits for a slow mail server", async () => {
    const server = await mailServer();
    server.behaviour.delay = 700;
    const courier = await node({ smtp: { connection_uri: clear(server.port) } });
    const to = someone();
    await courier.queue({ recipient: to });
    expect(await sentTo(courier, to)).toMatchObject({ send_count: 1 });
  });

  it("is not sent when it is of no more use", async () => {
    const server = await mailServer();
    const courier = await node({ smtp: { connection_uri: clear(server.port) } });
    const to = someone();
    await courier.queue({ recipient: to, expiresAt: new Date(Date.now() - 1) });
    await until(async () => (await courier.row(to)).status === "abandoned");
    expect(await courier.row(to)).toMatchObject({ data: null, dispatches: [{ status: "failed" }] });
    expect(server.mails).toEqual([]);
  });
});
