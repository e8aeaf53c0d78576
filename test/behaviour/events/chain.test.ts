import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { EventAdminService } from "../../../gen/ostiary/events/v1/event_admin_service_pb.ts";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { hours } from "../../protocols/clock.ts";
import { nativeRest } from "../../protocols/json-rest.ts";
import { done, operatorProtocols, operatorRest, reasonOf } from "../../protocols/operators.ts";
import { change, enterAs, enterAsNewPerson, newPassword, type Person } from "../../protocols/person.ts";
import { accepted } from "../../protocols/protocol.ts";
import { idBytes } from "../../protocols/rows.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* The chain of a person's events, as operators verify and list it. */

const rpc = EventAdminService.method;
let server: TestServer;
let person: Person;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.stop());

/** Someone with five events. */
beforeEach(async () => {
  const entered = await enterAsNewPerson(nativeRest, server);
  person = entered.person;
  await enterAs(nativeRest, server, person);
  accepted(await change(entered.visitor, { method: "password", password: newPassword() }));
  accepted(await change(entered.visitor, { method: "password", password: newPassword() }));
  accepted(await entered.visitor.signOut());
});
const write = (statement: string) => server.sql(`${statement} AND identity_id = ?`, [idBytes(person.id)]);

describe.each(operatorProtocols)("through $name", ({ call, name }) => {
  const verify = async (request = {}) =>
    done(await call(server.adminUrl, rpc.verifyEvents, { identity_id: person.id, ...request }));
  const faults = async () =>
    ((await verify()).faults as { position: number | string; fault: string }[]).map(({ position, fault }) => [
      Number(position),
      fault,
    ]);

  it("a chain that nobody touched holds", async () => {
    expect(await verify()).toMatchObject({ identities: 1, faults: [] });
    expect(Number((await verify()).events)).toBe(5);
  });

  it.each([
    ["says something else", "UPDATE security_events SET type = 'password.changed' WHERE position = 2", [2, "altered"]],
    ["came from elsewhere", "UPDATE security_events SET remote_address = '1.2.3.4' WHERE position = 3", [3, "altered"]],
    [
      "happened at another time",
      "UPDATE security_events SET created_at = '2020-01-01' WHERE position = 4",
      [4, "altered"],
    ],
    ["is gone", "DELETE FROM security_events WHERE position = 3", [3, "missing"]],
    ["is gone from the beginning", "DELETE FROM security_events WHERE position <= 2", [1, "missing"]],
  ])("an event that %s is found", async (_, statement, fault) => {
    await write(statement);
    expect(await faults()).toEqual([fault]);
  });

  it("who removes an event and closes the gap cannot make the digests that follow", async () => {
    await write("DELETE FROM security_events WHERE position = 3");
    for (const position of [4, 5])
      await write(`UPDATE security_events SET position = ${position - 1} WHERE position = ${position}`);
    expect(await faults()).toEqual([[3, "altered"]]);
  });

  it("who puts a checkpoint of their own at the beginning is found", async () => {
    await write("DELETE FROM security_events WHERE position = 1");
    await write("UPDATE security_events SET type = 'checkpoint', detail = '{\"mac\":\"00\"}' WHERE position = 2");
    expect(await faults()).toEqual([[2, "altered"]]);
  });

  it("all chains are verified page by page; that somebody is deleted breaks nobody else's", async () => {
    const gone = (await enterAsNewPerson(nativeRest, server)).person;
    done(await operatorRest.call(server.adminUrl, IdentityAdminService.method.deleteIdentity, { id: gone.id }));
    await write("DELETE FROM security_events WHERE position = 2");
    const found: string[] = [];
    let [token, identities] = ["", 0];
    do {
      const page = await verify({ identity_id: "", page_size: 5, page_token: token });
      identities += Number(page.identities);
      found.push(...(page.faults as { identity_id: string }[]).map(({ identity_id }) => identity_id));
      token = String(page.next_page_token);
    } while (token !== "");
    expect(found).toContain(person.id);
    expect(found).not.toContain(gone.id);
    const [all] = await server.sql<{ n: number }>("SELECT COUNT(DISTINCT identity_id) AS n FROM security_events");
    expect(identities).toBe(Number(all?.n));
    await server.sql("DELETE FROM security_events WHERE identity_id = ?", [idBytes(person.id)]);
  });

  it("events are listed the newest first, in pages, of one identity or of all, by type and outcome", async () => {
    const list = async (request: object) => done(await call(server.adminUrl, rpc.listEvents, request as never));
    const typesOf = (answer: object) => (answer as { events: { type: string }[] }).events.map(({ type }) => type);
    const first = await list({ identity_id: person.id, page_size: 3 });
    const second = await list({ identity_id: person.id, page_size: 3, page_token: first.next_page_token });
    expect([...typesOf(first), ...typesOf(second)].sort()).toEqual(
      ["registration.succeeded", "login.succeeded", "password.changed", "password.changed", "session.ended"].sort(),
    );
    expect(second.next_page_token).toBe("");
    expect(typesOf(await list({ identity_id: person.id, types: ["password.*"], outcome: outcomes.done }))).toHaveLength(
      2,
    );
    expect(typesOf(await list({ identity_id: person.id, outcome: outcomes.refused }))).toEqual([]);
    const seen: string[] = [];
    let token = "";
    do {
      const page = await list({ types: ["session.ended"], page_size: 2, page_token: token });
      seen.push(...(page.events as { id: string }[]).map(({ id }) => id));
      token = String(page.next_page_token);
    } while (token !== "");
    const [all] = await server.sql<{ n: number }>(
      "SELECT COUNT(*) AS n FROM security_events WHERE type = 'session.ended'",
    );
    expect([seen.length, new Set(seen).size]).toEqual([Number(all?.n), Number(all?.n)]);
    expect(reasonOf(await call(server.adminUrl, rpc.listEvents, { page_token: "made-up" }))).toBe("INVALID_FIELD");
    expect(reasonOf(await call(server.adminUrl, rpc.listEvents, { identity_id: "x" }))).toBe("INVALID_FIELD");
  });

  const outcomes =
    name === "REST"
      ? { done: "done", refused: "refused" }
      : { done: "EVENT_OUTCOME_DONE", refused: "EVENT_OUTCOME_REFUSED" };
});

it("what was purged leaves a checkpoint, from which the chain of what follows holds", async () => {
  server.clock.advance(hours(2));
  await expect(enterAs(nativeRest, server, person)).rejects.toThrow();
  const types = async () => {
    const rows = await server.sql<{ type: string }>(
      "SELECT type FROM security_events WHERE identity_id = ? ORDER BY position",
      [idBytes(person.id)],
    );
    return rows.map(({ type }) => type);
  };
  // A refusal is recorded after its answer.
  await expect.poll(types).toContain("login.refused");
  await server.restart({ database: { cleanup: { security_events_older_than: "1h", sleep: { tables: "1h" } } } });
  const purged = async () => {
    await server.sql("UPDATE jobs SET run_at = UTC_TIMESTAMP(3) WHERE kind = 'purge' AND owner IS NULL");
    return types();
  };
  await expect.poll(purged, { timeout: 10_000 }).toEqual(["checkpoint", "login.refused"]);
  const verify = async () =>
    done(await operatorRest.call(server.adminUrl, rpc.verifyEvents, { identity_id: person.id }));
  expect(await verify()).toMatchObject({ identities: 1, faults: [] });
  await server.sql("UPDATE security_events SET digest = ? WHERE identity_id = ? AND type = 'checkpoint'", [
    Buffer.alloc(32),
    idBytes(person.id),
  ]);
  expect((await verify()).faults).toHaveLength(1);
});
