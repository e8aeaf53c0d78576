import http from "node:http";
import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EventAdminService } from "../../../gen/ostiary/events/v1/event_admin_service_pb.ts";
import { type ImportLine, importers } from "../../protocols/importers.ts";
import { nativeRest } from "../../protocols/json-rest.ts";
import { done, operatorRest } from "../../protocols/operators.ts";
import { newEmail, signIn } from "../../protocols/person.ts";
import { accepted } from "../../protocols/protocol.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* Importing many people in one call: messages of a stream, or lines of JSON. */

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.stop());

const person = (more: JsonObject = {}, traits: JsonObject = {}): JsonObject => ({
  traits: { email: newEmail(), ...traits },
  ...more,
});
const emailOf = ({ traits }: JsonObject): string => (traits as { email: string }).email;
const countPeople = async (): Promise<number> =>
  Number((await server.sql<{ n: number }>("SELECT COUNT(*) AS n FROM identities"))[0]?.n);
const actions = (lines: readonly ImportLine[]) => lines.map(({ action }) => action);

describe.each(importers)("through $name", ({ send }) => {
  const importAll = (lines: readonly JsonObject[], place = {}) => send(server.adminUrl, lines, place);

  it("everyone is created, in order, with what they sign in with, and an event of their account", async () => {
    const password = "a given secret 9";
    const people = [
      person({ credentials: { password: { config: { password } } }, metadata_admin: { from: "there" } }),
      person({ state: "inactive", external_id: newEmail() }),
      ...Array.from({ length: 120 }, () => person()),
    ];
    const before = await countPeople();
    const lines = await importAll(people);
    expect(lines.map(({ line }) => line)).toEqual(people.map((_, index) => index + 1));
    expect(new Set(actions(lines))).toEqual(new Set(["create"]));
    expect(await countPeople()).toBe(before + people.length);
    accepted(await signIn(nativeRest.enter(server), { email: emailOf(people[0] as JsonObject), password }));
    const [row] = await server.sql("SELECT state, external_id FROM identities WHERE id = UNHEX(REPLACE(?, '-', ''))", [
      lines[1]?.identity ?? "",
    ]);
    expect(row).toEqual({ state: "inactive", external_id: people[1]?.external_id });
    const events = await server.sql("SELECT type FROM security_events WHERE identity_id = UNHEX(REPLACE(?, '-', ''))", [
      lines[5]?.identity ?? "",
    ]);
    expect(events).toEqual([{ type: "identity.created" }]);
    const { verifyEvents } = EventAdminService.method;
    for (const { identity = "" } of lines.slice(0, 2))
      expect(done(await operatorRest.call(server.adminUrl, verifyEvents, { identity_id: identity }))).toMatchObject({
        identities: 1,
        events: expect.anything(),
        faults: [],
      });
  });

  it("lines that cannot be used are told by number and field, and the rest is imported", async () => {
    const there = person({ external_id: newEmail() });
    await importAll([there]);
    const twice = person();
    const lines = await importAll([
      person(),
      { traits: { email: "x" } },
      { traits: { email: emailOf(there).toUpperCase() } },
      twice,
      { ...person(), credentials: { password: { config: { hashed_password: "plain" } } } },
      { traits: { email: emailOf(twice) } },
      person({ external_id: there.external_id as string }),
      person({ organization_id: "6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99" }),
      person({ schema_id: "other" }),
      person({ schema_id: "x".repeat(300) }),
      person(),
    ]);
    expect(lines.map(({ line, error }) => [line, error?.code, error?.field])).toEqual([
      [1, undefined, undefined],
      [2, 400, "traits.email"],
      [3, 409, "traits.email"],
      [4, undefined, undefined],
      [5, 400, "credentials.password.config.hashed_password"],
      [6, 409, "traits.email"],
      [7, 409, "external_id"],
      [8, 400, "organization_id"],
      [9, 400, "schema_id"],
      [10, 400, expect.stringContaining("schema_id")],
      [11, undefined, undefined],
    ]);
    for (const { error } of lines) if (error) expect([error.status, error.reason]).not.toContain("");
  });

  it("however many come at a time, a connection prepares few statements for them", async () => {
    const begun = server.gate.statements.length;
    const before = await countPeople();
    const sizes = [1, 2, 3, 5, 7, 11, 13, 19, 29, 37, 47, 61, 83, 109];
    for (const size of sizes) {
      const people = Array.from({ length: size }, () => person());
      const place = { importId: newEmail(), firstLine: 1 };
      expect(new Set(actions(await importAll(people, place)))).toEqual(new Set(["create"]));
      // Whose claims are looked for, since everybody is there.
      await importAll(people);
    }
    expect(await countPeople()).toBe(before + sizes.reduce((sum, size) => sum + size, 0));
    const texts = [...new Set(server.gate.statements.slice(begun))];
    const ofTable = (what: RegExp) => texts.filter((text) => what.test(text)).length;
    for (const table of ["identities", "identity_identifiers", "identity_addresses", "security_events"])
      expect([table, ofTable(new RegExp(`^INSERT INTO ${table} `)) <= 5]).toEqual([table, true]);
    // Ids, identifiers and addresses are looked for in lists as long as powers of two.
    expect(ofTable(/ IN \(/)).toBeLessThanOrEqual(27);
  });

  it("an import that is sent again creates nobody twice, and goes on where it broke off", async () => {
    const nobody = { nickname: "" };
    const people = Array.from({ length: 5 }, () => person({}, nobody));
    const place = { importId: newEmail(), firstLine: 41 };
    const begun = await importAll(people.slice(0, 3), place);
    expect(begun.map(({ line }) => line)).toEqual([41, 42, 43]);
    const before = await countPeople();
    const again = await importAll(people, place);
    expect(actions(again)).toEqual(["exists", "exists", "exists", "create", "create"]);
    expect(again.slice(0, 3).map(({ identity }) => identity)).toEqual(begun.map(({ identity }) => identity));
    expect(await countPeople()).toBe(before + 2);
    // In another import they are others, who claim what these have.
    expect(actions(await importAll(people, { importId: newEmail(), firstLine: 41 }))).toEqual(Array(5).fill("error"));
  });

  it("nothing is read of who may not call", async () => {
    const origin = { headers: { "x-forwarded-for": "203.0.113.9" } };
    await expect(importAll([person()], origin)).rejects.toThrow(/NOT_LOCAL|403/);
  });
});

/** Posts a body whose pieces are sent by hand; gives the lines of the answer as they come. */
const openPost = () => {
  const request = http.request(`${server.adminUrl}/admin/identities/import`, {
    method: "POST",
    agent: false,
    headers: { "content-type": "application/x-ndjson" },
  });
  request.on("error", () => undefined);
  const response = new Promise<http.IncomingMessage>((resolve) => request.once("response", resolve));
  const lines = (async function* () {
    let text = "";
    for await (const chunk of await response) {
      text += String(chunk);
      const whole = text.split("\n");
      text = whole.pop() ?? "";
      for (const line of whole) yield JSON.parse(line) as ImportLine;
    }
  })();
  return { request, lines, next: async () => (await lines.next()).value as ImportLine };
};

describe("over REST", () => {
  const post = (body: string, type = "application/x-ndjson", query = "") =>
    fetch(`${server.adminUrl}/admin/identities/import${query}`, {
      method: "POST",
      headers: { "content-type": type },
      body,
    });
  const linesOf = async (response: Response) =>
    (await response.text()).split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as ImportLine]));

  it("a line is answered while the next are still to come", async () => {
    const { request, next } = openPost();
    request.write(`${JSON.stringify(person())}\n`);
    expect(await next()).toMatchObject({ line: 1, action: "create" });
    request.write(`{"traits"`);
    request.write(`:{}}\n`);
    expect(await next()).toMatchObject({ line: 2, action: "error" });
    request.end();
    expect(await next()).toBeUndefined();
  });

  it("blank lines count and are passed over; what is no JSON, too long or unknown is told", async () => {
    const long = JSON.stringify(person({ metadata_admin: "x".repeat(1_100_000) }));
    const body = ["", JSON.stringify(person()), "{", "[]", "\r", '{"role": 1}', long, JSON.stringify(person())];
    const response = await post(body.join("\n"));
    expect(response.headers.get("content-type")).toBe("application/x-ndjson");
    expect((await linesOf(response)).map(({ line, error }) => [line, error?.code, error?.field])).toEqual([
      [2, undefined, undefined],
      [3, 400, undefined],
      [4, 400, undefined],
      [6, 400, "role"],
      [7, 413, undefined],
      [8, undefined, undefined],
    ]);
  });

  it("a body of no lines, of another type, or with a query that cannot be used is refused as a whole", async () => {
    expect(await linesOf(await post(""))).toEqual([]);
    for (const [type, query] of [
      ["application/json", ""],
      ["text/plain", ""],
      ["application/x-ndjson", "?first_line=x"],
    ] as const)
      expect((await post(JSON.stringify(person()), type, query)).status).toBe(400);
    expect((await fetch(`${server.adminUrl}/admin/identities/import`)).status).toBe(405);
  });

  it("whoever hangs up has what was answered, and nothing more is read", async () => {
    const before = await countPeople();
    const { request, next } = openPost();
    request.write(`${JSON.stringify(person())}\n`);
    expect(await next()).toMatchObject({ action: "create" });
    request.write(`${JSON.stringify(person())}`);
    request.destroy();
    await expect.poll(async () => countPeople()).toBe(before + 1);
    expect(actions(await linesOf(await post(`${JSON.stringify(person())}\n`)))).toEqual(["create"]);
  });

  it("clients who are gone before their first answer leave room for others", async () => {
    // Four bodies of one network are let in at once, each with room for its largest message.
    for (let gone = 0; gone < 5; gone++) {
      const before = await countPeople();
      const held = server.gate.hold();
      const { request } = openPost();
      request.end(`${JSON.stringify(person())}\n`);
      await held.reached;
      request.destroy();
      await new Promise((resolve) => setTimeout(resolve, 50));
      held.release();
      await expect.poll(countPeople).toBe(before + 1);
    }
    expect(actions(await linesOf(await post(`${JSON.stringify(person())}\n`)))).toEqual(["create"]);
  });

  it("however many lines have come, a few hundred are worked on while the database waits", async () => {
    const begun = server.gate.statements.length;
    const held = server.gate.hold();
    const count = 3_000;
    const lines = Array.from({ length: count }, () => JSON.stringify(person()));
    const answer = post(lines.join("\n"), undefined, `?import_id=${newEmail()}`);
    await held.reached;
    await new Promise((resolve) => setTimeout(resolve, 300));
    const looked = server.gate.statements.slice(begun).filter((text) => text.startsWith("SELECT i.id FROM identities"));
    expect(looked.length).toBeLessThanOrEqual(2);
    for (const text of looked) expect(text.split("?").length - 1).toBeLessThanOrEqual(256);
    held.release();
    expect(new Set(actions(await linesOf(await answer)))).toEqual(new Set(["create"]));
  });

  it("the server reads no faster than it writes: while the database waits, so does the client", async () => {
    const held = server.gate.hold();
    const { request, next } = openPost();
    const line = () => `${JSON.stringify(person({ metadata_admin: "x".repeat(60_000) }))}\n`;
    request.write(line());
    await held.reached;
    let sent = 1;
    while (sent < 2_000 && request.writableLength < 1_000_000) {
      request.write(line());
      sent += 1;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(sent).toBeLessThan(1_000);
    held.release();
    request.end();
    for (let number = 1; number <= sent; number++)
      expect(await next()).toMatchObject({ line: number, action: "create" });
    expect(await next()).toBeUndefined();
  });
});
