import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { send } from "../protocols/http.ts";
import { enterAs, enterAsNewPerson, newPassword } from "../protocols/person.ts";
import { accepted } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { startServer, type TestServer } from "../protocols/server.ts";
import { openWay, placeOf, type Way } from "../setup/way.ts";

/* A server whose dsn names two hosts, one of which dies and comes back. */

let server: TestServer;
let one: Way;
let two: Way;

beforeAll(async () => {
  server = await startServer();
  const socket = placeOf(server.database.dsn);
  [one, two] = [await openWay(socket), await openWay(socket)];
  const addresses = [one, two].map(({ port }) => `tcp(127.0.0.1:${port})`).join(",");
  await server.restart({ dsn: `mysql://root@${addresses}/${server.database.name}` });
});

beforeEach(() => {
  one.mend();
  two.mend();
});

afterAll(async () => {
  await server?.stop();
  for (const way of [one, two]) way?.close();
});

it.each(protocols)(
  "people of $name notice nothing when a database dies, and when it is back and the other dies",
  async (protocol) => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const { traits } = accepted(await visitor.whoami());
    for (const [down, up] of [
      [one, two],
      [two, one],
    ] as const) {
      up.mend();
      down.cut();
      await sleep(20);
      expect(accepted(await visitor.whoami()).traits).toEqual(traits);
      const password = newPassword();
      const flow = accepted(await visitor.settings.create()).id;
      accepted(await visitor.settings.update(flow, { method: "password", password }));
      await enterAs(protocol, server, { ...person, password });
      expect(up.open()).toBeGreaterThan(0);
    }
    await expect.poll(async () => (await send(`${server.adminUrl}/health/ready`)).status, { timeout: 5_000 }).toBe(200);
  },
);

it("no read fails while a database dies, and a change is made, or not made, or said to be in doubt", async () => {
  const people = await Promise.all(protocols.map((protocol) => enterAsNewPerson(protocol, server)));
  const reading = people.map(async ({ visitor }) => {
    for (let n = 0; n < 20; n++) accepted(await visitor.whoami());
  });
  const changing = people.map(async ({ visitor }) => {
    const flow = accepted(await visitor.settings.create()).id;
    const answer = await visitor.settings.update(flow, { method: "password", password: newPassword() });
    return answer.ok ? "made" : answer.reason;
  });
  await sleep(30);
  one.cut();
  const [outcomes] = await Promise.all([Promise.all(changing), Promise.all(reading)]);
  for (const outcome of outcomes) expect(["made", "OUTCOME_UNKNOWN"]).toContain(outcome);
});
