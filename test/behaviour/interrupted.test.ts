import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { hours } from "../protocols/clock.ts";
import { type DatabaseProxy, type Fault, openDatabaseProxy } from "../protocols/database-proxy.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { enterAs, enterAsNewPerson, newEmail, newPassword, signIn } from "../protocols/person.ts";
import { type Answer, accepted, refused } from "../protocols/protocol.ts";
import { allRows, changesBetween } from "../protocols/row-changes.ts";
import { startServer, type TestServer } from "../protocols/server.ts";
import { type FreshDatabase, freshDatabase } from "../setup/fresh-database.ts";

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
  database = await freshDatabase();
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

/** Sets a scene and gives what is done in it; doing it again is what a client does who was told that it failed. */
type Scene = () => Promise<() => Promise<Answer<unknown>>>;

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

/** What connections are set up with, and what is done beside all requests. */
const isBeside = (text: string): boolean =>
  /^(?:SET SESSION|SHOW |SELECT VERSION|SELECT 1$|DELETE FROM \w+ WHERE \w+ <= \?)/.test(text) ||
  /\b(?:jobs|schema_migrations)\b/.test(text);

/** The statements of one undisturbed run, and what they change. */
const record = async (scene: Scene) => {
  const act = await scene();
  const before = await allRows(server);
  const statements: string[] = [];
  proxy.rule(({ text }) => {
    if (!isBeside(text)) statements.push(text);
    return undefined;
  });
  const answer = await act();
  proxy.mend();
  return { statements, answer, changes: changesBetween(before, await allRows(server)) };
};

/** Does `fault` to the statement of that place among those of a request, once. */
const faultAt = (place: number, fault: Fault) => {
  let count = 0;
  let isDone = false;
  proxy.rule(({ text }) => {
    if (isDone || isBeside(text) || count++ !== place) return undefined;
    isDone = true;
    return fault;
  });
  return () => isDone;
};

type Recorded = Awaited<ReturnType<typeof record>>;

const isSame = (one: Answer<unknown>, other: Answer<unknown>): boolean =>
  one.ok ? other.ok : !other.ok && one.reason === other.reason;

/** What is untrue of an answer, given what is there; undefined: nothing. */
const untruth = (answer: Answer<unknown>, found: readonly string[], usual: Recorded): string | undefined => {
  const said = answer.ok ? "done" : answer.reason;
  const isWhole = found.join() === usual.changes.join();
  if (!isWhole && found.length > 0) return `${said}, and there is a part: ${found.join()}`;
  if (isSame(answer, usual.answer)) return isWhole ? undefined : `${said}, and it is not there`;
  return isWhole && said !== "OUTCOME_UNKNOWN" ? `${said}, and it is there` : undefined;
};

/** Plays the scene with the connection cut at one place, and says what was wrong. */
const cutAt = async (scene: Scene, usual: Recorded, place: number, cut: "before" | "after"): Promise<string[]> => {
  const act = await scene();
  const before = await allRows(server);
  const changes = async () => changesBetween(before, await allRows(server));
  const wasDone = faultAt(place, { cut });
  const answer = await act();
  proxy.mend();
  const wrong = [wasDone() ? undefined : "was never sent", untruth(answer, await changes(), usual)];
  if (!isSame(answer, usual.answer)) {
    const again = await act();
    if (!again.ok && again.reason === "INTERNAL") wrong.push("fails when repeated");
    if ((await changes()).length === 0) wrong.push("is not there when repeated");
  }
  const where = `cut ${cut} ${place}: ${usual.statements[place]?.slice(0, 60)}`;
  return wrong.flatMap((what) => (what === undefined ? [] : [`${where}: ${what}`]));
};

describe("a call that is broken at any of its statements", () => {
  it.each(Object.entries(scenes))(
    "does %s wholly or not at all, says which, and can be repeated",
    async (_, scene) => {
      const usual = await record(scene);
      expect(usual.statements.length).toBeGreaterThan(0);
      expect(usual.changes).not.toEqual([]);
      const wrong: string[] = [];
      for (const place of usual.statements.keys())
        for (const cut of ["before", "after"] as const) wrong.push(...(await cutAt(scene, usual, place, cut)));
      expect(wrong).toEqual([]);
    },
    180_000,
  );
});

/** An error in the place of a statement, as often as a rule says. */
const deadlock = {
  number: 1213,
  state: "40001",
  text: "Deadlock found when trying to get lock; try restarting transaction",
};

describe("an error at the end of a change", () => {
  const change = scenes["a new address"] as Scene;

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
