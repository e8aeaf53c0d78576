import { createQueue } from "../../src/courier/courier.ts";
import type { NewMessage } from "../../src/courier/message.ts";
import { createMessageStore } from "../../src/courier/store.ts";
import { createDatabase } from "../../src/db/pool.ts";
import { createAead } from "../../src/lib/aead.ts";
import type { TestServer } from "./server.ts";

/** Queues a message as a flow of the server would, with the secrets of the tests. */
export const queueMessage = async (server: TestServer, message: Partial<NewMessage>): Promise<void> => {
  const db = createDatabase({ dsn: server.database.dsn, poolSize: 1 });
  const aead = createAead({ algorithm: "aes", keys: ["exactly thirty-two bytes of text"] });
  const { clock } = server;
  const { queue } = createQueue({
    jobs: { wake: () => undefined },
    messages: createMessageStore(aead),
    clock,
    metrics: { queued: () => undefined },
    describe: undefined,
  });
  await db.transaction((tx) =>
    queue(tx, {
      template: "verification_code_valid",
      channel: "email",
      recipient: "ann@example.com",
      locale: "en",
      data: { code: "246810", expiresInMinutes: 10 },
      requestUrl: `${server.url}/self-service/verification/browser`,
      expiresAt: new Date(clock.now().getTime() + 600_000),
      budget: { none: "a test sends it" },
      ...message,
    }),
  );
  await db.close();
};
