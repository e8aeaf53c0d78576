import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { HookAdminService } from "../../gen/ostiary/hooks/v1/hook_admin_service_pb.ts";
import type { Raw } from "../../src/config/tree.ts";
import { hours, minutes } from "../protocols/clock.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { done, operatorRest } from "../protocols/operators.ts";
import { change, enterAsNewPerson } from "../protocols/person.ts";
import { accepted } from "../protocols/protocol.ts";
import { program, type Receiver, startReceiver } from "../protocols/receiver.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* While a configuration is rolled out, nodes without a hook leave its deliveries for those that have it. */

let receiver: Receiver;
let server: TestServer;
let other: TestServer | undefined;
beforeAll(async () => {
  receiver = await startReceiver();
  server = await startServer();
});
afterEach(async () => {
  await other?.stop();
  other = undefined;
  receiver.reset();
});
afterAll(async () => {
  await server?.stop();
  await receiver?.close();
});

const withHook = (): Raw => {
  const config = {
    id: "crm",
    url: `${receiver.url}/hook`,
    method: "POST",
    body: program("function(ctx) {identity: ctx.identity.id}"),
    response: { ignore: true },
  };
  return { selfservice: { flows: { settings: { after: { profile: { hooks: [{ hook: "web_hook", config }] } } } } } };
};

interface Listed {
  readonly identity_id: string;
  readonly attempts: number;
  readonly last_error: string;
}
const listed = async (id: string, parked: boolean): Promise<Listed[]> => {
  const { listDeliveries } = HookAdminService.method;
  const answer = done(await operatorRest.call(server.adminUrl, listDeliveries, { parked, page_size: 500 }));
  return (answer.deliveries as unknown as Listed[]).filter(({ identity_id }) => identity_id === id);
};
const dueNow = () => server.sql("UPDATE jobs SET run_at = UTC_TIMESTAMP(3) WHERE kind = 'web_hook' AND owner IS NULL");

/** Somebody whose change is to be told, after one attempt that failed: all nodes are without the hook by now. */
const untold = async (): Promise<string> => {
  await server.restart(withHook());
  receiver.answer = (_, response) => void response.writeHead(503).end();
  const { visitor, person } = await enterAsNewPerson(nativeRest, server);
  accepted(await change(visitor, { method: "profile", traits: { email: person.email, name: { first: "Ada" } } }));
  await expect.poll(() => listed(person.id, false), { timeout: 10_000 }).toMatchObject([{ attempts: 1 }]);
  await expect
    .poll(async () => (await listed(person.id, false))[0]?.last_error, { timeout: 10_000 })
    .toBe("the receiver answered 503");
  await server.restart();
  receiver.reset();
  await dueNow();
  await expect
    .poll(async () => (await listed(person.id, false))[0], { timeout: 10_000 })
    .toMatchObject({ attempts: 1, last_error: "the configuration does not have this hook as it was queued" });
  return person.id;
};

it("a delivery waits for a node that has its hook, and loses no attempt", async () => {
  const id = await untold();
  // Whoever has the hook may come late.
  server.clock.advance(minutes(59));
  await dueNow();
  other = await startServer({ overrides: withHook(), beside: server });
  await expect.poll(() => receiver.bodies(), { timeout: 15_000 }).toEqual([{ identity: id }]);
  await expect.poll(() => listed(id, false), { timeout: 10_000 }).toEqual([]);
  expect(await listed(id, true)).toEqual([]);
});

it("a delivery that a node has had no hook for during an hour is set aside, and can be tried again", async () => {
  const id = await untold();
  server.clock.advance(hours(1));
  await dueNow();
  await expect
    .poll(() => listed(id, true), { timeout: 10_000 })
    .toMatchObject([{ last_error: "the configuration does not have this hook as it was queued" }]);
  other = await startServer({ overrides: withHook(), beside: server });
  done(await operatorRest.call(server.adminUrl, HookAdminService.method.replayDeliveries, { parked: true }));
  await expect.poll(() => receiver.bodies(), { timeout: 15_000 }).toEqual([{ identity: id }]);
});
