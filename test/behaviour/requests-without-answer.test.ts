import type { DescMethodUnary, JsonObject } from "@bufbuild/protobuf";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { IdentityAdminService } from "../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { SessionAdminService } from "../../gen/ostiary/session/v1/session_admin_service_pb.ts";
import { serviceError } from "../../src/errors/service-error.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { done, type OperatorAnswer, operatorProtocols, reasonOf } from "../protocols/operators.ts";
import { enterAs, enterAsNewPerson, newEmail } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { answering, type Receiver, startReceiver, wholeContext } from "../protocols/receiver.ts";
import { idBytes } from "../protocols/rows.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/*
 * Requests with an id of which the sender has heard no answer, or one that says that not all was done: sent again, they
 * do nothing twice.
 */

const { createIdentity, batchPatchIdentities } = IdentityAdminService.method;
const { manageSessions } = SessionAdminService.method;
let server: TestServer;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
  const hook = { hook: "web_hook", config: { url: `${receiver.url}/hook`, method: "POST", body: wholeContext } };
  server = await startServer({
    overrides: { selfservice: { flows: { settings: { after: { profile: { hooks: [hook] } } } } } },
  });
});
afterEach(() => {
  server.gate.watch(undefined);
  receiver.reset();
});
afterAll(async () => {
  await server?.stop();
  await receiver?.close();
});

const key = () => ({ "idempotency-key": crypto.randomUUID() });
const somebody = () => ({ schema_id: "person", traits: { email: newEmail() } });
const crowd = (size: number) => ({ identities: Array.from({ length: size }, () => ({ create: somebody() })) });
const idOf = (answer: JsonObject) => (answer.identity as JsonObject).id as string;
const idsOf = ({ identities }: JsonObject) => (identities as JsonObject[]).map(({ identity }) => identity);
const countPeople = async () => (await server.sql("SELECT 1 FROM identities")).length;
/** What comes of it once the first is no longer being done. */
const afterwards = (ask: () => Promise<OperatorAnswer>) =>
  vi.waitFor(
    async () => {
      const answer = await ask();
      if (!answer.ok && answer.reason === "OVERLOADED") throw new Error("it is still being done");
      return answer;
    },
    { timeout: 5_000, interval: 50 },
  );
/** Looks at each of the statements that begin so, with its number. */
const watch = (beginning: string, look: (number: number) => Promise<void> | void): void => {
  let number = 0;
  server.gate.watch(async (statement) => {
    if (statement.startsWith(beginning)) await look(++number);
  });
};
const insert = "INSERT INTO identities";

describe.each(operatorProtocols)("through $name", ({ call }) => {
  const ask = (method: DescMethodUnary, message: JsonObject, headers: Record<string, string>, signal?: AbortSignal) =>
    call(server.adminUrl, method, message, headers, signal);
  /** Asks, and leaves when the first statement that begins so is there. The statement goes on. */
  const leaveAt = async (
    beginning: string,
    method: DescMethodUnary,
    message: JsonObject,
    id: Record<string, string>,
  ) => {
    const leaving = new AbortController();
    const asked = ask(method, message, id, leaving.signal).catch(() => "gone");
    watch(beginning, async () => {
      leaving.abort();
      await asked;
      // The server hears of it in a turn of its own.
      await new Promise((resolve) => setTimeout(resolve, 100));
    });
    expect(await asked).toBe("gone");
  };

  it("what was sent through another protocol is answered with the first answer", async () => {
    const [id, message] = [key(), somebody()];
    const first = idOf(done(await ask(createIdentity, message, id)));
    for (const other of operatorProtocols)
      expect(idOf(done(await other.call(server.adminUrl, createIdentity, message, id)))).toBe(first);
  });

  it("a client that leaves in the middle and sends it again gets the answer, and it is done once", async () => {
    const [id, message] = [key(), somebody()];
    await leaveAt(insert, createIdentity, message, id);
    const answer = await afterwards(() => ask(createIdentity, message, id));
    const [row] = await server.sql<{ id: string }>(
      "SELECT LOWER(HEX(id)) AS id FROM identities WHERE JSON_EXTRACT(traits, '$.email') = ?",
      [message.traits.email],
    );
    expect(idOf(done(answer)).replaceAll("-", "")).toBe(row?.id);
    expect(reasonOf(await ask(createIdentity, message, key()))).toBe("ALREADY_EXISTS");
  });

  it("so does one that leaves while the whole of a batch is being done", async () => {
    const [id, message, before] = [key(), crowd(3), await countPeople()];
    await leaveAt(insert, batchPatchIdentities, message, id);
    const made = idsOf(done(await afterwards(() => ask(batchPatchIdentities, message, id))));
    expect(new Set(made).size).toBe(3);
    expect(await countPeople()).toBe(before + 3);
  });

  it("of a batch that ended with its client in the middle nothing is done again", async () => {
    const [id, message, before] = [key(), crowd(20), await countPeople()];
    await leaveAt(insert, batchPatchIdentities, message, id);
    expect(reasonOf(await afterwards(() => ask(batchPatchIdentities, message, id)))).toBe("OUTCOME_UNKNOWN");
    const after = await countPeople();
    expect(after).toBeGreaterThan(before);
    expect(after).toBeLessThan(before + 20);
  });

  it("no room in the middle is said, and nothing is done again; before the first write the id stays free", async () => {
    const [id, message, before] = [key(), crowd(20), await countPeople()];
    watch(insert, (number) => {
      if (number > 3) throw serviceError("OVERLOADED");
    });
    expect(reasonOf(await ask(batchPatchIdentities, message, id))).toBe("OVERLOADED");
    server.gate.watch(undefined);
    expect(await countPeople()).toBe(before + 3);
    expect(reasonOf(await ask(batchPatchIdentities, message, id))).toBe("OUTCOME_UNKNOWN");
    expect(await countPeople()).toBe(before + 3);
    const other = key();
    watch(insert, () => {
      throw serviceError("OVERLOADED");
    });
    expect(reasonOf(await ask(batchPatchIdentities, message, other))).toBe("OVERLOADED");
    server.gate.watch(undefined);
    const results = done(await ask(batchPatchIdentities, crowd(2), key())).identities as JsonObject[];
    expect(results.map(({ action }) => action)).toEqual(["create", "create"]);
    expect(done(await ask(batchPatchIdentities, message, other)).identities).toHaveLength(20);
  });

  it("sessions are ended once: one that began since then goes on", async () => {
    const people = [await enterAsNewPerson(nativeRest, server), await enterAsNewPerson(nativeRest, server)];
    for (const action of ["disable", "delete"]) {
      const [id, message] = [key(), { action, identities: people.map(({ person }) => person.id) }];
      const first = done(await ask(manageSessions, message, id));
      const back = await Promise.all(people.map(({ person }) => enterAs(nativeRest, server, person)));
      expect(done(await ask(manageSessions, message, id))).toEqual(first);
      for (const visitor of back) accepted(await visitor.whoami());
      expect(done(await ask(manageSessions, message, key())).processed).toBeGreaterThanOrEqual(2);
      for (const visitor of back) expect(refused(await visitor.whoami()).reason).toBe("SESSION_INACTIVE");
    }
  });

  it("sessions of some of whom were ended when the database was lost are not ended again", async () => {
    const people = [await enterAsNewPerson(nativeRest, server), await enterAsNewPerson(nativeRest, server)];
    const [id, message] = [key(), { action: "disable", identities: people.map(({ person }) => person.id) }];
    const countActive = async () => {
      const of = people.map(({ person }) => idBytes(person.id));
      return (await server.sql("SELECT 1 FROM sessions WHERE identity_id IN (?, ?) AND active = 1", of)).length;
    };
    watch("UPDATE sessions SET", async (number) => {
      if (number === 1) return;
      // The other one's are written by then.
      await vi.waitFor(async () => expect(await countActive()).toBe(1), { timeout: 5_000, interval: 20 });
      throw Object.assign(new Error("the connection is lost"), { code: "ECONNRESET" });
    });
    expect(reasonOf(await ask(manageSessions, message, id))).toBe("UNAVAILABLE");
    server.gate.watch(undefined);
    const back = await Promise.all(people.map(({ person }) => enterAs(nativeRest, server, person)));
    expect(reasonOf(await ask(manageSessions, message, id))).toBe("OUTCOME_UNKNOWN");
    for (const visitor of back) accepted(await visitor.whoami());
  });
});

describe.each(protocols)("a change of settings through $name", (protocol) => {
  it("after which a hook fails stays, and is not made again", async () => {
    const { person, visitor } = await enterAsNewPerson(protocol, server);
    const flow = accepted(await visitor.settings.create());
    const submit = (id: string, first: string) =>
      visitor.settings.update(flow.id, {
        method: "profile",
        traits: { email: person.email, name: { first } },
        request_id: id,
      });
    receiver.answer = answering(500, {});
    const id = crypto.randomUUID();
    expect(refused(await submit(id, "Ada")).reason).toBe("UPSTREAM_FAILED");
    expect(accepted(await visitor.whoami()).traits).toMatchObject({ name: { first: "Ada" } });
    receiver.reset();
    expect(refused(await submit(id, "Ada")).reason).toBe("OUTCOME_UNKNOWN");
    expect(receiver.received).toEqual([]);
    accepted(await submit(crypto.randomUUID(), "Eve"));
    expect(accepted(await visitor.whoami()).traits).toMatchObject({ name: { first: "Eve" } });
    expect(receiver.received).toHaveLength(1);
  });
});
