import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AccountAdminService } from "../../../gen/ostiary/account/v1/account_admin_service_pb.ts";
import { AccountService } from "../../../gen/ostiary/account/v1/account_service_pb.ts";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { minutes } from "../../protocols/clock.ts";
import { enrolTotp, withFactors } from "../../protocols/factors.ts";
import { nativeRest, spa } from "../../protocols/json-rest.ts";
import { done, operatorProtocols, operatorRest, reasonOf } from "../../protocols/operators.ts";
import { asOwner, ownerProtocols } from "../../protocols/owners.ts";
import { change, enterAs, enterAsNewPerson } from "../../protocols/person.ts";
import { accepted, refused } from "../../protocols/protocol.ts";
import { eventsOf, idBytes, passwordHashOf } from "../../protocols/rows.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* Owners take along what is stored about them. */

const rpc = AccountService.method;
let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: withFactors });
});
afterAll(() => server?.stop());

const never = (): never => {
  throw new Error("nothing changed while it was read");
};
const exported = (value: JsonObject) => value.export as JsonObject & Record<string, JsonObject[]>;

describe.each(ownerProtocols)("through $name", (protocol) => {
  const ask = (...given: Parameters<ReturnType<typeof asOwner>>) => asOwner(protocol, server)(...given);

  it("everything that is stored about somebody comes in one answer, and no secret with it", async () => {
    const { person, visitor } = await enterAsNewPerson(nativeRest, server);
    const secret = await enrolTotp(visitor, server);
    accepted(await change(visitor, { method: "profile", traits: { email: person.email, name: { first: "Ada" } } }));
    const refusedFlow = accepted(await visitor.settings.create());
    refused(await visitor.settings.update(refusedFlow.id, { method: "profile", traits: { email: "none" } }));
    await enterAs(nativeRest, server, person);
    done(await ask(visitor, rpc.requestDeletion));
    const answer = await ask(visitor, rpc.exportAccount);
    const all = exported(done(answer));
    expect(all).toMatchObject({
      identity: { id: person.id, traits: { email: person.email, name: { first: "Ada" } } },
      credentials: expect.arrayContaining([
        expect.objectContaining({ type: "password", identifiers: [person.email], set: true }),
      ]),
      deletion: { requested_by: "owner" },
    });
    expect(all.factors?.map(({ type }) => type)).toEqual(["password", "totp"]);
    expect(all.sessions).toHaveLength(2);
    expect(all.events?.map(({ type }) => type)).toEqual(expect.arrayContaining(["deletion.requested"]));
    expect(all.messages).toMatchObject([{ template: "account_deletion_requested", recipient: person.email }]);
    expect(all.flows?.some(({ values }) => JSON.stringify(values).includes("none"))).toBe(true);
    const text = JSON.stringify(all);
    for (const hidden of [secret, await passwordHashOf(server, person.id), visitor.credentials.token])
      expect(text).not.toContain(hidden);
    expect(await eventsOf(server, person.id)).toContain("account.exported done");
  });

  it("what an operator did is in it, and neither who nor from where", async () => {
    const { person, visitor } = await enterAsNewPerson(nativeRest, server);
    const { patchIdentity } = IdentityAdminService.method;
    const patch = [{ op: "add", path: "/traits/name", value: { first: "Ada" } }];
    done(await operatorRest.call(server.adminUrl, patchIdentity, { id: person.id, patch }));
    const { events = [] } = exported(done(await ask(visitor, rpc.exportAccount)));
    const byOperator = events.filter((event) => event.by_operator === true);
    expect(byOperator).toHaveLength(1);
    expect(byOperator[0]?.ip_address ?? "").toBe("");
    expect(byOperator[0]?.detail).not.toHaveProperty("operator");
    expect(events.some((event) => event.by_operator !== true && event.ip_address !== "")).toBe(true);
  });

  it("whatever changes while it is read is not in it, and does not wait for it", async () => {
    const { person, visitor } = await enterAsNewPerson(nativeRest, server);
    const { patchIdentity } = IdentityAdminService.method;
    const patch = [{ op: "add", path: "/metadata_public", value: "later" }];
    let changed: Awaited<ReturnType<typeof operatorRest.call>> | undefined;
    server.gate.watch(async (statement) => {
      if (!/^SELECT .*\bdetail, created_at FROM security_events/.test(statement)) return;
      server.gate.watch(undefined);
      changed = await operatorRest.call(server.adminUrl, patchIdentity, { id: person.id, patch });
    });
    const all = exported(done(await ask(visitor, rpc.exportAccount)));
    expect(done(changed ?? never()).identity).toMatchObject({ metadata_public: "later" });
    expect(all.identity).toMatchObject({ id: person.id });
    expect(JSON.stringify(all.identity)).not.toContain("later");
    expect(all.events?.map(({ type }) => type)).not.toContain("identity.patched");
    expect(await eventsOf(server, person.id)).toContain("account.exported done");
  });

  it("nobody gets it with an old session, or without one, and nobody gets somebody else's", async () => {
    const { visitor } = await enterAsNewPerson(nativeRest, server);
    const { person: other } = await enterAsNewPerson(nativeRest, server);
    expect(JSON.stringify(done(await ask(visitor, rpc.exportAccount)))).not.toContain(other.email);
    server.clock.advance(minutes(16));
    expect(reasonOf(await ask(visitor, rpc.exportAccount))).toBe("SESSION_REFRESH_REQUIRED");
    expect(reasonOf(await ask(undefined, rpc.exportAccount))).toBe("SESSION_INACTIVE");
  });
});

describe.each(operatorProtocols)("an operator, through $name", ({ call }) => {
  it("gets the same for somebody", async () => {
    const { person } = await enterAsNewPerson(spa, server);
    const ask = (id: string) => call(server.adminUrl, AccountAdminService.method.exportIdentityAccount, { id });
    expect(exported(done(await ask(person.id)))).toMatchObject({ identity: { id: person.id } });
    expect(reasonOf(await ask("6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99"))).toBe("NOT_FOUND");
    expect(reasonOf(await ask("x"))).toBe("NOT_FOUND");
  });
});

it("over REST it is a file", async () => {
  const { visitor } = await enterAsNewPerson(nativeRest, server);
  const answer = await asOwner(operatorRest, server)(visitor, rpc.exportAccount);
  expect(answer.ok && answer.headers["content-disposition"]).toBe('attachment; filename="account.json"');
});

it("what changes meanwhile is in it as a whole or not at all", async () => {
  const { person, visitor } = await enterAsNewPerson(nativeRest, server);
  const patch = (at: number) =>
    operatorRest.call(server.adminUrl, IdentityAdminService.method.patchIdentity, {
      id: person.id,
      patch: [
        { op: "add", path: "/metadata_public", value: { at } },
        { op: "add", path: "/traits/name", value: { first: `n${at}` } },
      ],
    });
  const changes = (async () => {
    for (let at = 0; at < 12; at++) done(await patch(at));
  })();
  const seen: JsonObject[] = [];
  for (let turn = 0; turn < 12; turn++)
    seen.push(exported(done(await asOwner(operatorRest, server)(visitor, rpc.exportAccount))));
  await changes;
  for (const { identity, events } of seen as { identity: JsonObject; events: { type: string }[] }[]) {
    const { at } = (identity.metadata_public ?? { at: -1 }) as { at: number };
    const { first = "n-1" } = ((identity.traits as JsonObject).name ?? {}) as { first?: string };
    const patched = events.filter(({ type }) => type === "identity.patched").length;
    expect([first, patched]).toEqual([`n${at}`, at + 1]);
  }
});

it("what is too much for one answer is refused, to owners and operators, and comes part by part", async () => {
  const { person, visitor } = await enterAsNewPerson(nativeRest, server);
  const detail = JSON.stringify({ note: "n".repeat(60_000) });
  for (let n = 0; n < 150; n++)
    await server.sql(
      `INSERT INTO security_events (identity_id, id, type, outcome, remote_address, user_agent, request_id, detail,
         created_at, position, digest)
       VALUES (?, ?, 'profile.changed', 'done', '', '', '', ?, '2026-01-01', ?, 'x')`,
      [idBytes(person.id), idBytes(crypto.randomUUID()), detail, 1_000 + n],
    );
  for (const protocol of ownerProtocols)
    expect(reasonOf(await asOwner(protocol, server)(visitor, rpc.exportAccount))).toBe("EXPORT_TOO_LARGE");
  const admin = AccountAdminService.method.exportIdentityAccount;
  expect(reasonOf(await operatorRest.call(server.adminUrl, admin, { id: person.id }))).toBe("EXPORT_TOO_LARGE");
  const response = await fetch(`${server.url}/account/export/stream`, {
    headers: { "x-session-token": visitor.credentials.token ?? "" },
  });
  const lines = (await response.text()).trim().split("\n");
  expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ complete: true });
});
