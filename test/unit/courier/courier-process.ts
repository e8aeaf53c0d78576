import { startNode } from "./courier-node.ts";

/*
 * A process that delivers messages: `node courier-process.ts DSN SMTP_PORT`. It queues COUNT messages of its own first
 * where the environment says so, to RECIPIENT with a number, and says `queued` when they are committed.
 */

const [dsn = "", port = ""] = process.argv.slice(2);
const node = await startNode(dsn, {
  smtp: { connection_uri: `smtp://127.0.0.1:${port}/?disable_starttls=true` },
  worker: { pull_count: Number(process.env.PULL_COUNT ?? 4) },
  message_retries: 100,
  timeout: "5s",
});
for (let n = 0; n < Number(process.env.COUNT ?? 0); n++)
  await node.queue({ recipient: `${process.env.RECIPIENT}-${n}@example.com` });
process.stdout.write("queued\n");
process.on("SIGTERM", () => node.stop().then(() => process.exit(0)));
