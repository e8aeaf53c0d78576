import type { DescMethodUnary, JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { hours } from "../../protocols/clock.ts";
import { done, operatorProtocols, operatorRest, reasonOf } from "../../protocols/operators.ts";
import { newEmail } from "../../protocols/person.ts";
import { idBytes } from "../../protocols/rows.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* The same request twice, by an id that its sender has given it. */

const rpc = IdentityAdminService.method;
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

const idOf = (answer: JsonObject) => (answer.identity as JsonObject).id as string;
const key = () => ({ "idempotency-key": crypto.randomUUID() });
const somebody = () => ({ schema_id: "person", traits: { email: newEmail() } });

describe.each(operatorProtocols)("through $name", ({ call }) => {
  const ask = (method: DescMethodUnary, message: JsonObject, headers: Record<string, string>, at = server) =>
    call(at.adminUrl, method, message, headers);

  it("is done once and answered with the first answer, by any node and after a restart", async () => {
    const [id, message] = [key(), somebody()];
    const first = await ask(rpc.createIdentity, message, id);
    const again = await ask(rpc.createIdentity, message, id, beside);
    expect(done(again)).toEqual(done(first));
    expect(again.ok && again.headers.location).toBe(first.ok && first.headers.location);
    await beside.restart();
    expect(idOf(done(await ask(rpc.createIdentity, message, id, beside)))).toBe(idOf(done(first)));
    expect(reasonOf(await ask(rpc.createIdentity, message, key()))).toBe("ALREADY_EXISTS");
  });

  it("another request with the same id is refused, and another RPC is another request", async () => {
    const id = key();
    const made = idOf(done(await ask(rpc.createIdentity, somebody(), id)));
    const other = await ask(rpc.createIdentity, somebody(), id);
    expect([reasonOf(other), !other.ok && other.field]).toEqual(["INVALID_FIELD", "idempotency-key"]);
    done(await ask(rpc.deleteIdentity, { id: made }, id));
    done(await ask(rpc.deleteIdentity, { id: made }, id));
    expect(reasonOf(await ask(rpc.deleteIdentity, { id: made }, key()))).toBe("NOT_FOUND");
  });

  it("of two at the same time one is done; the other is told to come again", async () => {
    const [id, message] = [key(), somebody()];
    const answers = await Promise.all([server, beside].map((at) => ask(rpc.createIdentity, message, id, at)));
    const made = new Set(answers.flatMap((answer) => (answer.ok ? [idOf(answer.value)] : [])));
    expect(made.size).toBe(1);
    for (const answer of answers) if (!answer.ok) expect(answer.reason).toBe("OVERLOADED");
    expect(made).toContain(idOf(done(await ask(rpc.createIdentity, message, id))));
  });

  it("a failure leaves the id free", async () => {
    const [id, email] = [key(), newEmail()];
    const message = { schema_id: "person", traits: { email } };
    const taken = idOf(done(await ask(rpc.createIdentity, message, key())));
    expect(reasonOf(await ask(rpc.createIdentity, message, id))).toBe("ALREADY_EXISTS");
    done(await ask(rpc.deleteIdentity, { id: taken }, key()));
    done(await ask(rpc.createIdentity, message, id));
  });
});

it("members of a request in another order are the same request", async () => {
  const [id, email] = [key(), newEmail()];
  const ask = (message: JsonObject) => operatorRest.call(server.adminUrl, rpc.createIdentity, message, id);
  const first = idOf(done(await ask({ schema_id: "person", traits: { email, name: { first: "Ann", last: "Bee" } } })));
  const again = { traits: { name: { last: "Bee", first: "Ann" }, email }, schema_id: "person" };
  expect(idOf(done(await ask(again)))).toBe(first);
});

it("what was done by a node that died before it wrote down the answer is not done again", async () => {
  const [id, message] = [key(), somebody()];
  const ask = () => operatorRest.call(server.adminUrl, rpc.createIdentity, message, id);
  server.gate.watch(async (statement) => {
    if (statement.startsWith("UPDATE repeated_requests SET answer")) throw new Error("the node died here");
  });
  const made = idOf(done(await ask()));
  server.gate.watch(undefined);
  expect(reasonOf(await ask())).toBe("OVERLOADED");
  server.clock.advance(61_000);
  expect(reasonOf(await ask())).toBe("OUTCOME_UNKNOWN");
  done(await operatorRest.call(server.adminUrl, rpc.deleteIdentity, { id: made }));
  expect(reasonOf(await ask())).toBe("OUTCOME_UNKNOWN");
});

it("after a failure of which nobody knows what was done, nothing is done again", async () => {
  const [id, message] = [key(), somebody()];
  const ask = () => operatorRest.call(server.adminUrl, rpc.createIdentity, message, id);
  server.gate.watch(async (statement) => {
    if (statement.startsWith("INSERT INTO identities")) throw new Error("something unforeseen");
  });
  expect(reasonOf(await ask())).toBe("INTERNAL");
  server.gate.watch(undefined);
  expect(reasonOf(await ask())).toBe("OUTCOME_UNKNOWN");
});

it("an answer about somebody who is erased meanwhile is not written behind the erasure", async () => {
  const made = idOf(done(await operatorRest.call(server.adminUrl, rpc.createIdentity, somebody())));
  let isWritten = false;
  server.gate.watch(async (statement) => {
    if (statement.startsWith("UPDATE identities SET")) isWritten = true;
    if (!isWritten || !statement.includes("FOR UPDATE")) return;
    server.gate.watch(undefined);
    done(await operatorRest.call(server.adminUrl, rpc.deleteIdentity, { id: made }));
  });
  const patch = { id: made, patch: [{ op: "replace", path: "/metadata_public", value: { n: 1 } }] };
  done(await operatorRest.call(server.adminUrl, rpc.patchIdentity, patch, key()));
  expect(reasonOf(await operatorRest.call(server.adminUrl, rpc.getIdentity, { id: made }))).toBe("NOT_FOUND");
  expect(await server.sql("SELECT 1 FROM repeated_requests WHERE identity_id = ?", [idBytes(made)])).toEqual([]);
});

it("an id is good for a day, and one that is none is refused", async () => {
  const [id, message] = [key(), somebody()];
  const ask = (headers: Record<string, string>) =>
    operatorRest.call(server.adminUrl, rpc.createIdentity, message, headers);
  done(await ask(id));
  server.clock.advance(hours(24) - 1_000);
  done(await ask(id));
  server.clock.advance(1_000);
  expect(reasonOf(await ask(id))).toBe("ALREADY_EXISTS");
  expect(reasonOf(await ask({ "idempotency-key": "x".repeat(256) }))).toBe("INVALID_FIELD");
});

it("answers are stored in no readable form, and go with the person that they are about", async () => {
  const message = somebody();
  const made = idOf(done(await operatorRest.call(server.adminUrl, rpc.createIdentity, message, key())));
  const mine = () =>
    server.sql<{ answer: Buffer }>("SELECT answer FROM repeated_requests WHERE identity_id = ?", [idBytes(made)]);
  const [row] = await mine();
  expect(row?.answer.includes(message.traits.email)).toBe(false);
  done(await operatorRest.call(server.adminUrl, rpc.deleteIdentity, { id: made }));
  expect(await mine()).toEqual([]);
});

it("without an id nothing is read or written for it", async () => {
  const before = server.gate.statements.length;
  done(await operatorRest.call(server.adminUrl, rpc.createIdentity, somebody()));
  const sent = server.gate.statements.slice(before);
  expect(sent.filter((statement) => statement.includes("repeated_requests"))).toEqual([]);
});

it("a batch that was broken off in the middle is not done again", async () => {
  const id = key();
  const people = [1, 2, 3].map(() => ({ create: somebody() }));
  const ask = () => operatorRest.call(server.adminUrl, rpc.batchPatchIdentities, { identities: people }, id);
  let [begun, isAsked] = [0, true];
  server.gate.watch(async (statement) => {
    if (!isAsked || !statement.startsWith("INSERT INTO identities")) return;
    begun += 1;
    if (begun > 1) throw Object.assign(new Error("the connection is lost"), { code: "ECONNRESET" });
  });
  const broken = await ask();
  isAsked = false;
  server.gate.watch(undefined);
  expect(reasonOf(broken)).toBe("UNAVAILABLE");
  expect(begun).toBeGreaterThan(1);
  const count = () => server.sql<{ n: number }>("SELECT COUNT(*) AS n FROM identities");
  const [before] = await count();
  expect(reasonOf(await ask())).toBe("OUTCOME_UNKNOWN");
  expect(await count()).toEqual([before]);
});
