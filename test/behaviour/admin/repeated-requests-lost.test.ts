import { afterAll, beforeAll, expect, it } from "vitest";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { hours } from "../../protocols/clock.ts";
import { type DatabaseProxy, openDatabaseProxy } from "../../protocols/database-proxy.ts";
import { done, operatorRest } from "../../protocols/operators.ts";
import { newEmail } from "../../protocols/person.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";
import { migratedDatabase } from "../../setup/fresh-database.ts";

/* An id is claimed by a statement of which the answer is lost: what it was claimed for is done all the same. */

let server: TestServer;
let proxy: DatabaseProxy;
beforeAll(async () => {
  const database = await migratedDatabase();
  proxy = await openDatabaseProxy(database);
  server = await startServer({
    database: { ...database, dsn: proxy.dsn },
    // The clock is turned, and what is over is not purged before it is claimed again.
    overrides: { database: { cleanup: { sleep: { tables: "1000h" } } } },
  });
});
afterAll(async () => {
  await server?.stop();
  await proxy?.close();
});

const statements = {
  "that nobody used before": "INSERT INTO repeated_requests",
  "whose time is over": "UPDATE repeated_requests SET request_digest",
} as const;

it.each(Object.entries(statements))("an id %s", async (_, statement) => {
  const id = { "idempotency-key": crypto.randomUUID() };
  const create = () =>
    operatorRest.call(
      server.adminUrl,
      IdentityAdminService.method.createIdentity,
      { schema_id: "person", traits: { email: newEmail() } },
      id,
    );
  if (statement.startsWith("UPDATE")) {
    done(await create());
    server.clock.advance(hours(24));
  }
  proxy.cutAfter(statement);
  expect(done(await create())).toMatchObject({ identity: { schema_id: "person" } });
});
