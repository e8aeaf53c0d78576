import type { MessageContent } from "../../src/courier/message.ts";
import { createAead } from "../../src/lib/aead.ts";
import { uuidText } from "../../src/lib/ids.ts";
import type { TestServer } from "./server.ts";

/** A message that the server has queued. */
export interface SentMessage {
  readonly template: string;
  readonly channel: string;
  readonly recipient: string;
  readonly language: string | undefined;
  /** Empty in messages without one. */
  readonly code: string;
}

/** What the server opens its messages with. */
const aead = createAead({ algorithm: "aes", keys: ["exactly thirty-two bytes of text"] });

/** Ids as they were first seen: the clock of the tests stands still, so that times do not tell the order. */
const order: string[] = [];

/** Every message to a recipient, in the order in which they were first looked at. */
export const messagesTo = async (server: TestServer, recipient: string): Promise<readonly SentMessage[]> => {
  const rows = await server.sql<{ id: Buffer; template: string; channel: string; data: Buffer | null }>(
    "SELECT id, template, channel, data FROM courier_messages WHERE recipient = ? ORDER BY id",
    [recipient],
  );
  for (const { id } of rows) if (!order.includes(uuidText(id))) order.push(uuidText(id));
  const sorted = rows.toSorted((a, b) => order.indexOf(uuidText(a.id)) - order.indexOf(uuidText(b.id)));
  return sorted.map(({ id, template, channel, data }) => {
    const plain = data === null ? undefined : aead.decrypt(data, `courier|${uuidText(id)}`);
    const content = plain && (JSON.parse(plain.toString("utf8")) as MessageContent);
    return { template, channel, recipient, language: content?.language, code: content?.data.code ?? "" };
  });
};

/** The code of the last message to a recipient. @throws Error when there is none */
export const lastCodeTo = async (server: TestServer, recipient: string): Promise<string> => {
  const last = (await messagesTo(server, recipient)).at(-1);
  if (!last?.code) throw new Error(`no code was sent to ${recipient}`);
  return last.code;
};

/** Another code than the one that was sent. */
export const wrongCode = (code: string): string => String((Number(code) + 1) % 1_000_000).padStart(6, "0");
