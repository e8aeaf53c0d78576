import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hours, minutes } from "../protocols/clock.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { enterAsNewPerson, newEmail, newPassword, signIn } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* What clients send along for hooks is no business of the database. */

let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    overrides: { database: { cleanup: { older_than: "240h", sleep: { tables: "1s" } } } },
  });
});
afterAll(() => server?.stop());

/** Everything that is written anywhere, as text. */
const everything = async (): Promise<string> => {
  const tables = (await server.sql("SHOW TABLES")).map((row) => String(Object.values(row)[0]));
  const rows = await Promise.all(tables.map((table) => server.sql(`SELECT * FROM ${table}`)));
  return rows
    .flat(2)
    .flatMap((row) => Object.values(row))
    .map((value) => (Buffer.isBuffer(value) ? value.toString("latin1") : JSON.stringify(value)))
    .join("\n");
};
const waiting = async (flow: string): Promise<number> =>
  (await server.sql("SELECT 1 FROM continuations WHERE flow_id = ?", [Buffer.from(flow.replaceAll("-", ""), "hex")]))
    .length;
const canary = () => `c${randomBytes(12).toString("hex")}`;

describe.each(protocols)("through $name, transient_payload", (protocol) => {
  it("is in no flow and nowhere else, whether a form holds or not", async () => {
    const secret = canary();
    const transient_payload = { note: secret };
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const flow = accepted(await visitor.settings.create()).id;
    const profile = { method: "profile", traits: { email: person.email }, transient_payload };
    accepted(await visitor.settings.update(flow, profile));
    refused(await visitor.settings.update(flow, { method: "password", password: "short", transient_payload }));
    expect(JSON.stringify(accepted(await visitor.settings.get(flow)))).not.toContain(secret);
    const stranger = protocol.enter(server);
    const wrong: Readonly<Record<"login" | "registration", object>> = {
      login: { method: "password", identifier: person.email, password: "a wrong one" },
      registration: { method: "password", password: newPassword(), traits: { email: "none" } },
    };
    for (const kind of ["login", "registration"] as const) {
      const { id } = accepted(await stranger[kind].create());
      refused(await stranger[kind].update(id, { ...wrong[kind], transient_payload }));
    }
    expect(await everything()).not.toContain(secret);
  });

  it("waits encrypted with a change that must wait, and goes with it", async () => {
    const secret = canary();
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    server.clock.advance(hours(1));
    const flow = accepted(await visitor.settings.create()).id;
    const submission = { method: "profile", traits: { email: newEmail() }, transient_payload: { note: secret } };
    expect(refused(await visitor.settings.update(flow, submission)).reason).toBe("SESSION_REFRESH_REQUIRED");
    expect(await waiting(flow)).toBe(1);
    expect(await everything()).not.toContain(secret);
    accepted(await signIn(visitor, person, { refresh: "true" }));
    accepted(await visitor.resume(flow));
    expect(await waiting(flow)).toBe(0);
    expect(await everything()).not.toContain(secret);
  });
});

it("a change that nobody comes back for is erased when it is over, whatever else is kept", async () => {
  const { visitor } = await enterAsNewPerson(nativeRest, server);
  server.clock.advance(hours(1));
  const flow = accepted(await visitor.settings.create()).id;
  refused(await visitor.settings.update(flow, { method: "password", password: newPassword() }));
  expect(await waiting(flow)).toBe(1);
  server.clock.advance(minutes(15) + 1);
  for (let tries = 0; tries < 100 && (await waiting(flow)) > 0; tries++) await sleep(100);
  expect(await waiting(flow)).toBe(0);
});
