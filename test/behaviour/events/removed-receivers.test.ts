import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, type MockInstance, vi } from "vitest";
import { EventAdminService } from "../../../gen/ostiary/events/v1/event_admin_service_pb.ts";
import { commands } from "../../../src/cli/commands.ts";
import { runCommandLine } from "../../../src/cli/run.ts";
import { ConfigError } from "../../../src/config/config-error.ts";
import type { Raw } from "../../../src/config/tree.ts";
import { nativeRest } from "../../protocols/json-rest.ts";
import { done, operatorProtocols, operatorRest, reasonOf } from "../../protocols/operators.ts";
import { change, enterAsNewPerson, newPassword } from "../../protocols/person.ts";
import { accepted } from "../../protocols/protocol.ts";
import { type Receiver, startReceiver } from "../../protocols/receiver.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* Receivers of events that the configuration has no more: what waits for them is listed and dropped. */

const rpc = EventAdminService.method;
const secrets = [`whsec_${Buffer.alloc(32, 7).toString("base64")}`];
let server: TestServer;
let receiver: Receiver;
const receiverNamed = (name: string, retry = ["1h"]) => ({
  name,
  url: `${receiver.url}/${name}`,
  secrets,
  types: ["password.changed"],
  retry,
});
const configured = (...names: readonly string[]): Raw => ({
  events: { receivers: names.map((name) => receiverNamed(name, name === "picky" ? ["10ms"] : ["1h"])) },
});
const names = ["crm", "picky", "wanting"] as const;
/** Who has an event that waits for one receiver and was set aside of another one, by the protocol that looks at it. */
const people = new Map<string, string>();
beforeAll(async () => {
  receiver = await startReceiver();
  receiver.answer = ({ path }, response) => {
    response.writeHead(path === "/ended" ? 410 : path === "/crm" ? 204 : 500).end();
  };
  server = await startServer({ overrides: configured(...names) });
  for (const { name } of [...operatorProtocols, { name: "the command line" }]) people.set(name, await newPasswordOf());
  const until = (count: number, name: string, parked = false) =>
    vi.waitUntil(async () => (await listOf(name, parked)).length === count, { timeout: 20_000 });
  await until(people.size, "picky", true);
  await until(people.size, "wanting");
  await until(0, "crm");
  await server.restart(configured("crm", "beta"));
});
afterAll(async () => {
  await server?.stop();
  await receiver?.close();
});

interface Listed {
  readonly id: string;
  readonly event: { readonly identity_id: string };
}
const listOf = async (name: string, parked = false, more: JsonObject = {}): Promise<readonly Listed[]> => {
  const request = { receiver: name, parked, ...more };
  return done(await operatorRest.call(server.adminUrl, rpc.listDeliveries, request)).deliveries as unknown as Listed[];
};
const newPasswordOf = async (): Promise<string> => {
  const { visitor, person } = await enterAsNewPerson(nativeRest, server);
  accepted(await change(visitor, { method: "password", password: newPassword() }));
  return person.id;
};

describe.each(operatorProtocols)("through $name", ({ call, name }) => {
  const receivers = async (more: JsonObject = {}) => done(await call(server.adminUrl, rpc.listReceivers, more));
  // Numbers of 64 bits are texts in the JSON of the protos.
  const countsOf = async () =>
    ((await receivers()).receivers as JsonObject[]).map(({ name, waiting, parked }) => [
      name,
      Number(waiting),
      Number(parked),
    ]);

  it("what waits or was set aside is listed and dropped by the name that the receiver had", async () => {
    expect((await receivers()).receivers).toMatchObject([
      { name: "beta", configured: true, ended: false },
      { name: "crm", configured: true, ended: false },
      { name: "picky", configured: false, ended: false },
      { name: "wanting", configured: false, ended: false },
    ]);
    const before = await countsOf();
    const left = before[2]?.[2] as number;
    expect(before).toEqual([
      ["beta", 0, 0],
      ["crm", 0, 0],
      ["picky", 0, left],
      ["wanting", left, 0],
    ]);
    for (const [receiver, parked] of [
      ["picky", true],
      ["wanting", false],
    ] as const) {
      const answer = done(await call(server.adminUrl, rpc.listDeliveries, { receiver, parked, page_size: 500 }));
      const listed = answer.deliveries as unknown as Listed[];
      expect(listed).toHaveLength(left);
      const own = listed.find(({ event }) => event.identity_id === people.get(name));
      const drop = { receiver, ids: [own?.id ?? ""] };
      expect(done(await call(server.adminUrl, rpc.dropDeliveries, drop))).toEqual({ dropped: 1 });
    }
    expect((await countsOf()).slice(2)).toEqual([
      ["picky", 0, left - 1],
      ["wanting", left - 1, 0],
    ]);
    const replay = await call(server.adminUrl, rpc.replayEvents, { receiver: "picky", parked: true });
    expect(reasonOf(replay)).toBe("INVALID_FIELD");
  });

  it("receivers have pages, in the order of their names", async () => {
    const seen: string[] = [];
    for (let page_token = ""; ; ) {
      const page = await receivers({ page_size: 1, page_token });
      seen.push(...(page.receivers as { name: string }[]).map(({ name }) => name));
      page_token = String(page.next_page_token ?? "");
      if (page_token === "") break;
    }
    expect(seen).toEqual(["beta", "crm", "picky", "wanting"]);
    expect(reasonOf(await call(server.adminUrl, rpc.listReceivers, { page_token: "x" }))).toBe("INVALID_FIELD");
  });
});

describe("ostiary receivers list", () => {
  let said: string[] = [];
  let spies: readonly MockInstance[] = [];
  beforeEach(() => {
    said = [];
    const hear = (text: unknown) => void said.push(String(text));
    spies = [vi.spyOn(console, "log").mockImplementation(hear), vi.spyOn(console, "error").mockImplementation(hear)];
  });
  afterEach(() => {
    for (const spy of spies) spy.mockRestore();
    process.exitCode = undefined;
  });
  const run = async (...args: readonly string[]): Promise<string> => {
    said = [];
    await runCommandLine([...args, "--admin-url", server.adminUrl], commands);
    return said.join("\n");
  };

  it("shows what each gets; deliveries of one that was removed are dropped, and then it is gone", async () => {
    const table = (await run("receivers", "list")).split("\n");
    expect(table[0]).toMatch(/^NAME +STATE +WAITING +PARKED +UNQUEUED$/);
    expect(table.slice(1)).toEqual([
      expect.stringMatching(/^beta +configured +0 +0 +0$/),
      expect.stringMatching(/^crm +configured +0 +0 +0$/),
      expect.stringMatching(/^picky +not configured +0 +\d+ +0$/),
      expect.stringMatching(/^wanting +not configured +\d+ +0 +0$/),
    ]);
    const lines = (await run("receivers", "list", "--json")).split("\n");
    expect(JSON.parse(lines[2] ?? "")).toMatchObject({ name: "picky", parked: expect.stringMatching(/^\d+$/) });
    expect((await run("receivers", "list", "--limit", "1")).split("\n")).toHaveLength(2);
    const listed = (await run("deliveries", "list", "--receiver", "picky", "--parked", "--json")).split("\n");
    const ids = listed.map((line) => (JSON.parse(line) as Listed).id);
    expect(await run("deliveries", "drop", "--receiver", "picky", ...ids)).toBe(`${ids.length} dropped`);
    expect(await run("deliveries", "list", "--receiver", "picky")).toContain("nor are there deliveries");
    expect(await run("receivers", "list")).not.toContain("picky");
  });
});

it("a receiver that answered 410 is listed as one that ended its subscription", async () => {
  await server.restart(configured("crm", "ended"));
  const { visitor } = await enterAsNewPerson(nativeRest, server);
  accepted(await change(visitor, { method: "password", password: newPassword() }));
  const ended = async () => done(await operatorRest.call(server.adminUrl, rpc.listReceivers, {})).receivers;
  await expect
    .poll(ended, { timeout: 10_000 })
    .toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: "crm", ended: false }),
        expect.objectContaining({ name: "ended", configured: true, ended: true }),
      ]),
    );
});

it("no receiver has the name of what the server queues itself", async () => {
  await expect(startServer({ overrides: configured("stream_places") })).rejects.toThrow(ConfigError);
});
