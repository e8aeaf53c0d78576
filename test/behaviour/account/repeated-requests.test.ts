import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AccountService } from "../../../gen/ostiary/account/v1/account_service_pb.ts";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { hours } from "../../protocols/clock.ts";
import { nativeRest } from "../../protocols/json-rest.ts";
import { done, operatorRest, reasonOf } from "../../protocols/operators.ts";
import { asOwner, ownerProtocols } from "../../protocols/owners.ts";
import { enterAs, enterAsNewPerson, hand, newPassword, signIn } from "../../protocols/person.ts";
import { accepted, refused } from "../../protocols/protocol.ts";
import { protocols } from "../../protocols/protocols.ts";
import { eventsOf, idBytes, passwordHashOf } from "../../protocols/rows.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* The same request of an owner twice, by an id that its sender has given it. */

let server: TestServer;
let beside: TestServer;
beforeAll(async () => {
  server = await startServer();
  beside = await startServer({ beside: server });
});
afterAll(async () => {
  await beside?.stop();
  await server?.stop();
});

const newId = () => crypto.randomUUID();
const rowsOf = (identityId: string) =>
  server.sql<{ answer: Buffer }>("SELECT answer FROM repeated_requests WHERE identity_id = ?", [idBytes(identityId)]);

describe.each(protocols)("through $name", (protocol) => {
  it("a change with a request_id is made once, and answered with the first answer by any node", async () => {
    const { person, visitor } = await enterAsNewPerson(protocol, server);
    const flow = accepted(await visitor.settings.create());
    const submission = { method: "password", password: newPassword(), request_id: newId() };
    const first = accepted(await visitor.settings.update(flow.id, submission));
    const hash = await passwordHashOf(server, person.id);
    const otherNode = protocol.enter(beside);
    hand(visitor, otherNode);
    accepted(await otherNode.settings.get(flow.id)); // A page that was loaded again has the form's token.
    const again = accepted(await otherNode.settings.update(flow.id, submission));
    if (protocol.isForm) expect(again.flow?.id).toBe(first.flow?.id);
    else expect(again).toEqual(first);
    expect(await passwordHashOf(server, person.id)).toBe(hash);
    expect((await eventsOf(server, person.id)).filter((event) => event.startsWith("password."))).toHaveLength(1);
  });

  it("another change with the same request_id is refused, and another session has ids of its own", async () => {
    const { person, visitor } = await enterAsNewPerson(protocol, server);
    const flow = accepted(await visitor.settings.create());
    const [id, password] = [newId(), newPassword()];
    const submit = (secret: string) =>
      visitor.settings.update(flow.id, { method: "password", password: secret, request_id: id });
    accepted(await submit(password));
    const hash = await passwordHashOf(server, person.id);
    const other = refused(await submit(newPassword()));
    if (!protocol.isForm) expect([other.reason, other.field]).toEqual(["INVALID_FIELD", "request_id"]);
    expect(await passwordHashOf(server, person.id)).toBe(hash);
    const device = await enterAs(protocol, server, { ...person, password });
    const theirs = accepted(await device.settings.create());
    accepted(await device.settings.update(theirs.id, { method: "password", password: newPassword(), request_id: id }));
    expect(await passwordHashOf(server, person.id)).not.toBe(hash);
  });

  it("a refused form leaves the request_id free", async () => {
    const { visitor } = await enterAsNewPerson(protocol, server);
    const flow = accepted(await visitor.settings.create());
    const id = newId();
    refused(await visitor.settings.update(flow.id, { method: "password", password: "a", request_id: id }));
    accepted(await visitor.settings.update(flow.id, { method: "password", password: newPassword(), request_id: id }));
  });
});

it("a change that needs a recent session first leaves the request_id free", async () => {
  const { person, visitor } = await enterAsNewPerson(nativeRest, server);
  server.clock.advance(hours(2));
  const flow = accepted(await visitor.settings.create());
  const submission = { method: "password", password: newPassword(), request_id: newId() };
  expect(refused(await visitor.settings.update(flow.id, submission)).reason).toBe("SESSION_REFRESH_REQUIRED");
  accepted(await signIn(visitor, person, { refresh: "true" }));
  const hash = await passwordHashOf(server, person.id);
  accepted(await visitor.settings.update(flow.id, submission));
  expect(await passwordHashOf(server, person.id)).not.toBe(hash);
});

describe.each(ownerProtocols)("through $name", (protocol) => {
  it("a deletion that was asked for twice with one Idempotency-Key waits since the first time", async () => {
    const { person, visitor } = await enterAsNewPerson(nativeRest, server);
    const headers = { "x-session-token": visitor.credentials.token, "idempotency-key": newId() };
    const ask = (at: TestServer) => protocol.call(at.url, AccountService.method.requestDeletion, {}, headers);
    const first = done(await ask(server));
    done(await asOwner(protocol, server)(visitor, AccountService.method.cancelDeletion));
    expect(done(await ask(beside))).toEqual(first);
    expect(done(await asOwner(protocol, server)(visitor, AccountService.method.getDeletion)).deletion).toBeFalsy();
    expect((await eventsOf(server, person.id)).filter((event) => event.startsWith("deletion.requested"))).toHaveLength(
      1,
    );
  });
});

it("two ids in one request are refused", async () => {
  const { visitor } = await enterAsNewPerson(nativeRest, server);
  const flow = accepted(await visitor.settings.create());
  const sent = await fetch(`${server.url}/self-service/settings?flow=${flow.id}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-session-token": visitor.credentials.token ?? "",
      "idempotency-key": newId(),
    },
    body: JSON.stringify({ method: "password", password: newPassword(), request_id: newId() }),
  });
  expect(sent.status).toBe(400);
  expect(await sent.text()).toContain("request_id");
});

it("what an owner was answered is stored in no readable form, and goes with them", async () => {
  const { person, visitor } = await enterAsNewPerson(nativeRest, server);
  const flow = accepted(await visitor.settings.create());
  accepted(
    await visitor.settings.update(flow.id, { method: "password", password: newPassword(), request_id: newId() }),
  );
  const [row, ...others] = await rowsOf(person.id);
  expect(others).toEqual([]);
  expect(row?.answer.length).toBeGreaterThan(500);
  expect(row?.answer.includes(person.email)).toBe(false);
  done(await operatorRest.call(server.adminUrl, IdentityAdminService.method.deleteIdentity, { id: person.id }));
  expect(await rowsOf(person.id)).toEqual([]);
  const gone = await visitor.settings.update(flow.id, { method: "password", password: "x", request_id: newId() });
  expect(refused(gone).reason).toBe("SESSION_INACTIVE");
});

it("an id is no way around a session that is over", async () => {
  const { visitor } = await enterAsNewPerson(nativeRest, server);
  const flow = accepted(await visitor.settings.create());
  const submission = { method: "password", password: newPassword(), request_id: newId() };
  accepted(await visitor.settings.update(flow.id, submission));
  accepted(await visitor.signOut());
  expect(refused(await visitor.settings.update(flow.id, submission)).reason).toBe("SESSION_INACTIVE");
  const { requestDeletion } = AccountService.method;
  const headers = { "x-session-token": visitor.credentials.token, "idempotency-key": newId() };
  expect(reasonOf(await operatorRest.call(server.url, requestDeletion, {}, headers))).toBe("SESSION_INACTIVE");
});
