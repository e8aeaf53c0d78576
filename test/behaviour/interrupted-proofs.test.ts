import { afterAll, beforeAll, beforeEach } from "vitest";
import { merge } from "../../src/config/tree.ts";
import { describeBrokenCalls, type Scene } from "../protocols/broken-calls.ts";
import { passwordless, signUpWithCode } from "../protocols/codes.ts";
import { type DatabaseProxy, openDatabaseProxy } from "../protocols/database-proxy.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { enterAsNewPerson, newEmail } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { lastCodeTo, messagesTo } from "../protocols/sent-messages.ts";
import { startServer, type TestServer } from "../protocols/server.ts";
import { migratedDatabase } from "../setup/fresh-database.ts";

/* Recovery, verification and codes as a way in, broken at each of their statements. */

let proxy: DatabaseProxy;
let server: TestServer;
beforeAll(async () => {
  const database = await migratedDatabase();
  proxy = await openDatabaseProxy(database);
  server = await startServer({
    database: { ...database, dsn: proxy.dsn },
    overrides: merge(passwordless, {
      selfservice: { flows: { recovery: { enabled: true }, verification: { enabled: true } } },
      feature_flags: { use_continue_with_transitions: true },
    }),
    wait: async () => undefined,
  });
});
afterAll(async () => {
  await server?.stop();
  await proxy?.close();
});
beforeEach(() => proxy.mend());

/** Has asked for a code; what is done is to give it. */
const proof =
  (kind: "recovery" | "verification"): Scene =>
  async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    // What was sent at the sign-up is seen before the next is.
    await messagesTo(server, person.email);
    const visitor = nativeRest.enter(server);
    const { id } = accepted(await visitor[kind].create());
    accepted(await visitor[kind].update(id, { method: "code", email: person.email }));
    const code = await lastCodeTo(server, person.email);
    return () => visitor[kind].update(id, { method: "code", code });
  };

const scenes: Readonly<Record<string, Scene>> = {
  "a message with a code": async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const visitor = nativeRest.enter(server);
    const { id } = accepted(await visitor.recovery.create());
    return () => visitor.recovery.update(id, { method: "code", email: person.email });
  },
  "a recovery": proof("recovery"),
  "a verification": proof("verification"),
  "a sign-in by a code": async () => {
    const email = newEmail();
    accepted(await signUpWithCode(server, nativeRest.enter(server), { email }));
    const visitor = nativeRest.enter(server);
    const { id } = accepted(await visitor.login.create());
    refused(await visitor.login.update(id, { method: "code", identifier: email }));
    const code = await lastCodeTo(server, email);
    return () => visitor.login.update(id, { method: "code", identifier: email, code });
  },
  "a sign-up by a code": async () => {
    const traits = { email: newEmail() };
    const visitor = nativeRest.enter(server);
    const { id } = accepted(await visitor.registration.create());
    refused(await visitor.registration.update(id, { method: "code", traits }));
    const code = await lastCodeTo(server, traits.email);
    return () => visitor.registration.update(id, { method: "code", traits, code });
  },
};

describeBrokenCalls(scenes, () => ({ proxy, server }));
