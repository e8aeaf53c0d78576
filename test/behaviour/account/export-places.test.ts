import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { AccountAdminService } from "../../../gen/ostiary/account/v1/account_admin_service_pb.ts";
import { AccountService } from "../../../gen/ostiary/account/v1/account_service_pb.ts";
import { type Reading, readAll, type StreamReader, streamReaders } from "../../protocols/exports.ts";
import { nativeRest } from "../../protocols/json-rest.ts";
import { operatorGrpc, operatorProtocols, operatorRest, reasonOf } from "../../protocols/operators.ts";
import { enterAs, enterAsNewPerson, type Person } from "../../protocols/person.ts";
import type { Headers, Visitor } from "../../protocols/protocol.ts";
import { giveHistory } from "../../protocols/rows.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* Whoever has accounts exported, much or slowly, keeps nobody else from it. */

const { exportAccount, streamAccountExport } = AccountService.method;
const { exportIdentityAccount, streamIdentityAccountExport } = AccountAdminService.method;
/** More than what connections hold on their way. */
const much = [3_000, 3_000] as const;

let server: TestServer;
const people: Person[] = [];
beforeAll(async () => {
  const trusted = { trusted_proxies: ["127.0.0.1"] };
  server = await startServer({ overrides: { serve: { public: trusted, admin: trusted } } });
  for (let count = 0; count < 5; count++) {
    const { person } = await enterAsNewPerson(nativeRest, server);
    await giveHistory(server, person.id, ...much);
    people.push(person);
  }
});
afterAll(() => server?.stop());

let visitors: readonly Visitor[] = [];
beforeEach(async () => {
  visitors = await Promise.all(people.map((person) => enterAs(nativeRest, server, person)));
});

/** What one of the people presents, from a network. */
const headersOf = (who: number, network: number) => ({
  "x-session-token": visitors[who]?.credentials.token,
  "x-forwarded-for": `192.0.2.${network}`,
});
const openAs = ({ open }: StreamReader, who: number, network: number, more: Headers = {}): Reading =>
  open(server.url, streamAccountExport, {}, { ...headersOf(who, network), ...more });
const begin = async (reader: StreamReader, who: number, network: number, more?: Headers): Promise<Reading> => {
  const reading = openAs(reader, who, network, more);
  expect(await reading.next()).toMatchObject({ identity: { id: people[who]?.id } });
  return reading;
};
const [rest] = streamReaders;
if (rest === undefined) throw new Error("no reader");

/** Reads another one until it is let in. */
const waitForPlace = (who: number, network: number) =>
  vi.waitFor(async () => (await begin(rest, who, network)).leave(), { timeout: 5_000, interval: 50 });

it("what is refused is no file for a browser", async () => {
  const reading = await begin(rest, 0, 1);
  const { token } = visitors[0]?.credentials ?? {};
  const headers = { "x-session-token": token ?? "", "x-forwarded-for": "192.0.2.1" };
  const refused = await fetch(`${server.url}/account/export/stream`, { headers });
  expect([refused.status, refused.headers.get("content-disposition")]).toEqual([429, null]);
  await reading.leave();
  await waitForPlace(0, 1);
});

describe.each(streamReaders)("through $name", (reader) => {
  it("of a person one is read at a time, and of a network two", async () => {
    const readings = [await begin(reader, 0, 1)];
    await expect(openAs(reader, 0, 2).next()).rejects.toThrow("RATE_LIMITED");
    const id = people[0]?.id ?? "";
    const byOperator = reader.open(server.adminUrl, streamIdentityAccountExport, { id });
    await expect(byOperator.next()).rejects.toThrow("RATE_LIMITED");
    readings.push(await begin(reader, 1, 1));
    await expect(openAs(reader, 2, 1).next()).rejects.toThrow("RATE_LIMITED");
    readings.push(await begin(reader, 2, 2));
    for (const reading of readings) await reading.leave();
    for (const who of [0, 1, 2]) await waitForPlace(who, who);
  });

  it("whoever does not read is cut off, and whoever reads in time is not", async () => {
    // The line of one that was left before may come only now.
    const requestId = randomUUID();
    const ended = () => server.logged.filter((line) => line.includes(requestId));
    pass(0);
    const reading = await begin(reader, 0, 1, { "x-request-id": requestId });
    await waitUntilStill();
    pass(14_000);
    await new Promise((resolve) => setTimeout(resolve, 700));
    for (let parts = 0; parts < 3; parts++) expect(await reading.next()).toBeDefined();
    expect(ended()).toEqual([]);
    // Over HTTP/2 the listener, which sees bytes that wait, may be faster.
    await vi.waitFor(
      () => {
        // What was read makes room for more: the server may be about to send it, and waits for nobody meanwhile.
        pass(60_000);
        expect(ended()).toEqual([expect.stringMatching(/UNAVAILABLE|canceled/)]);
      },
      { timeout: 20_000, interval: 100 },
    );
    await expect(readAll(reading)).rejects.toThrow();
    visitors = await Promise.all(people.map((person) => enterAs(nativeRest, server, person)));
    await waitForPlace(0, 1);
  });
});

const now = performance.now.bind(performance);
let ahead = 0;
let slowSince: number | undefined;
/**
 * Lets milliseconds go by on the clock that nobody sets, which says how long the server waits for a reader. Until the
 * end of the test it is slow otherwise: what the machine takes is hardly counted.
 */
const pass = (milliseconds: number): void => {
  slowSince ??= now();
  ahead += milliseconds;
  vi.spyOn(performance, "now").mockImplementation(shown);
};
const shown = (): number => (slowSince === undefined ? now() : slowSince + (now() - slowSince) / 20) + ahead;
// It never goes back, for this file or another.
afterEach(() => {
  ahead = shown() - now();
  slowSince = undefined;
});

/** Waits until the server reads nothing any more, as its clients do not. */
const waitUntilStill = async (): Promise<void> => {
  for (let seen = -1; seen !== server.gate.statements.length; ) {
    seen = server.gate.statements.length;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
};

describe.each(operatorProtocols)("in one answer through $name", ({ call }) => {
  it("no other one of the same person is read, for its owner or an operator, and of a network two", async () => {
    const readings = [await begin(rest, 0, 1), await begin(rest, 1, 1)];
    const ask = (who: number, network: number) => call(server.url, exportAccount, {}, headersOf(who, network));
    expect(reasonOf(await ask(0, 2))).toBe("RATE_LIMITED");
    expect(reasonOf(await ask(2, 1))).toBe("RATE_LIMITED");
    const id = people[0]?.id ?? "";
    expect(reasonOf(await call(server.adminUrl, exportIdentityAccount, { id }))).toBe("RATE_LIMITED");
    for (const reading of readings) await reading.leave();
    for (const who of [0, 1]) await waitForPlace(who, 1);
  });
});

it("a few are read at once, and whoever hangs up makes room", async () => {
  const readings = await Promise.all([0, 1, 2, 3].map((who) => begin(rest, who, who)));
  await expect(openAs(rest, 4, 4).next()).rejects.toThrow("OVERLOADED");
  const answers = [operatorRest, operatorGrpc].map(({ call }) => call(server.url, exportAccount, {}, headersOf(4, 4)));
  expect((await Promise.all(answers)).map(reasonOf)).toEqual(["OVERLOADED", "OVERLOADED"]);
  await readings[0]?.leave();
  await waitForPlace(4, 4);
  for (const reading of readings) await reading.leave();
});
