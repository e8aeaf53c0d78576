import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CourierAdminService } from "../../../gen/ostiary/courier/v1/courier_admin_service_pb.ts";
import { type MailServer, startMailServer } from "../../protocols/mail-server.ts";
import { done, type OperatorAnswer, operatorProtocols, operatorRest, reasonOf } from "../../protocols/operators.ts";
import { queueMessage } from "../../protocols/queue-message.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* What operators see of messages, through every protocol. */

const rpc = CourierAdminService.method;
let mails: MailServer;
let server: TestServer;
const smtp = () => ({ connection_uri: `smtp://127.0.0.1:${mails.port}/?disable_starttls=true` });
beforeAll(async () => {
  mails = await startMailServer();
  // What is queued by itself is looked for that often.
  const worker = { pull_wait: "50ms" };
  server = await startServer({ overrides: { courier: { smtp: smtp(), retry_delay: "1h", worker } } });
});
afterAll(async () => {
  await server?.stop();
  await mails?.close();
});

type Shown = JsonObject & { readonly id: string; readonly status: string; readonly recipient: string };
const messagesOf = (answer: OperatorAnswer): readonly Shown[] => done(answer).messages as Shown[];
const someone = () => `${randomUUID()}@example.com`;

describe.each(operatorProtocols)("through $name", ({ call }) => {
  const list = (query: JsonObject) => call(server.adminUrl, rpc.listMessages, query);
  const get = (id: string) => call(server.adminUrl, rpc.getMessage, { id });
  const settled = async (recipient: string, status: string): Promise<Shown> => {
    for (;;) {
      const [message] = messagesOf(await list({ recipient }));
      if (message?.status === status) return message;
      await sleep(50);
    }
  };

  it("a message is listed by whom it goes to, and shown with its attempts", async () => {
    const recipient = someone();
    await queueMessage(server, { recipient });
    const sent = await settled(recipient, "sent");
    expect(sent).toMatchObject({
      type: "email",
      channel: "email",
      template_type: "verification_code_valid",
      send_count: 1,
      subject: "Confirm your address",
      body: expect.stringContaining("246810"),
    });
    const { message } = done(await get(sent.id));
    expect(message).toMatchObject({
      id: sent.id,
      dispatches: [{ message_id: sent.id, status: "success", created_at: expect.stringMatching(/Z$/) }],
    });
  });

  it("one that fails says why, in codes", async () => {
    const recipient = someone();
    mails.behaviour.refuse = (address) => (address === recipient ? { code: 550, text: "5.1.1 246810" } : undefined);
    await queueMessage(server, { recipient });
    const { id } = await settled(recipient, "abandoned");
    const { message } = done(await get(id)) as { message: { dispatches: unknown } };
    expect(message.dispatches).toMatchObject([{ status: "failed", error: "SMTP: EENVELOPE 550 5.1.1 RCPT TO" }]);
  });

  it("messages come in pages, the newest first", async () => {
    const recipient = someone();
    for (let n = 0; n < 5; n++) {
      await queueMessage(server, { recipient });
      await sleep(2);
    }
    const ids: string[] = [];
    let token = "";
    for (let pages = 0; pages === 0 || token !== ""; pages++) {
      const answer = await list({ recipient, page_size: 2, page_token: token });
      ids.push(...messagesOf(answer).map(({ id }) => id));
      token = nextOf(answer);
    }
    expect(ids).toHaveLength(5);
    expect(ids).toEqual([...ids].sort().reverse());
  });

  it("what is asked for wrongly is refused by its name", async () => {
    expect(reasonOf(await list({ page_token: "none" }))).toBe("INVALID_FIELD");
    expect(reasonOf(await get("x"))).toBe("INVALID_FIELD");
    expect(reasonOf(await get(randomUUID()))).toBe("NOT_FOUND");
  });
});

/** `next_page_token`, or what `Link` has of it over REST. */
const nextOf = (answer: OperatorAnswer): string => {
  if (!answer.ok) throw new Error("refused");
  const { next_page_token: token } = answer.value;
  const [, link] = /<([^>]*)>; rel="next"/.exec(String(answer.headers.link ?? "")) ?? [];
  return typeof token === "string"
    ? token
    : (new URL(link ?? "/", server.adminUrl).searchParams.get("page_token") ?? "");
};

it("messages are listed by where they stand, and no other status is known", async () => {
  const recipient = someone();
  mails.behaviour.refuse = (address) => (address === recipient ? { code: 451, text: "later" } : undefined);
  await queueMessage(server, { recipient });
  const first = async () => messagesOf(await operatorRest.call(server.adminUrl, rpc.listMessages, { recipient }))[0];
  await expect.poll(first).toMatchObject({ send_count: 1, status: "queued" });
  const byStatus = async (status: string) =>
    messagesOf(await operatorRest.call(server.adminUrl, rpc.listMessages, { recipient, status })).length;
  expect([await byStatus("queued"), await byStatus("sent"), await byStatus("abandoned")]).toEqual([1, 0, 0]);
  expect(reasonOf(await operatorRest.call(server.adminUrl, rpc.listMessages, { status: "magic" }))).toBe(
    "INVALID_FIELD",
  );
});

it("outside development nobody but the recipient reads what a message says", async () => {
  const other = await startServer({ overrides: { dev: false, courier: { smtp: smtp() } } });
  const recipient = someone();
  await queueMessage(other, { recipient });
  await mails.wait(recipient);
  const [message] = messagesOf(await operatorRest.call(other.adminUrl, rpc.listMessages, { recipient }));
  const one = await operatorRest.call(other.adminUrl, rpc.getMessage, { id: message?.id ?? "" });
  expect(message).toMatchObject({ subject: "<not shown outside of development>", recipient });
  expect(JSON.stringify([message, one, other.logged])).not.toContain("246810");
  expect(await other.sql("SELECT id FROM courier_messages WHERE data IS NOT NULL")).toEqual([]);
  await other.stop();
});
