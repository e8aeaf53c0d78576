import { generateKeyPairSync, randomBytes, verify } from "node:crypto";
import type { ServerResponse } from "node:http";
import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { EventAdminService } from "../../../gen/ostiary/events/v1/event_admin_service_pb.ts";
import { freePort } from "../../protocols/free-port.ts";
import { nativeRest } from "../../protocols/json-rest.ts";
import { done, operatorProtocols, operatorRest, reasonOf } from "../../protocols/operators.ts";
import { change, enterAs, enterAsNewPerson, newPassword } from "../../protocols/person.ts";
import { accepted } from "../../protocols/protocol.ts";
import { type Received, type Receiver, startReceiver } from "../../protocols/receiver.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* Receivers of events: what they get, signed by Standard Webhooks, and what happens when they fail. */

const rpc = EventAdminService.method;
const newSecret = () => `whsec_${randomBytes(32).toString("base64")}`;
const [older, newer] = [newSecret(), newSecret()];
const pair = generateKeyPairSync("ed25519");
const seed = pair.privateKey.export({ format: "der", type: "pkcs8" }).subarray(-32);

let receiver: Receiver;
let server: TestServer;
beforeAll(async () => {
  receiver = await startReceiver();
  const down = `http://127.0.0.1:${await freePort()}/`;
  const to = (path: string, more = {}) => ({
    url: `${receiver.url}/${path}`,
    secrets: [older],
    types: ["password.changed"],
    retry: ["20ms", "30ms"],
    ...more,
  });
  server = await startServer({
    overrides: {
      // What is tried again is looked for that often.
      courier: { worker: { pull_wait: "50ms" } },
      events: {
        receivers: [
          { name: "all", ...to("all", { secrets: [newer, older, `whsk_${seed.toString("base64")}`], types: ["*"] }) },
          { name: "clouds", ...to("clouds", { format: "cloudevents", headers: { "X-Api-Key": "k 1" } }) },
          { name: "failing", ...to("failing") },
          { name: "down", ...to("down", { url: down }) },
          { name: "patient", ...to("patient", { retry: ["1h"] }) },
          { name: "slow", ...to("slow", { retry: ["1h"] }) },
        ],
      },
    },
  });
  server.clock.advance(Date.now() - server.clock.now().getTime());
});
afterEach(() => receiver.reset());
afterAll(async () => {
  await server?.stop();
  await receiver?.close();
});

const at = (path: string, identityId: string): readonly Received[] =>
  receiver.received.filter((one) => one.path === `/${path}` && one.body.includes(identityId));
const until = (path: string, identityId: string, count: number) =>
  expect.poll(() => at(path, identityId).length, { timeout: 10_000 }).toBe(count);
const typesAt = (path: string, identityId: string) => at(path, identityId).map(({ body }) => JSON.parse(body).type);
const newPasswordOf = async (): Promise<string> => {
  const { visitor, person } = await enterAsNewPerson(nativeRest, server);
  accepted(await change(visitor, { method: "password", password: newPassword() }));
  return person.id;
};
const answerAt =
  (path: string, answer: (response: ServerResponse, received: Received) => void) =>
  (received: Received, response: ServerResponse): void => {
    if (received.path === `/${path}`) answer(response, received);
    else response.writeHead(204).end();
  };
const headersOf = ({ headers }: Received) => ({
  "webhook-id": String(headers["webhook-id"]),
  "webhook-timestamp": String(headers["webhook-timestamp"]),
  "webhook-signature": String(headers["webhook-signature"]),
});
interface Listed {
  readonly id: string;
  readonly event: { readonly identity_id: string; readonly id: string };
  readonly last_error: string;
}
const deliveries = async (name: string, identityId: string, isParked: boolean, node = server) => {
  const request = { receiver: name, parked: isParked, page_size: 500 };
  const answer = done(await operatorRest.call(node.adminUrl, rpc.listDeliveries, request));
  return (answer.deliveries as unknown as Listed[]).filter(({ event }) => event.identity_id === identityId);
};
const parked = (name: string, identityId: string, node = server) => deliveries(name, identityId, true, node);

const verified = (one: Received): unknown => new Webhook(older).verify(one.body, headersOf(one));
/** Does something as if it were so many seconds after 1970. */
const atTime = <T>(seconds: number, run: () => T): T => {
  vi.useFakeTimers({ toFake: ["Date"], now: seconds * 1000 });
  try {
    return run();
  } finally {
    vi.useRealTimers();
  }
};

/** Fails at the first event of somebody, always, and at no other. */
const expectSetAside = async (
  node: TestServer,
  fail: (response: ServerResponse) => unknown,
  why: string | RegExp,
): Promise<void> => {
  const { visitor, person } = await enterAsNewPerson(nativeRest, node);
  let poison = "";
  receiver.answer = answerAt("failing", (response, { body, headers }) => {
    const id = String(headers["webhook-id"]);
    // What others did before may still be on its way here.
    if (poison === "" && body.includes(person.id)) poison = id;
    if (poison === id) fail(response);
    else response.writeHead(200).end(body);
  });
  accepted(await change(visitor, { method: "password", password: newPassword() }));
  accepted(await change(visitor, { method: "password", password: newPassword() }));
  const ids = () => [...new Set(at("failing", person.id).map(({ headers }) => headers["webhook-id"]))];
  await expect.poll(ids, { timeout: 15_000 }).toHaveLength(2);
  expect(at("failing", person.id).length).toBeGreaterThanOrEqual(4);
  const [delivery, ...more] = await parked("failing", person.id, node);
  expect(more).toEqual([]);
  expect([delivery?.event.id, delivery?.last_error]).toEqual([ids()[0], expect.stringMatching(why)]);
  expect(receiver.received.some(({ path }) => path === "/x")).toBe(false);
};

describe("a receiver", () => {
  it("gets every event of a person in their order, signed with each of its secrets", async () => {
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    const other = await enterAs(nativeRest, server, person);
    accepted(
      await change(visitor, { method: "profile", traits: { email: person.email, website: "https://a.example" } }),
    );
    accepted(await change(visitor, { method: "password", password: newPassword() }));
    accepted(await other.signOut());
    await until("all", person.id, 5);
    expect(typesAt("all", person.id)).toEqual([
      "registration.succeeded",
      "login.succeeded",
      "profile.changed",
      "password.changed",
      "session.ended",
    ]);
    const all = at("all", person.id);
    for (const [index, one] of all.entries()) {
      for (const secret of [older, newer])
        expect(new Webhook(secret).verify(one.body, headersOf(one))).toMatchObject({ identity_id: person.id });
      const { "webhook-id": id, "webhook-timestamp": seconds, "webhook-signature": signatures } = headersOf(one);
      const v1a =
        signatures
          .split(" ")
          .find((signature) => signature.startsWith("v1a,"))
          ?.slice(4) ?? "";
      const content = Buffer.from(`${id}.${seconds}.${one.body}`);
      expect(verify(null, content, pair.publicKey, Buffer.from(v1a, "base64"))).toBe(true);
      expect(JSON.parse(one.body)).toMatchObject({ id, position: index + 1, schema_version: 1, outcome: "done" });
    }
    expect(JSON.stringify(all)).not.toContain(person.email);
  });

  it("that altered a body, or knows another secret, finds no signature that fits", async () => {
    const id = await newPasswordOf();
    await until("clouds", id, 1);
    const [one] = at("clouds", id) as [Received];
    expect(() => new Webhook(older).verify(`${one.body} `, headersOf(one))).toThrow();
    expect(() => new Webhook(newSecret()).verify(one.body, headersOf(one))).toThrow();
    const past = { ...headersOf(one), "webhook-timestamp": String(Number(one.headers["webhook-timestamp"]) - 600) };
    expect(() => new Webhook(older).verify(one.body, past)).toThrow();
  });

  it("that asks for it gets the envelope of CloudEvents, and its own headers", async () => {
    const id = await newPasswordOf();
    await until("clouds", id, 1);
    const [{ body, headers }] = at("clouds", id) as [Received];
    expect(headers).toMatchObject({
      "content-type": "application/cloudevents+json; charset=utf-8",
      "x-api-key": "k 1",
    });
    expect(JSON.parse(body)).toMatchObject({
      specversion: "1.0",
      id: headers["webhook-id"],
      source: server.url,
      type: "ostiary.events.v1.password.changed",
      subject: id,
      time: expect.stringMatching(/Z$/),
      data: { type: "password.changed", identity_id: id },
    });
  });

  it.each([
    ["answers 400", (response: ServerResponse) => response.writeHead(400).end(), "the receiver answered 400"],
    ["answers 500", (response: ServerResponse) => response.writeHead(500).end(), "the receiver answered 500"],
    [
      "redirects",
      (r: ServerResponse) => r.writeHead(307, { location: `${receiver.url}/x` }).end(),
      "the receiver answered 307",
    ],
    ["hangs up", (response: ServerResponse) => response.destroy(), /./],
    [
      "answers more than it may",
      (r: ServerResponse) => r.end(Buffer.alloc(100_000)),
      "the answer is larger than 65536 bytes",
    ],
  ])(
    "that %s is asked again on its schedule, then the delivery is set aside and those after it go on",
    (_, fail, why) => expectSetAside(server, fail, why),
  );

  it("that takes too long is asked again as well", async () => {
    const impatient = await startServer({
      overrides: {
        courier: { worker: { pull_wait: "50ms" } },
        events: {
          delivery: { timeout: "200ms" },
          receivers: [
            {
              name: "failing",
              url: `${receiver.url}/failing`,
              secrets: [older],
              types: ["password.changed"],
              retry: ["20ms", "30ms"],
            },
          ],
        },
      },
    });
    try {
      await expectSetAside(impatient, () => undefined, "no answer within 200 ms");
    } finally {
      await impatient.stop();
    }
  });

  it("that refuses one event of a person gets what follows in order, and nothing of others late or twice", async () => {
    const people = [await enterAsNewPerson(nativeRest, server), await enterAsNewPerson(nativeRest, server)] as const;
    const [poisoned, other] = [people[0].person.id, people[1].person.id];
    receiver.answer = answerAt("failing", (response, { body }) => {
      const { identity_id: id, position } = JSON.parse(body) as { identity_id: string; position: number };
      // The event before it and those behind it are fine.
      response.writeHead(id === poisoned && position === 3 ? 400 : 204).end();
    });
    for (let n = 0; n < 4; n++)
      for (const { visitor } of people)
        accepted(await change(visitor, { method: "password", password: newPassword() }));
    const positions = (id: string) => at("failing", id).map(({ body }) => JSON.parse(body).position as number);
    await expect.poll(() => positions(poisoned), { timeout: 15_000 }).toEqual([2, 3, 3, 3, 4, 5]);
    await expect.poll(() => positions(other), { timeout: 15_000 }).toEqual([2, 3, 4, 5]);
    expect(await parked("failing", poisoned)).toMatchObject([
      {
        event: { position: expect.toSatisfy((position) => Number(position) === 3) },
        last_error: "the receiver answered 400",
      },
    ]);
    expect(await parked("failing", other)).toEqual([]);
  });

  it("gets each attempt signed anew, at the time of that attempt", async () => {
    let first = "";
    receiver.answer = answerAt("failing", (response, { headers }) => {
      if (first !== "") return void response.writeHead(204).end();
      first = String(headers["webhook-timestamp"]);
      server.clock.advance(90_000);
      response.writeHead(500).end();
    });
    const id = await newPasswordOf();
    await until("failing", id, 2);
    const [before, after] = at("failing", id) as [Received, Received];
    expect(after.headers["webhook-id"]).toBe(before.headers["webhook-id"]);
    expect(Number(after.headers["webhook-timestamp"]) - Number(first)).toBe(90);
    for (const one of [before, after])
      expect(atTime(Number(one.headers["webhook-timestamp"]), () => verified(one))).toMatchObject({ identity_id: id });
  });

  it.each([
    ["as little as four minutes fast", 240, undefined],
    ["as little as four minutes slow", -240, undefined],
    ["six minutes fast", 360, /too old/],
    ["six minutes slow", -360, /too new/],
  ])("whose clock is %s verifies or refuses by it", async (_, skew, refusal) => {
    const id = await newPasswordOf();
    await until("clouds", id, 1);
    const [one] = at("clouds", id) as [Received];
    // The time of the attempt, not of anything before it.
    expect(Math.abs(Number(one.headers["webhook-timestamp"]) - server.clock.now().getTime() / 1000)).toBeLessThan(2);
    const verify = () => atTime(Number(one.headers["webhook-timestamp"]) + skew, () => verified(one));
    if (refusal === undefined) expect(verify()).toMatchObject({ subject: id });
    else expect(verify).toThrow(refusal);
  });

  it("that is down keeps no other from hearing", async () => {
    const id = await newPasswordOf();
    await until("all", id, 2);
    await expect.poll(() => parked("down", id)).toHaveLength(1);
  });

  it("that is busy is asked again when it says", async () => {
    let first = 0;
    receiver.answer = answerAt("failing", (response) => {
      if (first !== 0) return void response.writeHead(200).end();
      first = performance.now();
      response.writeHead(429, { "retry-after": "1" }).end();
    });
    const id = await newPasswordOf();
    await until("failing", id, 2);
    expect(performance.now() - first).toBeGreaterThan(990);
  });
});

describe("a receiver that answers 410", () => {
  const gone = answerAt("patient", (response) => response.writeHead(410).end());
  const sees = () => receiver.received.filter(({ path }) => path === "/patient").length;

  it("gets no more until an operator replays what it missed, or a restart", async () => {
    receiver.answer = gone;
    const from = new Date(server.clock.now().getTime() - 1_000).toISOString();
    const first = await newPasswordOf();
    await until("patient", first, 1);
    receiver.answer = undefined;
    const second = await newPasswordOf();
    await until("all", second, 2);
    expect([at("patient", second).length, await parked("patient", second)]).toEqual([0, []]);
    const answer = await operatorRest.call(server.adminUrl, rpc.replayEvents, {
      receiver: "patient",
      identity_id: second,
      from,
    });
    expect(done(answer)).toMatchObject({ queued: 1 });
    await until("patient", second, 1);

    receiver.answer = gone;
    await until("patient", await newPasswordOf(), 1);
    const before = sees();
    receiver.answer = undefined;
    await newPasswordOf();
    expect(sees()).toBe(before);
  });
});

describe.each(operatorProtocols)("through $name", ({ call }) => {
  it("events are delivered again by their ids, and those that were set aside as well", async () => {
    receiver.answer = answerAt("failing", (response) => response.writeHead(500).end());
    const id = await newPasswordOf();
    await until("failing", id, 3);
    await expect.poll(() => parked("failing", id)).toHaveLength(1);
    receiver.answer = undefined;
    const [{ event } = { event: { id: "" } }] = await parked("failing", id);
    done(await call(server.adminUrl, rpc.replayEvents, { receiver: "failing", parked: true }));
    await until("failing", id, 4);
    const byId = { receiver: "failing", identity_id: id, ids: [event.id] };
    expect(done(await call(server.adminUrl, rpc.replayEvents, byId))).toMatchObject({ queued: 1 });
    await until("failing", id, 5);
    expect(new Set(at("failing", id).map(({ headers }) => headers["webhook-id"]))).toEqual(new Set([event.id]));
  });

  it("a delivery that was set aside is tried again by its own id", async () => {
    receiver.answer = answerAt("failing", (response) => response.writeHead(500).end());
    const id = await newPasswordOf();
    await expect.poll(() => parked("failing", id), { timeout: 10_000 }).toHaveLength(1);
    receiver.answer = undefined;
    const [{ id: delivery } = { id: "" }] = await parked("failing", id);
    const byDelivery = { receiver: "failing", delivery_ids: [delivery] };
    expect(done(await call(server.adminUrl, rpc.replayEvents, byDelivery))).toMatchObject({ queued: 1 });
    await until("failing", id, 4);
    await expect.poll(() => parked("failing", id)).toEqual([]);
  });

  it("a delivery that is dropped is not tried again, and the next one of the same person goes on", async () => {
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    let first: string | undefined;
    receiver.answer = answerAt("slow", (response, { body, headers }) => {
      if (body.includes(person.id)) first ??= String(headers["webhook-id"]);
      response.writeHead(headers["webhook-id"] === first ? 500 : 204).end();
    });
    accepted(await change(visitor, { method: "password", password: newPassword() }));
    // What is older is told by its time.
    server.clock.advance(1_000);
    accepted(await change(visitor, { method: "password", password: newPassword() }));
    const errors = async () => (await deliveries("slow", person.id, false)).map(({ last_error }) => last_error);
    await expect.poll(errors, { timeout: 10_000 }).toEqual([expect.stringMatching(/500/), ""]);
    const [failed, waiting] = await deliveries("slow", person.id, false);
    expect([failed?.event.id, waiting?.last_error]).toEqual([first, ""]);
    const drop = { receiver: "slow", ids: [failed?.id ?? ""] };
    expect(done(await call(server.adminUrl, rpc.dropDeliveries, drop))).toEqual({ dropped: 1 });
    await until("slow", person.id, 2);
    await expect.poll(() => deliveries("slow", person.id, false)).toEqual([]);
    expect(done(await call(server.adminUrl, rpc.dropDeliveries, drop))).toEqual({ dropped: 0 });
    const log = done(await call(server.adminUrl, rpc.listEvents, { identity_id: person.id }));
    expect(JSON.stringify(log)).toContain(first);
  });

  it("what is named wrongly is refused", async () => {
    const replay = (request: object) => call(server.adminUrl, rpc.replayEvents, request as never);
    for (const request of [
      { receiver: "nobody", parked: true },
      { receiver: "all" },
      { receiver: "all", ids: ["x"] },
      { receiver: "all", parked: true, from: "2026-01-01T00:00:00Z" },
      { receiver: "all", parked: true, delivery_ids: ["01a21f2d-f9d2-7bc7-ad22-7a7bbb451698"] },
      { receiver: "all", parked: true, page_token: "x" },
      { receiver: "all", delivery_ids: ["x"] },
    ])
      expect(reasonOf(await replay(request))).toBe("INVALID_FIELD");
    expect(reasonOf(await call(server.adminUrl, rpc.listDeliveries, { receiver: "nobody" }))).toBe("INVALID_FIELD");
    for (const request of [
      { receiver: "nobody", ids: ["01a21f2d-f9d2-7bc7-ad22-7a7bbb451698"] },
      { receiver: "all", ids: ["x"] },
      { receiver: "all" },
    ])
      expect(reasonOf(await call(server.adminUrl, rpc.dropDeliveries, request))).toBe("INVALID_FIELD");
  });
});
