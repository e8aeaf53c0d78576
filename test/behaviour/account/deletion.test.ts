import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { AccountAdminService } from "../../../gen/ostiary/account/v1/account_admin_service_pb.ts";
import { AccountService } from "../../../gen/ostiary/account/v1/account_service_pb.ts";
import { hours, minutes } from "../../protocols/clock.ts";
import { enrolTotp, stepUpByTotp, withFactors } from "../../protocols/factors.ts";
import { between } from "../../protocols/gate.ts";
import { send } from "../../protocols/http.ts";
import { nativeRest, spa } from "../../protocols/json-rest.ts";
import { lastMessageTo, messagesTo } from "../../protocols/messages.ts";
import { done, operatorProtocols, operatorRest, reasonOf } from "../../protocols/operators.ts";
import { asOwner, ownerProtocols } from "../../protocols/owners.ts";
import { enterAs, enterAsNewPerson, signIn } from "../../protocols/person.ts";
import { accepted, refused } from "../../protocols/protocol.ts";
import { eventsOf, idBytes } from "../../protocols/rows.ts";
import { startServer, type TestServer, ui } from "../../protocols/server.ts";

/* Owners delete their account, after a time in which they may think better of it. */

const rpc = AccountService.method;
const admin = AccountAdminService.method;
let server: TestServer;
beforeAll(async () => {
  // What becomes due is looked for that often.
  const courier = { worker: { pull_wait: "50ms" } };
  server = await startServer({ overrides: { ...withFactors, courier, session: { lifespan: "2000h" } } });
});
afterAll(() => server?.stop());

const isThere = async (id: string) =>
  (await server.sql("SELECT 1 FROM identities WHERE id = ?", [idBytes(id)])).length === 1;
const tokenTo = async (email: string) =>
  new URL((await lastMessageTo(server, email)).url).searchParams.get("token") ?? "";
/** The job is due by the clock of the database, which the tests do not turn. */
const letTheJobRun = (id: string) =>
  server.sql("UPDATE jobs SET run_at = UTC_TIMESTAMP(3) WHERE kind = 'account_deletion' AND identity_id = ?", [
    idBytes(id),
  ]);

describe.each(ownerProtocols)("through $name", (protocol) => {
  const ask = (...given: Parameters<ReturnType<typeof asOwner>>) => asOwner(protocol, server)(...given);

  it("an account works until its time has come, then it is gone, and its address is free again", async () => {
    const { person, visitor } = await enterAsNewPerson(nativeRest, server);
    const { deletion } = done(await ask(visitor, rpc.requestDeletion)) as { deletion: Record<string, string> };
    const due = Date.parse(deletion.due_at ?? "") - Date.parse(deletion.requested_at ?? "");
    expect([deletion.requested_by, due]).toEqual(["owner", hours(336)]);
    expect(done(await ask(visitor, rpc.getDeletion))).toEqual({ deletion, delay: 1_209_600, enabled: true });
    accepted(await (await enterAs(nativeRest, server, person)).whoami());
    await letTheJobRun(person.id);
    server.clock.advance(hours(336));
    await letTheJobRun(person.id);
    await vi.waitFor(async () => expect(await isThere(person.id)).toBe(false), 10_000);
    expect(refused(await visitor.whoami()).reason).toBe("SESSION_INACTIVE");
    expect(refused(await signIn(nativeRest.enter(server), person)).texts).toMatchObject([{ id: 4000006 }]);
    expect(await eventsOf(server, person.id)).toEqual(["identity.deleted done"]);
    await enterAsNewPerson(nativeRest, server, { email: person.email });
  });

  it("who asks twice is told of the same deletion, and gets one mail", async () => {
    const { person, visitor } = await enterAsNewPerson(spa, server);
    const first = done(await ask(visitor, rpc.requestDeletion));
    server.clock.advance(minutes(1));
    expect(done(await ask(visitor, rpc.requestDeletion))).toEqual(first);
    expect((await messagesTo(server, person.email)).map(({ template }) => template)).toEqual([
      "account_deletion_requested",
    ]);
  });

  it("whoever is signed in keeps the account after all", async () => {
    const { person, visitor } = await enterAsNewPerson(nativeRest, server);
    done(await ask(visitor, rpc.requestDeletion));
    done(await ask(visitor, rpc.cancelDeletion));
    done(await ask(visitor, rpc.cancelDeletion));
    expect(done(await ask(visitor, rpc.getDeletion)).deletion ?? null).toBeNull();
    await letTheJobRun(person.id);
    server.clock.advance(hours(337));
    expect(await isThere(person.id)).toBe(true);
    const templates = (await messagesTo(server, person.email)).map(({ template }) => template);
    expect(templates.toSorted()).toEqual(["account_deletion_requested", "account_deletion_undone"]);
    expect(await eventsOf(server, person.id)).toEqual(
      expect.arrayContaining(["deletion.requested done", "deletion.cancelled done"]),
    );
  });

  it("the link of the mail keeps it without a session, once", async () => {
    const { person, visitor } = await enterAsNewPerson(nativeRest, server);
    done(await ask(visitor, rpc.requestDeletion));
    const token = await tokenTo(person.email);
    expect(token).toMatch(/^\w{32}$/);
    expect(reasonOf(await ask(undefined, rpc.undoDeletion, { token: `${token}x` }))).toBe("NOT_FOUND");
    done(await ask(undefined, rpc.undoDeletion, { token }));
    expect(reasonOf(await ask(undefined, rpc.undoDeletion, { token }))).toBe("NOT_FOUND");
    expect(done(await ask(visitor, rpc.getDeletion)).deletion ?? null).toBeNull();
  });

  it("a session that is old, or lacks the second factor of the account, deletes nothing", async () => {
    const { person, visitor } = await enterAsNewPerson(nativeRest, server);
    server.clock.advance(minutes(16));
    expect(reasonOf(await ask(visitor, rpc.requestDeletion))).toBe("SESSION_REFRESH_REQUIRED");
    accepted(await signIn(visitor, person, { refresh: "true" }));
    const secret = await enrolTotp(visitor, server);
    const other = await enterAs(nativeRest, server, person);
    const { requestDeletion, getDeletion, cancelDeletion, exportAccount, listFactors, listLinks } = rpc;
    for (const each of [requestDeletion, getDeletion, cancelDeletion, exportAccount, listFactors, listLinks])
      expect(reasonOf(await ask(other, each))).toBe("AAL2_REQUIRED");
    for (const each of [requestDeletion, getDeletion, cancelDeletion])
      expect(reasonOf(await ask(undefined, each))).toBe("SESSION_INACTIVE");
    accepted(await stepUpByTotp(other, server, secret));
    done(await ask(other, rpc.requestDeletion));
  });
});

it("an old session is told what to do, and where a browser signs in to come back to the settings", async () => {
  const { visitor } = await enterAsNewPerson(nativeRest, server);
  server.clock.advance(minutes(16));
  const { status, json } = await send(`${server.url}/account/deletion`, {
    method: "POST",
    headers: { accept: "application/json", "x-session-token": visitor.credentials.token },
  });
  expect([status, json]).toMatchObject([403, { error: { reason: expect.stringMatching(/Sign in again, and ask/) } }]);
  const { redirect_browser_to: to } = json as { readonly redirect_browser_to: string };
  expect(new URL(to).searchParams.get("return_to")).toBe(ui.settings);
});

describe("over and over", () => {
  beforeAll(() => server.restart({ limits: { messages: { per_address: 3, per_identity: 3 } } }));

  it.each(ownerProtocols)(
    "asking sends so many messages and no more, and leaves no job behind, through $name",
    async (protocol) => {
      const ask = (...given: Parameters<ReturnType<typeof asOwner>>) => asOwner(protocol, server)(...given);
      const { person, visitor } = await enterAsNewPerson(nativeRest, server);
      const answers: string[] = [];
      for (let times = 0; times < 3; times++) {
        const answer = await ask(visitor, rpc.requestDeletion);
        answers.push(answer.ok ? "asked" : reasonOf(answer));
        done(await ask(visitor, rpc.cancelDeletion));
      }
      // Of the three that the address may have, two are of each round; what nobody would hear of is not begun.
      expect(answers).toEqual(["asked", "asked", "RATE_LIMITED"]);
      server.clock.advance(minutes(10));
      const { headers, status } = await send(`${server.url}/account/deletion`, {
        method: "POST",
        headers: {
          "x-session-token": visitor.credentials.token,
          accept: "application/json",
          "content-type": "application/json",
        },
        body: "{}",
      });
      expect([status, headers["retry-after"]]).toEqual([429, String(50 * 60)]);
      expect(await messagesTo(server, person.email)).toHaveLength(3);
      expect(done(await ask(visitor, rpc.getDeletion)).deletion ?? null).toBeNull();
      expect(await server.sql("SELECT 1 FROM jobs WHERE identity_id = ?", [idBytes(person.id)])).toEqual([]);
    },
  );
});

describe.each(operatorProtocols)("an operator, through $name", ({ call }) => {
  it("asks for a deletion in somebody's name, and calls it off", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const ask = (method: Parameters<typeof call>[1]) => call(server.adminUrl, method, { id: person.id });
    expect(done(await ask(admin.requestIdentityDeletion)).deletion).toMatchObject({ requested_by: "operator" });
    expect(done(await ask(admin.getIdentityDeletion)).deletion).toMatchObject({ requested_by: "operator" });
    expect((await lastMessageTo(server, person.email)).template).toBe("account_deletion_requested");
    done(await ask(admin.cancelIdentityDeletion));
    expect(done(await ask(admin.getIdentityDeletion)).deletion ?? null).toBeNull();
  });

  it("gets to hear that there is no such person", async () => {
    for (const method of [admin.requestIdentityDeletion, admin.getIdentityDeletion, admin.cancelIdentityDeletion])
      for (const id of ["6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99", "x"])
        expect(reasonOf(await call(server.adminUrl, method, { id }))).toBe("NOT_FOUND");
  });
});

describe("as configured", () => {
  const configured = (deletion: Record<string, unknown>) => server.restart({ account: { deletion } });
  const ask = (...given: Parameters<ReturnType<typeof asOwner>>) => asOwner(operatorRest, server)(...given);

  it("without a delay the account is gone at once, with its sessions, and the browser's cookie", async () => {
    await configured({ delay: "0s" });
    const { person, visitor } = await enterAsNewPerson(spa, server);
    const answer = await ask(visitor, rpc.requestDeletion);
    expect(done(answer).deletion).toBeNull();
    expect(answer.ok && String(answer.headers["set-cookie"])).toMatch(/ory_kratos_session=;.*Max-Age=0/);
    expect(await isThere(person.id)).toBe(false);
    expect(refused(await visitor.whoami()).reason).toBe("SESSION_INACTIVE");
    expect(await messagesTo(server, person.email)).toEqual([]);
  });

  it("a new sign-in calls it off, where that is configured", async () => {
    await configured({ undone_by_sign_in: true });
    const { person, visitor } = await enterAsNewPerson(nativeRest, server);
    done(await ask(visitor, rpc.requestDeletion));
    server.clock.advance(minutes(1));
    accepted(await signIn(visitor, person, { refresh: "true" }));
    expect(done(await ask(visitor, rpc.getDeletion)).deletion).not.toBeNull();
    await enterAs(nativeRest, server, person);
    expect(done(await ask(visitor, rpc.getDeletion)).deletion).toBeNull();
    expect(await eventsOf(server, person.id)).toEqual(expect.arrayContaining(["deletion.cancelled done"]));
  });

  it("people cannot delete their account where they may not; operators can", async () => {
    await configured({ enabled: false });
    const { person, visitor } = await enterAsNewPerson(nativeRest, server);
    expect(reasonOf(await ask(visitor, rpc.requestDeletion))).toBe("FLOW_DISABLED");
    expect(done(await ask(visitor, rpc.getDeletion)).enabled).toBe(false);
    done(await operatorRest.call(server.adminUrl, admin.requestIdentityDeletion, { id: person.id }));
  });

  it("somebody who signs in while they are erased is not signed in", async () => {
    await configured({ delay: "0s" });
    const { person, visitor } = await enterAsNewPerson(nativeRest, server);
    const late = nativeRest.enter(server);
    const { id } = accepted(await late.login.create());
    const submission = { method: "password", identifier: person.email, password: person.password };
    const answer = await between(
      server.gate,
      () => late.login.update(id, submission),
      async () => void done(await ask(visitor, rpc.requestDeletion)),
    );
    expect(refused(answer).reason).toBe("FORM_REJECTED");
    const left = await server.sql("SELECT 1 FROM sessions WHERE identity_id = ?", [idBytes(person.id)]);
    expect(left).toEqual([]);
  });
});
