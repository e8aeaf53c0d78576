import { createAead } from "../../src/lib/aead.ts";
import { uuidText } from "../../src/lib/ids.ts";
import type { TestServer } from "./server.ts";

/** A message as it waits to be sent. */
export interface QueuedMessage {
  readonly template: string;
  readonly channel: string;
  readonly code: string;
  readonly url: string;
  /** The address after a change, as the message shows it. */
  readonly newAddress: string;
}

/** The key of the tests' servers. */
const aead = createAead({ algorithm: "aes", keys: ["exactly thirty-two bytes of text"] });

/** Every message to an address, the oldest first. */
export const messagesTo = async (server: TestServer, recipient: string): Promise<readonly QueuedMessage[]> => {
  const rows = await server.sql<{ id: Buffer; template: string; channel: string; data: Buffer }>(
    "SELECT id, template, channel, data FROM courier_messages WHERE recipient = ? ORDER BY created_at, id",
    [recipient],
  );
  return rows.map(({ id, template, channel, data }) => {
    const plain = aead.decrypt(data, `courier|${uuidText(id)}`);
    const { data: said } = JSON.parse(String(plain)) as { data: { code?: string; url?: string; newAddress?: string } };
    return { template, channel, code: said.code ?? "", url: said.url ?? "", newAddress: said.newAddress ?? "" };
  });
};

/** The newest of them. @throws Error when there is none */
export const lastMessageTo = async (server: TestServer, recipient: string): Promise<QueuedMessage> => {
  const last = (await messagesTo(server, recipient)).at(-1);
  if (last === undefined) throw new Error(`no message to ${recipient}`);
  return last;
};

/** A code that is not this one. */
export const wrongCode = (code: string): string => (code === "123456" ? "654321" : "123456");
