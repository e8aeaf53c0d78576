import type { ServerResponse } from "node:http";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { HookAdminService } from "../../gen/ostiary/hooks/v1/hook_admin_service_pb.ts";
import type { Raw } from "../../src/config/tree.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { done, operatorGrpc, operatorProtocols, operatorRest, reasonOf } from "../protocols/operators.ts";
import { change, enterAsNewPerson } from "../protocols/person.ts";
import { accepted } from "../protocols/protocol.ts";
import { program, type Receiver, startReceiver } from "../protocols/receiver.ts";
import { idBytes } from "../protocols/rows.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* Deliveries of web hooks that nobody waits for: operators list, replay and drop them; the rest is purged in time. */

const rpc = HookAdminService.method;

let receiver: Receiver;
let server: TestServer;
let other: TestServer;
beforeAll(async () => {
  receiver = await startReceiver();
  server = await startServer({ overrides: configured() });
  other = await startServer({ overrides: configured(), beside: server });
});
afterEach(() => receiver.reset());
afterAll(async () => {
  await other?.stop();
  await server?.stop();
  await receiver?.close();
});

const configured = (more: Raw = {}): Raw => ({
  ...more,
  selfservice: {
    flows: {
      settings: {
        after: {
          profile: {
            hooks: [
              {
                hook: "web_hook",
                config: {
                  id: "crm",
                  url: `${receiver.url}/hook?key=a-secret-of-the-url`,
                  method: "POST",
                  headers: { "X-Key": "a-secret-header" },
                  auth: { type: "basic_auth", config: { user: "u", password: "a-secret-password" } },
                  body: program("function(ctx) {identity: ctx.identity.id, name: ctx.identity.traits.name.first}"),
                  response: { ignore: true },
                },
              },
            ],
          },
        },
      },
    },
  },
});

/** Somebody who changes their name, again and again. */
const someone = async () => {
  const { visitor, person } = await enterAsNewPerson(nativeRest, server);
  const names = () =>
    receiver
      .bodies()
      .filter(({ identity }) => identity === person.id)
      .map(({ name }) => name);
  return {
    id: person.id,
    /** The names that the receiver was sent. */
    names,
    isSent: (...all: readonly string[]) => expect.poll(names, { timeout: 10_000 }).toEqual(all),
    rename: async (first: string) => {
      // What is older is told by its time.
      server.clock.advance(1_000);
      accepted(await change(visitor, { method: "profile", traits: { email: person.email, name: { first } } }));
    },
  };
};
/** Answers by the name that is sent; others 204. */
const answerBy = (answers: Readonly<Record<string, (response: ServerResponse) => void>>): void => {
  receiver.answer = ({ body }, response) => {
    const answer = answers[String(JSON.parse(body).name)];
    if (answer) answer(response);
    else response.writeHead(204).end();
  };
};
const refuse = (response: ServerResponse) => void response.writeHead(404).end();
const later = (response: ServerResponse) => void response.writeHead(503, { "retry-after": "3600" }).end();

interface Listed {
  readonly id: string;
  readonly identity_id: string;
  readonly attempts: number;
  readonly last_error: string;
}
const listedOf = async (identityId: string, parked: boolean, at = server): Promise<Listed[]> => {
  const answer = done(await operatorRest.call(at.adminUrl, rpc.listDeliveries, { parked, page_size: 500 }));
  return (answer.deliveries as unknown as Listed[]).filter(({ identity_id }) => identity_id === identityId);
};
const untilListed = async (identityId: string, parked: boolean, count = 1): Promise<Listed[]> => {
  await expect.poll(() => listedOf(identityId, parked), { timeout: 10_000 }).toHaveLength(count);
  return listedOf(identityId, parked);
};

describe.each(operatorProtocols)("through $name", ({ call }) => {
  it("what was set aside is listed without anything that is sent, and tried again by its id", async () => {
    answerBy({ "a-secret-name": refuse });
    const { id, isSent, rename } = await someone();
    await rename("a-secret-name");
    await untilListed(id, true);
    const listed = done(await call(server.adminUrl, rpc.listDeliveries, { parked: true, page_size: 500 }));
    const [delivery] = (listed.deliveries as unknown as Listed[]).filter(({ identity_id }) => identity_id === id);
    expect(delivery).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      hook_id: "crm",
      url: `${receiver.url}/hook`,
      identity_id: id,
      attempts: 1,
      last_error: "the receiver answered 404",
      created_at: expect.stringMatching(/Z$/),
      parked_at: expect.stringMatching(/Z$/),
    });
    expect(JSON.stringify(listed)).not.toContain("a-secret");
    receiver.answer = undefined;
    const replay = { ids: [delivery?.id ?? ""] };
    expect(done(await call(server.adminUrl, rpc.replayDeliveries, replay))).toMatchObject({ queued: 1 });
    await isSent("a-secret-name", "a-secret-name");
    expect(new Set(receiver.received.map(({ headers }) => headers["ory-webhook-trigger-id"])).size).toBe(1);
    await untilListed(id, true, 0);
    await expect.poll(async () => done(await call(server.adminUrl, rpc.replayDeliveries, replay)).queued).toBe(0);
  });

  it("what was set aside is dropped by its id, once", async () => {
    answerBy({ Ada: refuse });
    const { id, names, rename } = await someone();
    await rename("Ada");
    const ids = (await untilListed(id, true)).map((one) => one.id);
    expect(done(await call(server.adminUrl, rpc.dropDeliveries, { ids }))).toEqual({ dropped: 1 });
    expect(await listedOf(id, true)).toEqual([]);
    expect(done(await call(server.adminUrl, rpc.dropDeliveries, { ids }))).toEqual({ dropped: 0 });
    expect(names()).toEqual(["Ada"]);
    expect(server.logged.join("\n")).toContain("an operator dropped deliveries of web hooks");
  });

  it("what is named wrongly is refused", async () => {
    const id = "01a21f2d-f9d2-7bc7-ad22-7a7bbb451698";
    for (const [method, request, field] of [
      [rpc.replayDeliveries, {}, "ids"],
      [rpc.replayDeliveries, { ids: [id], parked: true }, "ids"],
      [rpc.replayDeliveries, { ids: ["x"] }, "ids"],
      [rpc.replayDeliveries, { parked: true, page_token: "x" }, "page_token"],
      [rpc.dropDeliveries, {}, "ids"],
      [rpc.dropDeliveries, { ids: [id, "x"] }, "ids"],
      [rpc.listDeliveries, { page_token: "x" }, "page_token"],
    ] as const) {
      const answer = await call(server.adminUrl, method, request as never);
      expect([reasonOf(answer), !answer.ok && answer.field]).toEqual(["INVALID_FIELD", field]);
    }
  });
});

it("all that were set aside are tried again in one call, and listed a page at a time", async () => {
  answerBy({ Ada: refuse, Eve: refuse });
  const [ada, eve] = [await someone(), await someone()];
  await ada.rename("Ada");
  await untilListed(ada.id, true);
  await eve.rename("Eve");
  await untilListed(eve.id, true);
  const seen: string[] = [];
  let token = "";
  do {
    const request = { parked: true, page_size: 1, page_token: token };
    const page = done(await operatorGrpc.call(other.adminUrl, rpc.listDeliveries, request));
    seen.push(...(page.deliveries as unknown as Listed[]).map(({ identity_id }) => identity_id));
    token = String(page.next_page_token);
  } while (token !== "");
  expect(seen.filter((id) => [ada.id, eve.id].includes(id))).toEqual([ada.id, eve.id]);
  receiver.answer = undefined;
  const answer = done(await operatorGrpc.call(other.adminUrl, rpc.replayDeliveries, { parked: true }));
  expect(answer).toEqual({ queued: seen.length, next_page_token: "" });
  await ada.isSent("Ada", "Ada");
  await eve.isSent("Eve", "Eve");
});

describe("a delivery that waits for its next attempt", () => {
  it("is tried at once when an operator says so", async () => {
    answerBy({ Ada: later });
    const { id, isSent, rename } = await someone();
    await rename("Ada");
    await expect.poll(async () => (await listedOf(id, false))[0]?.last_error).toBe("the receiver answered 503");
    receiver.answer = undefined;
    const ids = (await listedOf(id, false)).map((one) => one.id);
    expect(done(await operatorRest.call(other.adminUrl, rpc.replayDeliveries, { ids }))).toMatchObject({ queued: 1 });
    await isSent("Ada", "Ada");
    await untilListed(id, false, 0);
  });

  it("holds up the next one of the same person until it is dropped, on whichever node", async () => {
    answerBy({ Ada: later });
    const { id, isSent, rename } = await someone();
    await rename("Ada");
    await rename("Eve");
    await expect
      .poll(async () => (await listedOf(id, false, other)).map(({ attempts, last_error }) => [attempts, last_error]))
      .toEqual([
        [1, "the receiver answered 503"],
        [0, ""],
      ]);
    const [first] = await listedOf(id, false, other);
    const drop = { ids: [first?.id ?? ""] };
    expect(done(await operatorRest.call(other.adminUrl, rpc.dropDeliveries, drop))).toEqual({ dropped: 1 });
    await isSent("Ada", "Eve");
    await untilListed(id, false, 0);
  });

  it("is not tried again when it was dropped while it was under way, whatever its receiver answers", async () => {
    const open: ServerResponse[] = [];
    answerBy({ Ada: (response) => void open.push(response) });
    const { id, isSent, rename } = await someone();
    await rename("Ada");
    await isSent("Ada");
    const ids = (await listedOf(id, false)).map((one) => one.id);
    for (const { adminUrl } of [server, other]) done(await operatorRest.call(adminUrl, rpc.dropDeliveries, { ids }));
    await rename("Eve");
    await isSent("Ada", "Eve");
    for (const response of open) response.writeHead(503, { "retry-after": "0" }).end();
    await rename("Joan");
    await isSent("Ada", "Eve", "Joan");
    await untilListed(id, false, 0);
    expect(await listedOf(id, true)).toEqual([]);
  });
});

it("what was set aside is purged when it is as old as the configuration says, of whatever kind it is", async () => {
  await server.restart(configured({ database: { cleanup: { parked_jobs_older_than: "1h" } } }));
  answerBy({ Ada: refuse, Eve: later });
  const [old, young, waiting] = [await someone(), await someone(), await someone()];
  await old.rename("Ada");
  await young.rename("Ada");
  await waiting.rename("Eve");
  await untilListed(old.id, true);
  await untilListed(young.id, true);
  await expect.poll(async () => (await listedOf(waiting.id, false))[0]?.attempts).toBe(1);
  const age = "UPDATE jobs SET created_at = created_at - INTERVAL 2 HOUR, parked_at = parked_at - INTERVAL";
  await server.sql(`${age} 61 MINUTE WHERE identity_id = ?`, [idBytes(old.id)]);
  await server.sql(`${age} 50 MINUTE WHERE identity_id = ?`, [idBytes(young.id)]);
  await server.sql(`${age} 0 MINUTE WHERE identity_id = ?`, [idBytes(waiting.id)]);
  await server.sql(
    `INSERT INTO jobs (id, kind, position, payload, attempts, run_at, parked_at, created_at)
     VALUES (UNHEX(LEFT(SHA2('gone', 256), 32)), 'event_gone', 0, '', 9, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) - INTERVAL 2
     HOUR, UTC_TIMESTAMP(3))`,
  );
  const left = async () => {
    await server.sql("UPDATE jobs SET run_at = UTC_TIMESTAMP(3) WHERE kind = 'purge' AND owner IS NULL");
    return server.sql("SELECT kind FROM jobs WHERE kind = 'event_gone' OR identity_id = ?", [idBytes(old.id)]);
  };
  await expect.poll(left, { timeout: 10_000 }).toEqual([]);
  expect(await listedOf(young.id, true)).toHaveLength(1);
  expect(await listedOf(waiting.id, false)).toHaveLength(1);
});
