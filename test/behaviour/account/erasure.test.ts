import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AccountService } from "../../../gen/ostiary/account/v1/account_service_pb.ts";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { personTables } from "../../../src/identity/erase.ts";
import { minutes } from "../../protocols/clock.ts";
import { enrolCodes, enrolTotp, stepUpByTotp, withFactors } from "../../protocols/factors.ts";
import { spa } from "../../protocols/json-rest.ts";
import { done, operatorRest } from "../../protocols/operators.ts";
import { asOwner } from "../../protocols/owners.ts";
import { change, enterAsNewPerson, hand, newEmail, newPassword, signIn } from "../../protocols/person.ts";
import { placesOf } from "../../protocols/places.ts";
import { accepted, refused } from "../../protocols/protocol.ts";
import { idBytes } from "../../protocols/rows.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/*
 * What is left of somebody who was erased: nothing, wherever a word of theirs was
 * written. The word is looked for in every column of every table, and in the log.
 */

/** Nobody hears what is told to this receiver: deliveries about people wait for it. */
const silent = {
  hook: "web_hook",
  config: { url: "http://127.0.0.1:1/", method: "POST", fields: { who: "ctx.identity" }, response: { ignore: true } },
};

let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    overrides: {
      ...withFactors,
      account: { deletion: { delay: "0s" } },
      session: { trusted_devices: { enabled: true } },
      selfservice: {
        methods: withFactors.selfservice.methods,
        flows: {
          verification: { enabled: true },
          recovery: { enabled: true },
          registration: {
            after: { hooks: [silent], password: { hooks: [{ hook: "session" }, silent] } },
          },
          settings: { after: { hooks: [silent] } },
        },
      },
    },
  });
});
afterAll(() => server?.stop());

const word = (): string => `canary${Math.random().toString(36).slice(2, 12)}`;

/** Somebody whose word stands wherever people write. */
const leaveTraces = async () => {
  const canary = word();
  const email = `${canary}.${newEmail()}`;
  const typed = spa.enter(server);
  const { id } = accepted(await typed.registration.create());
  // Refused once, so that the form remembers what was typed.
  refused(await typed.registration.update(id, { method: "password", password: "1", traits: { email } }));
  const password = newPassword();
  const traits = { email, name: { first: canary } };
  accepted(await typed.registration.update(id, { method: "password", password, traits }));
  const { visitor, person } = { visitor: spa.enter(server), person: { email, password } };
  hand(typed, visitor);
  const identityId = accepted(await visitor.whoami()).identityId;
  const settings = accepted(await visitor.settings.create());
  refused(await visitor.settings.update(settings.id, { method: "profile", traits: { email: `${canary} none` } }));
  accepted(await change(visitor, { method: "profile", traits: { email, name: { first: `${canary} anew` } } }));
  const secret = await enrolTotp(visitor, server);
  await enrolCodes(visitor);
  const other = spa.enter(server);
  const login = accepted(await other.login.create());
  refused(await other.login.update(login.id, { method: "password", identifier: email, password: "not this" }));
  accepted(await other.login.update(login.id, { method: "password", identifier: email, password }));
  accepted(await stepUpByTotp(other, server, secret));
  server.clock.advance(minutes(2));
  for (const kind of ["recovery", "verification"] as const) {
    const stranger = spa.enter(server);
    const flow = accepted(await stranger[kind].create());
    accepted(await stranger[kind].update(flow.id, { method: "code", email }));
  }
  const rpc = IdentityAdminService.method.patchIdentity;
  const patch = ["metadata_public", "metadata_admin", "external_id"].map((name) => ({
    op: "add",
    path: `/${name}`,
    value: name === "external_id" ? canary : { [canary]: canary },
  }));
  done(await operatorRest.call(server.adminUrl, rpc, { id: identityId, patch }));
  return { canary, email, person, identityId, visitor };
};

const erasures = {
  "by its owner": ({ visitor }: Awaited<ReturnType<typeof leaveTraces>>) =>
    asOwner(operatorRest, server)(visitor, AccountService.method.requestDeletion),
  "by an operator": ({ identityId }: Awaited<ReturnType<typeof leaveTraces>>) =>
    operatorRest.call(server.adminUrl, IdentityAdminService.method.deleteIdentity, { id: identityId }),
};

describe.each(Object.entries(erasures))("an account that is deleted %s", (_, erase) => {
  it("leaves no word of its owner in any table or in the log, and of its id only that it was deleted", async () => {
    const traces = await leaveTraces();
    const needles = [Buffer.from(traces.canary)];
    const before = await placesOf(server, needles);
    const written = ["identities.traits", "identities.metadata_admin", "identity_identifiers.identifier"];
    expect(Object.keys(before)).toEqual(expect.arrayContaining([...written, "courier_messages.recipient"]));
    const ofThem = await placesOf(server, [idBytes(traces.identityId)]);
    expect(Object.keys(ofThem)).toEqual(
      expect.arrayContaining(["flows.subject_id", "jobs.identity_id", "courier_messages.identity_id"]),
    );
    done(await erase(traces));
    expect(await placesOf(server, needles)).toEqual({});
    expect(await placesOf(server, [idBytes(traces.identityId), Buffer.from(traces.identityId)])).toEqual({
      "security_events.identity_id": 1,
    });
    expect(server.logged.filter((line) => line.includes(traces.canary))).toEqual([]);
    refused(await signIn(spa.enter(server), traces.person));
    const again = await enterAsNewPerson(spa, server, { email: traces.email });
    expect(again.person.id).not.toBe(traces.identityId);
  });
});

describe("messages to others stay where their address is the user name of whoever is erased", () => {
  const queueTo = async (recipient: string, owner: string | undefined): Promise<Buffer> => {
    const id = idBytes(crypto.randomUUID());
    await server.sql(
      `INSERT INTO courier_messages (id, status, channel, template, recipient, send_count, dispatches, expires_at,
         created_at, updated_at, identity_id)
       VALUES (?, 'sent', 'email', 'recovery_code_valid', ?, 1, '[]', '2026-01-02', '2026-01-01', '2026-01-01', ?)`,
      [id, recipient, owner === undefined ? null : idBytes(owner)],
    );
    return id;
  };
  const erase = async (id: string) =>
    done(await operatorRest.call(server.adminUrl, IdentityAdminService.method.deleteIdentity, { id }));
  const isThere = async (id: Buffer) =>
    (await server.sql("SELECT 1 AS there FROM courier_messages WHERE id = ?", [id])).length > 0;

  it("about somebody's account", async () => {
    const [one, other] = [await enterAsNewPerson(spa, server), await enterAsNewPerson(spa, server)];
    const id = await queueTo(one.person.email, other.person.id);
    await erase(one.person.id);
    expect(await isThere(id)).toBe(true);
  });

  it("before anybody knows whose they are", async () => {
    const { person } = await enterAsNewPerson(spa, server);
    const none = JSON.stringify({ verifiable: [], recovery: [] });
    await server.sql("UPDATE identities SET addresses = ? WHERE id = ?", [none, idBytes(person.id)]);
    const id = await queueTo(person.email, undefined);
    await erase(person.id);
    expect(await isThere(id)).toBe(true);
  });

  it("and those to the person's own address go", async () => {
    const { person } = await enterAsNewPerson(spa, server);
    const id = await queueTo(person.email, undefined);
    await erase(person.id);
    expect(await isThere(id)).toBe(false);
  });
});

it("every table that names a person is in the list that erasure deletes by", async () => {
  const columns = await server.sql<{ t: string; c: string }>(
    `SELECT table_name AS t, column_name AS c FROM information_schema.columns WHERE table_schema = DATABASE()
      AND (column_name IN ('identity_id', 'home_id', 'subject_id'))`,
  );
  const known = new Set(personTables.map(([table, column]) => `${table}.${column}`));
  const homes = new Set(personTables.filter(([, column]) => column === "home_id").map(([table]) => String(table)));
  const missing = columns
    .map(({ t, c }) => `${t}.${c}`)
    // What is at home with somebody is theirs; whose it is stands beside it once more.
    .filter(
      (place) =>
        !known.has(place as never) && !(place.endsWith(".identity_id") && homes.has(place.split(".")[0] ?? "")),
    );
  expect(missing).toEqual([]);
});
