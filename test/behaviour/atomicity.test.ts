import { createConnection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hours } from "../protocols/clock.ts";
import { failAt, killAt, lockWait, type Place } from "../protocols/faults.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { enterAs, enterAsNewPerson, newEmail, newPassword, type Person, signIn } from "../protocols/person.ts";
import { accepted, refused, type Visitor } from "../protocols/protocol.ts";
import { everythingWritten, idBytes, isChange, versionOf } from "../protocols/rows.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* A change is there or it is not, wherever it is interrupted. */

let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    overrides: {
      selfservice: { flows: { settings: { after: { password: { hooks: [{ hook: "revoke_active_sessions" }] } } } } },
      database: { cleanup: { sleep: { tables: "1h" } } },
    },
  });
});
afterAll(() => server?.stop());

const place = (text: string): Place => {
  const [event, table] = text.split(" ");
  return { event: event as Place["event"], table: table ?? "" };
};

const everything = async () => ({
  ...(await everythingWritten(server)),
  flows: (await server.sql("SELECT * FROM flows")).map((row) => JSON.stringify(row)).sort(),
});
/** A new password, and the end of another session. */
const eventsOfPassword = 2;
const events = async ({ id }: Person) =>
  (await server.sql(`SELECT 1 FROM security_events WHERE identity_id = ? AND ${isChange}`, [idBytes(id)])).length;

interface Scene {
  readonly visitor: Visitor;
  readonly person: Person;
  /** Another session, which a new password ends. */
  readonly other: Visitor;
  readonly flow: string;
}

const scene = async (): Promise<Scene> => {
  const { visitor, person } = await enterAsNewPerson(nativeRest, server);
  const other = await enterAs(nativeRest, server, person);
  return { visitor, person, other, flow: accepted(await visitor.settings.create()).id };
};

/** A new password that waited: it touches all there is. */
const resumable = async (): Promise<Scene & { readonly password: string }> => {
  const { visitor, person } = await enterAsNewPerson(nativeRest, server);
  server.clock.advance(hours(1));
  const other = await enterAs(nativeRest, server, person);
  const flow = accepted(await visitor.settings.create()).id;
  const password = newPassword();
  refused(await visitor.settings.update(flow, { method: "password", password }));
  accepted(await signIn(visitor, person, { refresh: "true" }));
  return { visitor, person, other, flow, password };
};

const passwordPlaces = [
  "UPDATE identities",
  "UPDATE identity_credentials",
  "UPDATE flows",
  "DELETE continuations",
  "INSERT security_events",
  "UPDATE sessions",
];
const addressPlaces = [
  "UPDATE identities",
  "DELETE identity_identifiers",
  "DELETE identity_addresses",
  "INSERT identity_identifiers",
  "INSERT identity_addresses",
  "UPDATE flows",
  "INSERT security_events",
];

describe("a new password that waited", () => {
  it.each(passwordPlaces)("is not there at all when %s fails, and is there once it does not", async (where) => {
    const { visitor, person, other, flow, password } = await resumable();
    const before = await everything();
    const repair = await failAt(server, place(where));
    expect(refused(await visitor.resume(flow)).reason).toBe("INTERNAL");
    await repair();
    expect(await everything()).toEqual(before);
    accepted(await other.whoami());

    expect(accepted(await visitor.resume(flow)).flow?.state).toBe("success");
    accepted(await signIn(nativeRest.enter(server), { ...person, password }));
    expect(refused(await other.whoami()).reason).toBe("SESSION_INACTIVE");
    expect(await events(person)).toBe(eventsOfPassword);
  });

  it.each(passwordPlaces)("is there once when the connection is lost during %s", async (where) => {
    const { visitor, person, other, flow, password } = await resumable();
    const version = Number(await versionOf(server, person.id));
    const done = accepted(await killAt(server, place(where), () => visitor.resume(flow)));
    expect(done.flow?.state).toBe("success");
    expect(Number(await versionOf(server, person.id))).toBe(version + 1);
    expect(await events(person)).toBe(eventsOfPassword);
    expect(refused(await other.whoami()).reason).toBe("SESSION_INACTIVE");
    accepted(await signIn(nativeRest.enter(server), { ...person, password }));
  });
});

describe("a new address", () => {
  it.each(addressPlaces)("is not there at all when %s fails, and is there once it does not", async (where) => {
    const { visitor, person, flow } = await scene();
    const before = await everything();
    const email = newEmail();
    const repair = await failAt(server, place(where));
    expect(refused(await visitor.settings.update(flow, { method: "profile", traits: { email } })).reason).toBe(
      "INTERNAL",
    );
    await repair();
    expect(await everything()).toEqual(before);
    accepted(await visitor.settings.update(flow, { method: "profile", traits: { email } }));
    accepted(await signIn(nativeRest.enter(server), { ...person, email }));
    expect(refused(await signIn(nativeRest.enter(server), person)).reason).toBe("FORM_REJECTED");
  });
});

describe("a new person", () => {
  it.each([
    "INSERT identities",
    "INSERT identity_identifiers",
    "INSERT identity_addresses",
    "INSERT identity_credentials",
    "INSERT sessions",
  ])("is not there at all when %s fails, and is there once it does not", async (where) => {
    const visitor = nativeRest.enter(server);
    const flow = accepted(await visitor.registration.create()).id;
    const before = await everything();
    const submission = { method: "password", password: newPassword(), traits: { email: newEmail() } };
    const repair = await failAt(server, place(where));
    expect(refused(await visitor.registration.update(flow, submission)).reason).toBe("INTERNAL");
    await repair();
    expect(await everything()).toEqual(before);
    accepted(await visitor.registration.update(flow, submission));
    accepted(await visitor.whoami());
  });
});

describe("signing in again", () => {
  it("leaves the old token good when the new one cannot be written", async () => {
    const { visitor, person } = await scene();
    const flow = accepted(await visitor.login.create({ refresh: "true" })).id;
    const before = await everything();
    const repair = await failAt(server, place("UPDATE sessions"));
    const submission = { method: "password", identifier: person.email, password: person.password };
    expect(refused(await visitor.login.update(flow, submission)).reason).toBe("INTERNAL");
    await repair();
    expect(await everything()).toEqual(before);
    accepted(await visitor.whoami());
    accepted(await visitor.login.update(flow, submission));
  });
});

describe("a deadlock", () => {
  it("with another writer is sorted out by beginning again, and the change is there once", async () => {
    const { visitor, person, other, flow } = await scene();
    const rival = await createConnection({ ...server.database.connection });
    await rival.query("CREATE TABLE rival (n INT)");
    await rival.beginTransaction();
    // The one that has written less is the one that InnoDB gives up.
    await rival.query(`INSERT INTO rival VALUES ${Array.from({ length: 500 }, () => "(1)").join(", ")}`);
    await rival.query("UPDATE sessions SET device = device WHERE identity_id = ?", [idBytes(person.id)]);

    const password = newPassword();
    const changing = visitor.settings.update(flow, { method: "password", password });
    await lockWait(server);
    await rival.query("UPDATE identities SET updated_at = updated_at WHERE id = ?", [idBytes(person.id)]);
    await rival.commit();
    await rival.end();

    accepted(await changing);
    expect(server.logged.some((line) => line.includes("the transaction is begun again"))).toBe(true);
    expect(await events(person)).toBe(eventsOfPassword);
    expect(refused(await other.whoami()).reason).toBe("SESSION_INACTIVE");
    accepted(await signIn(nativeRest.enter(server), { ...person, password }));
  });
});
