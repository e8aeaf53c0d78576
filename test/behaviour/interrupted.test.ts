import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { describeBrokenCalls, record as recordIn, type Scene } from "../protocols/broken-calls.ts";
import { hours } from "../protocols/clock.ts";
import { type DatabaseProxy, openDatabaseProxy } from "../protocols/database-proxy.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { enterAs, enterAsNewPerson, newEmail, newPassword, signIn } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { allRows, changesBetween } from "../protocols/row-changes.ts";
import { startServer, type TestServer } from "../protocols/server.ts";
import { type FreshDatabase, migratedDatabase } from "../setup/fresh-database.ts";

/*
 * Every call that writes is broken at each of its statements, BEGIN and COMMIT
 * among them: the connection ends before the statement is carried out, or after
 * it and before its answer. Whatever happens, all of the change is there or
 * nothing, the answer tells which, and the client may do it again.
 */

let database: FreshDatabase;
let proxy: DatabaseProxy;
let server: TestServer;
beforeAll(async () => {
  database = await migratedDatabase();
  proxy = await openDatabaseProxy(database);
  server = await startServer({
    database: { ...database, dsn: proxy.dsn },
    // Scenes turn the clock, and what is over is not purged in the middle of one.
    overrides: { database: { cleanup: { sleep: { tables: "1000h" } } } },
    wait: async () => undefined,
  });
});
afterAll(async () => {
  await server?.stop();
  await proxy?.close();
});
beforeEach(() => proxy.mend());

const settings =
  (submission: () => Parameters<ReturnType<typeof nativeRest.enter>["settings"]["update"]>[1]): Scene =>
  async () => {
    const { visitor } = await enterAsNewPerson(nativeRest, server);
    const { id } = accepted(await visitor.settings.create());
    const submitted = submission();
    return () => visitor.settings.update(id, submitted);
  };

const scenes: Readonly<Record<string, Scene>> = {
  "a new password": settings(() => ({ method: "password", password: newPassword() })),
  "a new address": settings(() => ({ method: "profile", traits: { email: newEmail() } })),
  "a new profile": settings(() => ({
    method: "profile",
    traits: { website: "https://ada.example.com" },
    update_mask: "traits.website",
  })),
  "a settings flow": async () => {
    const { visitor } = await enterAsNewPerson(nativeRest, server);
    return () => visitor.settings.create();
  },
  "a change that has to wait": async () => {
    const { visitor } = await enterAsNewPerson(nativeRest, server);
    server.clock.advance(hours(1));
    const { id } = accepted(await visitor.settings.create());
    const password = newPassword();
    return () => visitor.settings.update(id, { method: "password", password });
  },
  "a change that waited": async () => {
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    server.clock.advance(hours(1));
    const { id } = accepted(await visitor.settings.create());
    refused(await visitor.settings.update(id, { method: "password", password: newPassword() }));
    accepted(await signIn(visitor, person, { refresh: "true" }));
    return () => visitor.resume(id);
  },
  "a new person": async () => {
    const visitor = nativeRest.enter(server);
    const { id } = accepted(await visitor.registration.create());
    const submitted = { method: "password", password: newPassword(), traits: { email: newEmail() } };
    return () => visitor.registration.update(id, submitted);
  },
  "a sign-in": async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const visitor = nativeRest.enter(server);
    const { id } = accepted(await visitor.login.create());
    return () => visitor.login.update(id, { method: "password", identifier: person.email, password: person.password });
  },
  "the end of another session": async () => {
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    const other = await enterAs(nativeRest, server, person);
    const { id } = accepted(await other.whoami());
    return () => visitor.revoke(id);
  },
  "the end of all other sessions": async () => {
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    for (let n = 0; n < 2; n++) await enterAs(nativeRest, server, person);
    return () => visitor.revokeOthers();
  },
  "a sign-out": async () => {
    const { visitor } = await enterAsNewPerson(nativeRest, server);
    return () => visitor.signOut();
  },
};

describeBrokenCalls(scenes, () => ({ proxy, server }));

/** An error in the place of a statement, as often as a rule says. */
const deadlock = {
  number: 1213,
  state: "40001",
  text: "Deadlock found when trying to get lock; try restarting transaction",
};

describe("an error at the end of a change", () => {
  const change = scenes["a new address"] as Scene;
  const record = (scene: Scene) => recordIn({ proxy, server }, scene);

  it("that is a conflict is answered by doing it again", async () => {
    const { changes } = await record(change);
    const act = await change();
    const before = await allRows(server);
    let conflicts = 0;
    proxy.rule(({ text }) => (text === "COMMIT" && ++conflicts <= 3 ? { error: deadlock, when: "before" } : undefined));
    accepted(await act());
    expect(conflicts).toBe(4);
    expect(changesBetween(before, await allRows(server))).toEqual(changes);
  });

  it("that says the server was lost leaves it in doubt, though it was done", async () => {
    const { changes } = await record(change);
    const act = await change();
    const before = await allRows(server);
    proxy.rule(({ text }) =>
      text === "COMMIT"
        ? { error: { number: 2013, state: "HY000", text: "Lost connection to backend server" }, when: "after" }
        : undefined,
    );
    expect(refused(await act()).reason).toBe("OUTCOME_UNKNOWN");
    expect(changesBetween(before, await allRows(server))).toEqual(changes);
  });

  it("that comes late is waited for", async () => {
    const act = await change();
    proxy.rule(({ text }) => (text === "COMMIT" ? { delay: 400 } : undefined));
    const began = Date.now();
    accepted(await act());
    expect(Date.now() - began).toBeGreaterThanOrEqual(400);
  });
});
