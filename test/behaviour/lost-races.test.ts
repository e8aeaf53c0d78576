import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { failAt } from "../protocols/faults.ts";
import { between } from "../protocols/gate.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { enterAs, enterAsNewPerson, newPassword, type Person, signIn } from "../protocols/person.ts";
import { accepted, refused, type Visitor } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import {
  away,
  comeBack,
  locationOf,
  type Providers,
  showRealTime,
  signInAt,
  startProviders,
} from "../protocols/providers.ts";
import { idBytes, passwordHashOf } from "../protocols/rows.ts";
import { startServer, type TestServer, ui } from "../protocols/server.ts";

/* What was found out before something slow is not believed afterwards; and nobody who asked for nothing hears of it. */

const revoking = {
  selfservice: {
    flows: { settings: { after: { password: { hooks: [{ hook: "revoke_active_sessions" }] } } } },
  },
};

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: revoking });
});
afterAll(() => server?.stop());

const changePassword = async (visitor: Visitor, password = newPassword()): Promise<string> => {
  const flow = accepted(await visitor.settings.create()).id;
  accepted(await visitor.settings.update(flow, { method: "password", password }));
  return password;
};
const liveSessionsOf = async ({ id }: Person): Promise<number> =>
  (await server.sql("SELECT 1 FROM sessions WHERE identity_id = ? AND active = 1", [idBytes(id)])).length;
const signsIn = async (person: Person, password: string): Promise<boolean> =>
  (await signIn(nativeRest.enter(server), { ...person, password })).ok;

describe.each(protocols)("through $name", (protocol) => {
  it("a sign-in with a password that is changed meanwhile is none, and leaves no session", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const late = protocol.enter(server);
    const answer = await between(
      server.gate,
      () => signIn(late, person),
      () => changePassword(visitor),
    );
    expect(refused(answer).texts).toMatchObject([{ node: "", id: 4000006 }]);
    expect(refused(await late.whoami()).reason).toBe("SESSION_INACTIVE");
    expect(await liveSessionsOf(person)).toBe(1);
  });

  it("what a session waited to change is not changed once it was ended everywhere else", async () => {
    const { visitor: owner, person } = await enterAsNewPerson(protocol, server);
    const thief = await enterAs(protocol, server, person);
    const flow = accepted(await thief.settings.create()).id;
    const hash = await passwordHashOf(server, person.id);
    const answer = await between(
      server.gate,
      () => thief.settings.update(flow, { method: "password", password: newPassword() }),
      async () => accepted(await owner.revokeOthers()),
    );
    expect(refused(answer).reason).toBe("SESSION_INACTIVE");
    expect(await passwordHashOf(server, person.id)).toBe(hash);
    accepted(await owner.whoami());
  });

  it("a session that was ended ends no other", async () => {
    const { visitor: owner, person } = await enterAsNewPerson(protocol, server);
    const thief = await enterAs(protocol, server, person);
    const answer = await between(
      server.gate,
      () => thief.revokeOthers(),
      async () => accepted(await owner.revokeOthers()),
    );
    expect(refused(answer).reason).toBe("SESSION_INACTIVE");
    accepted(await owner.whoami());
  });

  it("ten who prove again at once who they are all go on with the session that they had", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const { id } = accepted(await visitor.whoami());
    const copies = Array.from({ length: 10 }, () => {
      const copy = protocol.enter(server);
      copy.credentials.token = visitor.credentials.token;
      for (const name of visitor.credentials.jar?.names ?? [])
        copy.credentials.jar?.set(name, visitor.credentials.jar?.get(name) ?? "");
      return copy;
    });
    const flows = await Promise.all(
      copies.map(async (copy) => accepted(await copy.login.create({ refresh: "true" })).id),
    );
    const submission = { method: "password", identifier: person.email, password: person.password };
    const answers = await Promise.all(copies.map((copy, n) => copy.login.update(flows[n] ?? "", submission)));
    for (const answer of answers) accepted(answer);
    const sessions = await Promise.all(copies.map(async (copy) => accepted(await copy.whoami())));
    expect(sessions.some((session) => session.id === id)).toBe(true);
    expect(refused(await visitor.whoami()).reason).toBe("SESSION_INACTIVE");
  });
});

describe("a sign-in that makes the hash anew", () => {
  it("does not bring back a password that is changed meanwhile", async () => {
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    const costlier = { algorithm: "argon2", argon2: { memory: "8KB", iterations: 2, parallelism: 1 } };
    await server.restart({ ...revoking, hashers: costlier });
    let password = "";
    const answer = await between(
      server.gate,
      () => signIn(nativeRest.enter(server), person),
      async () => {
        password = await changePassword(visitor);
      },
    );
    expect(refused(answer).reason).toBe("FORM_REJECTED");
    expect([await signsIn(person, person.password), await signsIn(person, password)]).toEqual([false, true]);
    await server.restart(revoking);
  });

  it("of many at once lets all of them in", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const costlier = { algorithm: "argon2", argon2: { memory: "8KB", iterations: 2, parallelism: 1 } };
    await server.restart({ ...revoking, hashers: costlier });
    const before = await passwordHashOf(server, person.id);
    const answers = await Promise.all(Array.from({ length: 8 }, () => signIn(nativeRest.enter(server), person)));
    for (const answer of answers) accepted(answer);
    expect(await passwordHashOf(server, person.id)).not.toBe(before);
    expect(await signsIn(person, person.password)).toBe(true);
    await server.restart(revoking);
  });
});

describe("writers of one person who name no version", () => {
  it("all succeed, thirty-two at once", async () => {
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    const flows = await Promise.all(
      Array.from({ length: 32 }, async () => accepted(await visitor.settings.create()).id),
    );
    const answers = await Promise.all(
      flows.map((flow, n) =>
        visitor.settings.update(flow, {
          method: "profile",
          traits: { email: person.email, name: { first: `Ada ${n}` } },
        }),
      ),
    );
    expect(answers.filter(({ ok }) => ok)).toHaveLength(32);
    const [row] = await server.sql<{ version: number }>("SELECT version FROM identities WHERE id = ?", [
      idBytes(person.id),
    ]);
    expect(row?.version).toBe(33);
  });

  it("all succeed where each change is slow to make", async () => {
    const { visitor } = await enterAsNewPerson(nativeRest, server);
    const flows = await Promise.all(
      Array.from({ length: 8 }, async () => accepted(await visitor.settings.create()).id),
    );
    const answers = await Promise.all(
      flows.map((flow) => visitor.settings.update(flow, { method: "password", password: newPassword() })),
    );
    expect(answers.filter(({ ok }) => ok)).toHaveLength(8);
  });
});

describe("on two nodes with one database", () => {
  let node: TestServer;
  beforeAll(async () => {
    node = await startServer({ overrides: revoking, beside: server });
  });
  afterAll(() => node?.stop());

  it("writers of one person all succeed, sixteen at once on each", async () => {
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    const other = await enterAs(nativeRest, node, person);
    const writers = [visitor, other];
    const change = async (n: number) => {
      const writer = writers[n % 2] ?? visitor;
      const flow = accepted(await writer.settings.create()).id;
      const traits = { email: person.email, name: { first: `Ada ${n}` } };
      return writer.settings.update(flow, { method: "profile", traits });
    };
    const answers = await Promise.all(Array.from({ length: 32 }, (_, n) => change(n)));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(32);
  });

  it("what a session waited to change on one is not changed once it was ended on the other", async () => {
    const { visitor: owner, person } = await enterAsNewPerson(nativeRest, server);
    const thief = await enterAs(nativeRest, node, person);
    const flow = accepted(await thief.settings.create()).id;
    const hash = await passwordHashOf(server, person.id);
    const answer = await between(
      node.gate,
      () => thief.settings.update(flow, { method: "password", password: newPassword() }),
      async () => accepted(await owner.revokeOthers()),
    );
    expect(refused(answer).reason).toBe("SESSION_INACTIVE");
    expect(await passwordHashOf(server, person.id)).toBe(hash);
  });

  it("a session that is proven again on both at once goes on on both", async () => {
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    const copies = [nativeRest.enter(server), nativeRest.enter(node)];
    const flows = await Promise.all(
      copies.map(async (copy) => {
        copy.credentials.token = visitor.credentials.token;
        return accepted(await copy.login.create({ refresh: "true" })).id;
      }),
    );
    const submission = { method: "password", identifier: person.email, password: person.password };
    const answers = await Promise.all(copies.map((copy, n) => copy.login.update(flows[n] ?? "", submission)));
    for (const answer of answers) accepted(answer);
    for (const copy of copies) accepted(await copy.whoami());
  });
});

describe("sign-ins with a provider", () => {
  let providers: Providers;
  beforeAll(async () => {
    const signsUp = { flows: { registration: { after: { oidc: { hooks: [{ hook: "session" }] } } } } };
    providers = await startProviders(server, { update_identity_on_login: "automatic" }, { selfservice: signsUp });
  });
  beforeEach(() => showRealTime(server));
  afterAll(() => providers?.close());

  const account = () => ({ sub: randomUUID(), email: `p${randomUUID()}@example.com`, email_verified: true });
  const goes = async (who: ReturnType<typeof account> & { readonly given_name?: string }) => {
    const visitor = spa.enter(server);
    const flow = accepted(await visitor.login.create());
    const location = away(await visitor.login.update(flow.id, { method: "oidc", provider: "globex" }));
    return { visitor, url: await signInAt(providers.globex, location, who) };
  };

  it("that change the person as the provider tells all come to an end at once", async () => {
    const who = account();
    const { visitor, url } = await goes({ ...who, given_name: "Ann" });
    await comeBack(url, visitor);
    const id = accepted(await visitor.whoami()).identityId;
    const back: Awaited<ReturnType<typeof goes>>[] = [];
    for (let n = 0; n < 6; n++) back.push(await goes({ ...who, given_name: `Ann ${n}` }));
    await Promise.all(back.map((each) => comeBack(each.url, each.visitor)));
    for (const each of back) expect(accepted(await each.visitor.whoami()).identityId).toBe(id);
  });

  it("is used by the request that claimed it, and by no other while that goes on", async () => {
    const { visitor, url } = await goes(account());
    let second: Awaited<ReturnType<typeof comeBack>> | undefined;
    const first = await between(
      server.gate,
      () => comeBack(url, visitor),
      async () => {
        second = await comeBack(url, visitor);
      },
    );
    expect(second && locationOf(second).href).toContain(ui.error);
    expect(locationOf(first).href).not.toContain(ui.error);
    accepted(await visitor.whoami());
  });

  it("may be completed by the same answer after a failure that is not its own", async () => {
    const { visitor, url } = await goes(account());
    const repair = await failAt(server, { event: "INSERT", table: "sessions" });
    const failed = await comeBack(url, visitor);
    expect(locationOf(failed).href).toContain(ui.error);
    await repair();
    await comeBack(url, visitor);
    accepted(await visitor.whoami());
    // Once it was used it is used.
    expect(locationOf(await comeBack(url, visitor)).href).toContain(ui.error);
    expect(await server.sql("SELECT 1 FROM continuations WHERE kind <> 'reauthentication'")).toEqual([]);
  });
});
