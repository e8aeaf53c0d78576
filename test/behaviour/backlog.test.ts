import { once } from "node:events";
import { createServer } from "node:net";
import { expect, it } from "vitest";
import { createApp } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import { createLog } from "../../src/lib/log.ts";
import { freePort } from "../protocols/free-port.ts";
import { createGate } from "../protocols/gate.ts";
import { identitySchemaUrl } from "../protocols/schema.ts";
import { freshDatabase } from "../setup/fresh-database.ts";

it("begins with what waits to be done only once it listens, so that a backlog does not delay the start", async () => {
  const database = await freshDatabase();
  const [port, adminPort] = [await freePort(), await freePort()];
  const { config } = loadConfig({
    files: [],
    env: {},
    overrides: {
      dsn: database.dsn,
      serve: { public: { host: "127.0.0.1", port }, admin: { host: "127.0.0.1", port: adminPort } },
      selfservice: { default_browser_return_url: "http://127.0.0.1:4455/welcome" },
      identity: { default_schema_id: "person", schemas: [{ id: "person", url: identitySchemaUrl }] },
      secrets: { cookie: ["the first cookie secret"], cipher: ["exactly thirty-two bytes of text"] },
      dev: true,
    },
  });
  // Somebody else has the port: the server gets no further than to listen.
  const other = createServer().listen(port, "127.0.0.1");
  await once(other, "listening");
  const gate = createGate();
  const log = createLog({ level: "trace", format: "json" }, { write: () => undefined });
  const app = await createApp(config, { log, wrapDatabase: gate.wrap });
  try {
    await expect(app.listen()).rejects.toThrow("EADDRINUSE");
    expect(gate.statements.filter((statement) => /\bjobs\b/.test(statement))).toEqual([]);
  } finally {
    other.close();
    await app.close();
    await database.drop();
  }
});
