import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nativeRest } from "../protocols/json-rest.ts";
import { enterAsNewPerson, newEmail, signIn } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { ageSessions, idBytes } from "../protocols/rows.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* What a request costs the database: looking again at what a change rests on takes no statement of its own. */

/** What the server does by itself beside: looks for its jobs and claims them, and purges. */
const isOfJobs = (sql: string): boolean =>
  /^\s*(?:DELETE|SELECT id FROM courier_messages FORCE INDEX|SELECT e\.identity_id, e\.position)/.test(sql) ||
  /\b(?:jobs|leases|security_events_relay)\b/.test(sql);

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.stop());

describe.each(protocols.filter(({ isForm }) => !isForm))("through $name", (protocol) => {
  it("whoami and reading a flow take one statement, creating one two, and a change three", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const countOf = async <T>(act: () => Promise<T>): Promise<readonly [number, T]> => {
      const before = server.gate.statements.length;
      const answer = await act();
      return [server.gate.statements.slice(before).filter((sql) => !isOfJobs(sql)).length, answer];
    };
    const [whoami] = await countOf(async () => accepted(await visitor.whoami()));
    const [create, { id }] = await countOf(async () => accepted(await visitor.settings.create()));
    const [get] = await countOf(async () => accepted(await visitor.settings.get(id)));
    const profile = { method: "profile", traits: { email: person.email, name: { first: "Ada" } } };
    const [update] = await countOf(async () => accepted(await visitor.settings.update(id, profile)));
    expect({ whoami, create, get, update }).toEqual({ whoami: 1, create: 2, get: 1, update: 3 });
  });
});

it("a change of settings, with all that can belong to it, writes rows of one person only", async () => {
  const { visitor, person } = await enterAsNewPerson(nativeRest, server);
  const flow = accepted(await visitor.settings.create());
  await ageSessions(server, person.id);
  refused(await visitor.settings.update(flow.id, { method: "profile", traits: { email: newEmail() } }));
  accepted(await signIn(visitor, person, { refresh: "true" }));
  const id = idBytes(person.id);
  const written: string[] = [];
  const stray: string[] = [];
  server.gate.watch(async (sql, params) => {
    if (isOfJobs(sql) && !sql.includes("identity_id") && !sql.includes("home_id")) return;
    if (/^\s*SELECT/.test(sql)) return;
    written.push(/(?:INTO|UPDATE|FROM) (\w+)/.exec(sql)?.[1] ?? sql);
    if (!params.some((value) => Buffer.isBuffer(value) && value.equals(id))) stray.push(sql);
  });
  accepted(await visitor.resume(flow.id));
  server.gate.watch(undefined);
  expect(stray).toEqual([]);
  expect([...new Set(written)].sort()).toEqual([
    "continuations",
    "flows",
    "identities",
    "identity_addresses",
    "identity_identifiers",
    "security_events",
  ]);
});

describe("a change of an address that is to be verified", () => {
  let verifying: TestServer;
  beforeAll(async () => {
    verifying = await startServer({
      overrides: {
        selfservice: { flows: { verification: { enabled: true } } },
        courier: { worker: { pull_count: 0 } },
      },
    });
  });
  afterAll(() => verifying?.stop());

  /** What is sent for a change of an address, and whether in its transaction: `write flows`. */
  const statementsOf = async (on: TestServer): Promise<readonly string[]> => {
    const { visitor } = await enterAsNewPerson(nativeRest, on);
    const { id } = accepted(await visitor.settings.create());
    const sent: { readonly what: string; readonly sql: object }[] = [];
    on.gate.watch(async (statement, _, sql) => {
      if (isOfJobs(statement)) return;
      const [, verb, table] = /^\s*(SELECT|INSERT|UPDATE)\b[\s\S]*?\b(?:FROM|INTO|UPDATE) (\w+)/.exec(statement) ?? [];
      sent.push({ what: `${verb === "SELECT" ? "read" : "write"} ${table ?? statement.trim().split(/\s+/)[1]}`, sql });
    });
    accepted(await visitor.settings.update(id, { method: "profile", traits: { email: newEmail() } }));
    on.gate.watch(undefined);
    const change = sent.find(({ what }) => what === "write identities")?.sql;
    return sent.map(({ what, sql }) => `${what}${sql === change ? " in the transaction" : ""}`);
  };

  it("takes a flow and a message more in its transaction, and is counted before", async () => {
    const [without, withMail] = [await statementsOf(server), await statementsOf(verifying)];
    const added = [...withMail];
    for (const each of without) added.splice(added.indexOf(each), added.includes(each) ? 1 : 0);
    expect(added.filter((each) => each !== "read attempts")).toEqual([
      "write attempts",
      "write flows in the transaction",
      "write courier_messages in the transaction",
    ]);
  });
});
