import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EventAdminService } from "../../../gen/ostiary/events/v1/event_admin_service_pb.ts";
import { nativeRest } from "../../protocols/json-rest.ts";
import { done, operatorProtocols } from "../../protocols/operators.ts";
import { enterAsNewPerson } from "../../protocols/person.ts";
import { type Receiver, startReceiver } from "../../protocols/receiver.ts";
import { idBytes } from "../../protocols/rows.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* Events whose deliveries cannot be queued, as operators see them. */

const rpc = EventAdminService.method;
let receiver: Receiver;
let server: TestServer;
beforeAll(async () => {
  receiver = await startReceiver();
  server = await startServer({
    overrides: {
      events: {
        receivers: [
          {
            name: "crm",
            url: receiver.url,
            secrets: [`whsec_${Buffer.alloc(32, 7).toString("base64")}`],
            types: ["deletion.*"],
          },
        ],
      },
    },
  });
});
afterAll(async () => {
  await server?.stop();
  await receiver?.close();
});

describe.each(operatorProtocols)("through $name", ({ call }) => {
  const receivers = async () =>
    (done(await call(server.adminUrl, rpc.listReceivers, {})).receivers as JsonObject[]).map(
      ({ name, waiting, parked, unqueued }) => [name, Number(waiting), Number(parked), Number(unqueued)],
    );
  const setAside = async () => {
    const text = await (await fetch(`${server.adminUrl}/metrics/prometheus`)).text();
    return /^ostiary_relay_set_aside\{source="events"\} (\d+)$/m.exec(text)?.[1];
  };

  it("they are counted by receiver, and delivered after what was wrong is mended and they are replayed", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const markedFor = (names: string) =>
      server.sql(
        "UPDATE security_events SET receivers = ?, relay = COALESCE(relay, 1) WHERE identity_id = ? AND position = 1",
        [names, idBytes(person.id)],
      );
    await markedFor(`crm,${"x".repeat(200)}`);
    await expect.poll(receivers, { timeout: 10_000 }).toContainEqual(["crm", 0, 0, 1]);
    expect(await setAside()).toBe("1");
    const log = server.logged.filter((line) => line.includes("it was set aside"));
    expect(log.filter((line) => line.includes(person.id))).toHaveLength(1);
    const replay = () => call(server.adminUrl, rpc.replayEvents, { receiver: "crm", parked: true });
    // As long as it is as it was, it is set aside again.
    expect(done(await replay())).toMatchObject({ queued: 1 });
    await expect.poll(receivers, { timeout: 10_000 }).toContainEqual(["crm", 0, 0, 1]);
    await markedFor("crm");
    expect(done(await replay())).toMatchObject({ queued: 1 });
    await expect
      .poll(() => receiver.received.filter(({ body }) => body.includes(person.id)).length, { timeout: 10_000 })
      .toBe(1);
    await expect.poll(receivers).toEqual([["crm", 0, 0, 0]]);
    expect(await setAside()).toBe("0");
  });
});
