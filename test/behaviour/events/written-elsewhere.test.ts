import { afterAll, beforeAll, expect, it } from "vitest";
import { nativeRest } from "../../protocols/json-rest.ts";
import { change, enterAsNewPerson, newPassword } from "../../protocols/person.ts";
import { accepted } from "../../protocols/protocol.ts";
import { type Receiver, startReceiver } from "../../protocols/receiver.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* Nodes of one database that have different configurations of events. */

let receiver: Receiver;
let writing: TestServer | undefined;
let delivering: TestServer | undefined;
beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(async () => {
  await delivering?.stop();
  await writing?.stop();
  await receiver?.close();
});

const eventsFor = (names: readonly string[], concurrency: number) => {
  const secrets = [`whsec_${Buffer.alloc(32, 3).toString("base64")}`];
  const receivers = names.map((name) => ({ name, url: `${receiver.url}/${name}`, secrets }));
  return { events: { delivery: { concurrency }, receivers } };
};

it("what a node writes that delivers nothing is delivered by others, to those who wanted it then", async () => {
  writing = await startServer({ overrides: eventsFor(["crm", "shop"], 0) });
  const { visitor, person } = await enterAsNewPerson(nativeRest, writing);
  accepted(await change(visitor, { method: "password", password: newPassword() }));
  const queued = "SELECT kind FROM jobs WHERE kind LIKE 'event\\_%' ORDER BY kind, position";
  const marked = "SELECT receivers FROM security_events WHERE identity_id = identity_id AND relay = 1";
  expect(await writing.sql(marked)).toEqual([{ receivers: "crm,shop" }, { receivers: "crm,shop" }]);
  expect([await writing.sql(queued), receiver.received]).toEqual([[], []]);

  delivering = await startServer({ beside: writing, overrides: eventsFor(["crm", "later"], 8) });
  await expect.poll(() => receiver.received.length, { timeout: 10_000 }).toBe(2);
  expect(receiver.received.map(({ path, body }) => [path, JSON.parse(body)])).toMatchObject([
    ["/crm", { type: "registration.succeeded", position: 1, identity_id: person.id }],
    ["/crm", { type: "password.changed", position: 2, identity_id: person.id }],
  ]);
  // What is for a receiver that this node does not know waits for one that does.
  expect(await delivering.sql(queued)).toEqual([{ kind: "event_shop" }, { kind: "event_shop" }]);
  expect(await delivering.sql(marked)).toEqual([]);
});
