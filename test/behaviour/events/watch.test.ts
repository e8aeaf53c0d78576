import { setTimeout as sleep } from "node:timers/promises";
import { type Client, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { createConnection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ErrorInfoSchema, ReasonSchema } from "../../../gen/ostiary/errors/v1/errors_pb.ts";
import { EventAdminService, type WatchEventsResponse } from "../../../gen/ostiary/events/v1/event_admin_service_pb.ts";
import { startCuttingLine } from "../../protocols/cutting-line.ts";
import { nativeRest } from "../../protocols/json-rest.ts";
import { change, enterAs, enterAsNewPerson, newPassword } from "../../protocols/person.ts";
import { accepted } from "../../protocols/protocol.ts";
import { idBytes } from "../../protocols/rows.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* Operators watch what happens, on two nodes, through every protocol that streams. */

const overrides = { events: { stream: { enabled: true } } };
let server: TestServer;
let node: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides });
  node = await startServer({ overrides, beside: server });
});
afterAll(async () => {
  await node?.stop();
  await server?.stop();
});

/** Changes while nobody watches. */
const CHANGES = 12;

type Events = Client<typeof EventAdminService>;
type Request = Parameters<Events["watchEvents"]>[0];

const transports: readonly (readonly [string, (baseUrl: string) => Transport])[] = [
  ["Connect", (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1" })],
  ["Connect over HTTP/2", (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "2", useBinaryFormat: true })],
  ["gRPC", (baseUrl) => createGrpcTransport({ baseUrl })],
  ["gRPC-Web", (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" })],
];

/** Reads answers until `isEnough` of the events so far; then cuts the stream. Begun once the first answer is there. */
const watch = async (client: Events, request: Request) => {
  const cut = new AbortController();
  const answers = client.watchEvents(request, { signal: cut.signal })[Symbol.asyncIterator]();
  const first = await answers.next();
  let token = (first.value as WatchEventsResponse).resumeToken;
  const events: NonNullable<WatchEventsResponse["event"]>[] = [];
  return {
    get token() {
      return token;
    },
    events,
    until: async (isEnough: () => boolean) => {
      while (!isEnough()) {
        const { value, done } = await answers.next();
        if (done === true) throw new Error("the stream has ended");
        token = (value as WatchEventsResponse).resumeToken;
        if ((value as WatchEventsResponse).event) events.push((value as WatchEventsResponse).event as never);
      }
    },
    cut: () => cut.abort(),
  };
};
const reasonOf = async (client: Events, request: Request): Promise<string> => {
  try {
    for await (const _ of client.watchEvents(request, { timeoutMs: 5_000 }));
    return "it ended";
  } catch (thrown) {
    const [info] = ConnectError.from(thrown).findDetails(ErrorInfoSchema);
    return (ReasonSchema.value[info?.reason ?? 0]?.name ?? "").replace("REASON_", "");
  }
};

describe.each(transports)("through %s", (_, open) => {
  const client = (at: TestServer) => createClient(EventAdminService, open(at.adminUrl));

  it("what happens is seen in order, and resuming on another node misses nothing and repeats nothing", async () => {
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    const identityId = person.id;
    const one = await watch(client(server), { identityId });
    accepted(await change(visitor, { method: "password", password: newPassword() }));
    await one.until(() => one.events.length === 1);
    one.cut();
    accepted(await change(visitor, { method: "profile", traits: { email: person.email, age: 40 } }));
    accepted(await change(visitor, { method: "profile", traits: { email: person.email, age: 41 } }));
    const other = await watch(client(node), { identityId, resumeToken: one.token });
    accepted(await visitor.signOut());
    await other.until(() => other.events.length === 3);
    other.cut();
    expect([...one.events, ...other.events].map(({ type, position }) => [Number(position), type])).toEqual([
      [2, "password.changed"],
      [3, "profile.changed"],
      [4, "profile.changed"],
      [5, "session.ended"],
    ]);
  });

  it("a stream that the network cuts within an answer is resumed: nothing is missed, nothing comes twice", async () => {
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    const begun = await watch(client(server), { identityId: person.id });
    begun.cut();
    for (let age = 1; age <= CHANGES; age++)
      accepted(await change(visitor, { method: "profile", traits: { email: person.email, age: 20 + age } }));
    const seen: { readonly position: number; readonly id: string }[] = [];
    let [token, cuts] = [begun.token, 0];
    while (seen.length < CHANGES) {
      // A little more each time, so that it is cut everywhere.
      const line = await startCuttingLine(server.adminUrl, 900 + 83 * cuts);
      try {
        const request = { identityId: person.id, resumeToken: token };
        const over = createClient(EventAdminService, open(line.url));
        for await (const { event, resumeToken } of over.watchEvents(request, { timeoutMs: 10_000 })) {
          token = resumeToken;
          if (event) seen.push({ position: Number(event.position), id: event.id });
          if (seen.length >= CHANGES) break;
        }
      } catch {
        cuts += 1;
      } finally {
        await line.close();
      }
      expect(cuts).toBeLessThan(60);
    }
    expect(cuts).toBeGreaterThan(2);
    expect(seen.map(({ position }) => position)).toEqual(Array.from({ length: CHANGES }, (_, n) => n + 2));
    expect(new Set(seen.map(({ id }) => id)).size).toBe(CHANGES);
  });

  it("only what is asked for is sent", async () => {
    const seen = await watch(client(server), { types: ["password.*", "identifiers.changed"] });
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    accepted(await change(visitor, { method: "password", password: newPassword() }));
    await seen.until(() => seen.events.some(({ identityId }) => identityId === person.id));
    seen.cut();
    expect(new Set(seen.events.map(({ type }) => type))).toEqual(new Set(["password.changed"]));
  });

  it("a token that was made elsewhere, or beside from_start, is refused", async () => {
    expect(await reasonOf(client(server), { resumeToken: "made-up" })).toBe("INVALID_FIELD");
    const { token, cut } = await watch(client(server), {});
    cut();
    expect(await reasonOf(client(server), { resumeToken: token, fromStart: true })).toBe("INVALID_FIELD");
    expect(await reasonOf(client(server), { identityId: "x" })).toBe("INVALID_FIELD");
  });
});

const [, openGrpc] = transports[2] as (typeof transports)[number];
const grpc = (at: TestServer) => createClient(EventAdminService, openGrpc(at.adminUrl));

it("an event that commits late, with an older id than what was seen since, is seen all the same", async () => {
  const late = await enterAsNewPerson(nativeRest, server);
  const { visitor } = await enterAsNewPerson(nativeRest, server);
  const seen = await watch(grpc(node), { types: ["password.changed"] });
  const connection = await openTransaction();
  await connection.write(late.person.id);
  accepted(await change(visitor, { method: "password", password: newPassword() }));
  await seen.until(() => seen.events.length === 1);
  await sleep(600);
  await connection.commit();
  await seen.until(() => seen.events.length === 2);
  seen.cut();
  expect(seen.events[1]?.identityId).toBe(late.person.id);
  expect((seen.events[1]?.id ?? "") < (seen.events[0]?.id ?? "")).toBe(true);
});

/** A transaction that writes an event now and commits later. */
const openTransaction = async () => {
  const connection = await createConnection({ ...server.database.connection, timezone: "Z" });
  return {
    write: async (identityId: string) => {
      // As the server has it: it locks no gap, in which another person's event may have its place.
      await connection.query("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
      await connection.beginTransaction();
      await connection.query(
        `INSERT INTO security_events (identity_id, id, type, outcome, remote_address, request_id, detail, created_at,
           stream_position, position, digest)
         SELECT ?, ?, 'password.changed', 'done', '', '', '{}', '2020-01-01', NULL, MAX(e.position) + 1, 'x'
           FROM security_events e WHERE e.identity_id = ?`,
        [idBytes(identityId), Buffer.alloc(16, 1), idBytes(identityId)],
      );
    },
    commit: async () => {
      await connection.commit();
      await connection.end();
    },
  };
};

it("from_start begins with the oldest; what many do at once has one order, that of each person in it", async () => {
  const people = await Promise.all([1, 2, 3, 4].map(() => enterAsNewPerson(nativeRest, server)));
  await Promise.all(
    people.flatMap(({ person }) => [enterAs(nativeRest, node, person), enterAs(nativeRest, server, person)]),
  );
  const [a, b] = await Promise.all([watch(grpc(server), { fromStart: true }), watch(grpc(node), { fromStart: true })]);
  const [total] = await server.sql<{ n: number }>("SELECT COUNT(*) AS n FROM security_events");
  for (const each of [a, b]) {
    await each.until(() => each.events.length >= Number(total?.n));
    each.cut();
  }
  expect(a.events.map(({ id }) => id)).toEqual(b.events.map(({ id }) => id));
  for (const { person } of people) {
    const positions = a.events
      .filter(({ identityId }) => identityId === person.id)
      .map(({ position }) => Number(position));
    expect(positions).toEqual([1, 2, 3]);
  }
});

it("a reader that takes nothing holds nothing: it is sent no more than the connection takes", async () => {
  const { person } = await enterAsNewPerson(nativeRest, server);
  const seen = await watch(grpc(server), { identityId: person.id });
  for (let n = 0; n < 3; n++) await enterAs(nativeRest, server, person);
  await sleep(500);
  expect(seen.events).toEqual([]);
  await seen.until(() => seen.events.length === 3);
  seen.cut();
});

it("a token whose events were purged is told to be too old", async () => {
  const { cut, token } = await watch(grpc(server), { fromStart: true });
  cut();
  await server.sql("UPDATE event_stream SET purged = last WHERE id = 1");
  expect(await reasonOf(grpc(server), { resumeToken: token })).toBe("RESUME_TOKEN_EXPIRED");
});

it("where events are not streamed, whoever watches is told so", async () => {
  await server.restart();
  expect(await reasonOf(grpc(server), {})).toBe("STREAM_DISABLED");
  await server.restart(overrides);
});
