import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createDatabase } from "../../src/db/pool.ts";
import { lockOf, updateOf } from "../../src/db/row-writes.ts";
import type { RowUpdate, RowValues, Sql, SqlValue } from "../../src/db/sql.ts";
import { createSettingsStore } from "../../src/flows/settings/store.ts";
import { createFlowStore } from "../../src/flows/shared/store.ts";
import { createIdentityStore } from "../../src/identity/store.ts";
import { createSessionStore } from "../../src/session/store.ts";
import { writeCrowd } from "../protocols/crowd.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { linkThrough, withCode } from "../protocols/linking.ts";
import { change, enterAs, enterAsNewPerson, newEmail, newPassword, signIn } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import {
  away,
  comeBack,
  locationOf,
  type Providers,
  showRealTime,
  signInAt,
  startProviders,
} from "../protocols/providers.ts";
import { ageSessions } from "../protocols/rows.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/*
 * How the database finds what each statement of a person asks for, with a hundred
 * thousand people in its tables, as it was when last accepted: `ACCEPT_PLANS=1
 * make test T=behaviour/plans` writes it anew.
 */

let server: TestServer;
let providers: Providers;
beforeAll(async () => {
  server = await startServer();
  providers = await startProviders(server);
  showRealTime(server);
  await writeCrowd(server);
}, 120_000);
afterAll(async () => {
  await server?.stop();
  await providers?.close();
});

interface Step {
  readonly table: string | null;
  readonly type: string | null;
  readonly key: string | null;
  readonly Extra: string | null;
}

/** One text for a statement with few and with many values of a list. */
const nameOf = (statement: string): string =>
  statement
    .replace(/\s+/g, " ")
    .replace(/\?(?:, \?)+/g, "?, …")
    .replace(/(BY run_at LIMIT) \d+$/, "$1 …")
    .replace(/(WHEN \? THEN \?)(?: \1)+/g, "$1 …")
    .replace(/(?<=WHERE )(\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))(?: OR \1)+/g, "$1 OR …")
    .replace(/(SELECT [^()]*? = \?)(?: UNION ALL SELECT [^()]*? = \?)+/g, "$1 UNION ALL …")
    .replace(/SELECT (?:[sifc]\.\w+ AS \w+(?:, )?)+/g, "SELECT … ")
    .trim();

it("every statement of a person is found by its key, as it was when last accepted", { timeout: 120_000 }, async () => {
  const plans: Record<string, string> = {};
  server.gate.watch(async (statement, params, sql) => {
    const name = nameOf(statement);
    if (
      !/^(?:SELECT|UPDATE|DELETE)\b/.test(name) ||
      /\bjobs\b|\brun_at <=|\brelay (?:= [12]\b|IN \(1, 2\))|^DELETE FROM \w+ WHERE (?:expires|created)_at/.test(name)
    )
      return;
    plans[name] ??= await explain(sql, statement, params);
  });
  await walk();
  await batches();
  server.gate.watch(undefined);

  const [{ version }] = (await server.sql<{ version: string }>("SELECT VERSION() AS version")) as [{ version: string }];
  const file = path.join(import.meta.dirname, "../plans", /mariadb/i.test(version) ? "mariadb.json" : "mysql.json");
  const sorted = Object.fromEntries(Object.entries(plans).sort(([a], [b]) => (a < b ? -1 : 1)));
  if (process.env.ACCEPT_PLANS) writeFileSync(file, `${JSON.stringify(sorted, null, 2)}\n`);
  const known: Readonly<Record<string, string>> = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  // Which of two good plans is chosen may depend on statistics that are sampled: both stand there.
  const expected = Object.fromEntries(
    Object.entries(known).map(([name, plan]) => {
      const plans = plan.split(" / ");
      return [name, plans.find((each) => each === sorted[name]) ?? plans[0]];
    }),
  );
  expect(sorted).toEqual(expected);
  const steps = Object.values(sorted).flatMap((plan) => plan.split(" | "));
  // Neither a whole table or index, nor a plan that says nothing.
  const scans = steps.filter((step) => /^[^<]\S* (?:ALL|index) |^- - - -$/.test(step));
  expect(scans).toEqual([]);
});

/** Asked where the statement will be sent, so that it waits for no lock. */
const explain = async (sql: Sql, statement: string, params: readonly SqlValue[]): Promise<string> =>
  (await sql.query<Step>(`EXPLAIN FORMAT=TRADITIONAL ${statement}`, params))
    .map(({ table, type, key, Extra }) => [table, type, key, Extra].map((part) => part || "-").join(" "))
    .join(" | ");

/** Everything that people do. */
const walk = async () => {
  const { visitor, person } = await enterAsNewPerson(nativeRest, server);
  accepted(await visitor.whoami());
  accepted(await change(visitor, { method: "profile", traits: { email: newEmail(), name: { first: "Ada" } } }));
  accepted(await change(visitor, { method: "profile", traits: { email: person.email } }));
  refused(await change(visitor, { method: "profile", traits: { email: "none" } }));
  refused(await visitor.settings.get(randomUUID()));
  const password = newPassword();
  await ageSessions(server, person.id);
  const flow = accepted(await visitor.settings.create());
  refused(await visitor.settings.update(flow.id, { method: "password", password }));
  refused(await signIn(visitor, { ...person, password: "not this one" }, { refresh: "true" }));
  accepted(await signIn(visitor, person, { refresh: "true" }));
  accepted(await visitor.resume(flow.id));
  accepted(await visitor.settings.get(flow.id));
  const other = await enterAs(nativeRest, server, { ...person, password });
  const third = await enterAs(nativeRest, server, { ...person, password });
  accepted(await visitor.sessions({ page_size: "1" }));
  const { next, ids } = accepted(await visitor.sessions({ page_size: "1" }));
  accepted(await visitor.sessions({ page_size: "1", page_token: next ?? "" }));
  accepted(await visitor.revoke(ids[0] ?? ""));
  accepted(await visitor.revokeOthers());
  refused(await other.whoami());
  refused(await third.whoami());
  const sub = randomUUID();
  // What came before may have taken minutes, and tokens of providers are of this moment.
  showRealTime(server);
  await linkThrough(providers, nativeRest, visitor, "acme", sub);
  const app = nativeRest.enter(server);
  const login = accepted(await app.login.create(withCode));
  const location = away(await app.login.update(login.id, { method: "oidc", provider: "acme" }));
  const back = await comeBack(await signInAt(providers.acme, location, { sub }), undefined);
  const code = locationOf(back).searchParams.get("code") ?? "";
  accepted(await app.exchange(login.exchangeCode ?? "", code));
  accepted(await change(visitor, { method: "oidc", unlink: "acme" }));
  accepted(await visitor.signOut());
};

/** Lookups that share a statement. */
const batches = async () => {
  const db = createDatabase({ dsn: server.database.dsn, poolSize: 2 });
  const watched = server.gate.wrap(db);
  const people = await server.sql<{ token_digest: Buffer; id: string }>(
    `SELECT s.token_digest, LOWER(INSERT(INSERT(INSERT(INSERT(HEX(f.id), 9, 0, '-'), 14, 0, '-'), 19, 0, '-'),
      24, 0, '-')) AS id FROM sessions s JOIN flows f ON f.home_id = s.identity_id LIMIT 64`,
  );
  const sessions = createSessionStore(watched);
  const settings = createSettingsStore(watched);
  await Promise.all(people.map(({ token_digest }) => sessions.findByToken(token_digest)));
  const read = await Promise.all(people.map(({ token_digest, id }) => settings.read(watched, token_digest, id)));
  expect(read.map((each) => each?.flow?.id)).toEqual(people.map(({ id }) => id));

  // What several people write, each as it was: a statement for each kind of row.
  const rows = new Map<RowUpdate, RowValues[]>();
  const noted: Sql = {
    ...db,
    updateRow: async (statement, values) => {
      rows.set(statement, [...(rows.get(statement) ?? []), values]);
      return true;
    },
  };
  const now = new Date(0);
  const live = read.flatMap((each) => (each?.flow && each.session.active ? [{ ...each, flow: each.flow }] : []));
  const two = [...new Map(live.map((each) => [each.identity.id, each])).values()].slice(0, 2);
  expect(two).toHaveLength(2);
  for (const { flow, identity, session } of two) {
    await createFlowStore().save(noted, flow, now);
    await createFlowStore().save(noted, flow, now, session);
    await createFlowStore().saveOfLocked(noted, flow, now, session);
    await createIdentityStore().update(noted, identity, identity);
  }
  for (const [statement, values] of rows) {
    expect(await watched.query(...lockOf(statement, values))).toHaveLength(2);
    await watched.execute(...updateOf(statement, values));
  }
  await db.close();
};
