import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { connectJson, grpc } from "../protocols/connect.ts";
import { type DatabaseProxy, openDatabaseProxy } from "../protocols/database-proxy.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { enterAs, enterAsNewPerson, type Person } from "../protocols/person.ts";
import { type Answer, accepted, type Done, type Protocol, refused, type Visitor } from "../protocols/protocol.ts";
import { idBytes, versionOf } from "../protocols/rows.ts";
import { shownIn } from "../protocols/seen.ts";
import { startServer, type TestServer } from "../protocols/server.ts";
import { type FreshDatabase, migratedDatabase } from "../setup/fresh-database.ts";

/* Many people change something at the same moment: what the database does at once, nobody notices. */

let database: FreshDatabase;
let proxy: DatabaseProxy;
let server: TestServer;
beforeAll(async () => {
  database = await migratedDatabase();
  proxy = await openDatabaseProxy(database);
  server = await startServer({ database: { ...database, dsn: proxy.dsn } });
});
afterAll(async () => {
  await server?.stop();
  await proxy?.close();
});
beforeEach(() => proxy.mend());

/** Somebody with a settings flow. */
interface Changer {
  readonly person: Person;
  readonly visitor: Visitor;
  readonly flow: string;
  /** What they write, which nobody else does. */
  readonly website: string;
}

const ways: readonly Protocol[] = [nativeRest, connectJson, grpc];
let people = 0;

const newChanger = async (protocol: Protocol): Promise<Changer> => {
  const { visitor, person } = await enterAsNewPerson(protocol, server);
  people += 1;
  return {
    person,
    visitor,
    flow: accepted(await visitor.settings.create()).id,
    website: `https://number-${people}.example.com`,
  };
};

const newChangers = (count: number): Promise<readonly Changer[]> =>
  Promise.all(Array.from({ length: count }, (_, n) => newChanger(ways[n % ways.length] ?? nativeRest)));

const changeProfile = ({ person, visitor, flow, website }: Changer, others = {}): Promise<Answer<Done>> =>
  visitor.settings.update(flow, { method: "profile", traits: { email: person.email, website }, ...others });

type Act = () => Promise<Answer<Done>>;

/** Holds each just before its transaction, and lets all of them go in one turn of the event loop. */
const atOnce = async (acts: readonly Act[], meanwhile: () => Promise<unknown> = async () => undefined) => {
  const held: { readonly acting: Promise<Answer<Done>>; release(): void }[] = [];
  for (const act of acts) {
    const { reached, release } = server.gate.hold();
    const acting = act();
    await Promise.race([reached, acting]);
    held.push({ acting, release });
  }
  await meanwhile();
  for (const { release } of held) release();
  return Promise.all(held.map(({ acting }) => acting));
};

/** The writes of people that go over the wire from now on. */
const watchPeople = (): readonly string[] => {
  const seen: string[] = [];
  proxy.rule(({ text }) => {
    if (text.startsWith("UPDATE identities SET traits")) seen.push(text);
    return undefined;
  });
  return seen;
};

/** What is stored of a person and their form: whether both are as they were, or as they were changed. */
const storedOf = async ({ person, flow, website }: Changer): Promise<"changed" | "as it was" | "in part"> => {
  const [row] = await server.sql<{ traits: unknown; state: string; version: number }>(
    `SELECT i.traits, i.version, f.state FROM identities i JOIN flows f ON f.home_id = i.id AND f.id = ?
      WHERE i.id = ?`,
    [idBytes(flow), idBytes(person.id)],
  );
  const traits = typeof row?.traits === "string" ? JSON.parse(row.traits) : row?.traits;
  const isChanged = [(traits as { website?: string }).website === website, row?.state === "success"];
  if (isChanged.every(Boolean)) return "changed";
  return isChanged.some(Boolean) ? "in part" : "as it was";
};

/** Nothing but the reason and what goes with it, of whoever it was. */
const refusalOf = (answer: Answer<Done>) => {
  const { reason, field, texts, retryAfter, useFlowId } = refused(answer);
  return {
    reason,
    field,
    texts: texts.map(({ node, id }) => [node, id]),
    retryAfter,
    isReplaced: useFlowId !== undefined,
  };
};

describe("people who change their profile at the same moment", () => {
  it("are all saved, each with their own, by fewer statements than people", async () => {
    const changers = await newChangers(24);
    const seen = watchPeople();
    const answers = await atOnce(changers.map((changer) => () => changeProfile(changer)));
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.length).toBeLessThanOrEqual(3);
    for (const [n, changer] of changers.entries()) {
      const { flow, etag } = accepted(answers[n] as Answer<Done>);
      const traits = { email: changer.person.email, website: changer.website };
      expect(flow).toMatchObject({ id: changer.flow, state: "success", traits, texts: [{ node: "", id: 1050001 }] });
      expect(etag).toBe(await versionOf(server, changer.person.id));
      expect(accepted(await changer.visitor.whoami()).traits).toMatchObject(traits);
      expect(accepted(await changer.visitor.settings.get(changer.flow))).toMatchObject({ state: "success", traits });
    }
  });

  /** What happens to somebody between what they read and what they write. */
  const mishaps: Readonly<Record<string, (changer: Changer) => Promise<unknown>>> = {
    "the session is over": async ({ visitor, person }) => {
      const { id } = accepted(await visitor.whoami());
      accepted(await (await enterAs(nativeRest, server, person)).revoke(id));
    },
    "the form has expired": ({ flow }) =>
      server.sql("UPDATE flows SET expires_at = ? WHERE id = ?", [server.clock.now(), idBytes(flow)]),
    "the form is gone": ({ flow }) => server.sql("DELETE FROM flows WHERE id = ?", [idBytes(flow)]),
    "somebody else has changed what they named a version of": ({ person }) =>
      server.sql("UPDATE identities SET version = version + 1 WHERE id = ?", [idBytes(person.id)]),
    "they are disabled": ({ person }) =>
      server.sql("UPDATE identities SET state = 'inactive' WHERE id = ?", [idBytes(person.id)]),
  };

  it("are told what they would be told alone if something came between, and all others are saved", async () => {
    const alone: Record<string, ReturnType<typeof refusalOf>> = {};
    const submit = async (changer: Changer, mishap: string | undefined): Promise<Act> => {
      const isNamed = mishap?.includes("version") ?? false;
      const others = isNamed ? { etag: await versionOf(server, changer.person.id) } : {};
      return () => changeProfile(changer, others);
    };
    for (const [name, mishap] of Object.entries(mishaps)) {
      const changer = await newChanger(nativeRest);
      const [answer] = await atOnce([await submit(changer, name)], () => mishap(changer));
      alone[name] = refusalOf(answer as Answer<Done>);
    }
    expect(Object.values(alone).map(({ reason }) => reason)).toEqual([
      "SESSION_INACTIVE",
      "FLOW_EXPIRED",
      "FLOW_NOT_FOUND",
      "ETAG_MISMATCH",
      "SESSION_INACTIVE",
    ]);

    const changers = await newChangers(24);
    // One mishap in each quarter, through whichever protocol, and one who names no version and is done again.
    const names = Object.keys(mishaps);
    const mishapOf = (n: number) => (n % 4 === 1 ? names[(n - 1) / 4] : undefined);
    const acts = await Promise.all(changers.map((changer, n) => submit(changer, mishapOf(n))));
    const again = 2;
    const answers = await atOnce(acts, async () => {
      for (const [n, changer] of changers.entries()) await mishaps[mishapOf(n) ?? ""]?.(changer);
      await server.sql("UPDATE identities SET version = version + 1 WHERE id = ?", [
        idBytes(changers[again]?.person.id ?? ""),
      ]);
    });
    for (const [n, changer] of changers.entries()) {
      const answer = answers[n] as Answer<Done>;
      const name = mishapOf(n);
      if (name === undefined) {
        expect(accepted(answer).flow?.traits).toMatchObject({ website: changer.website });
        expect([n, await storedOf(changer)]).toEqual([n, "changed"]);
      } else {
        expect([name, refusalOf(answer)]).toEqual([name, alone[name]]);
        if (name !== "the form is gone") expect([name, await storedOf(changer)]).toEqual([name, "as it was"]);
      }
    }
  });

  it("are all saved while one of them sends ten changes at once", async () => {
    const others = await newChangers(20);
    const { person, visitor, flow } = await newChanger(nativeRest);
    const before = Number(await versionOf(server, person.id));
    const own = await Promise.all(
      Array.from({ length: 10 }, async (_, n): Promise<Changer> => {
        const id = n === 0 ? flow : accepted(await visitor.settings.create()).id;
        return { person, visitor, flow: id, website: `https://change-${n}.example.com` };
      }),
    );
    // Each of theirs between those of others.
    const all = others.flatMap((other, n) => [other, ...(n % 2 === 0 ? own.slice(n / 2, n / 2 + 1) : [])]);
    const answers = await atOnce(all.map((changer) => () => changeProfile(changer)));
    const websites = answers.map((answer) => accepted(answer).flow?.traits?.website);
    expect(websites).toEqual(all.map(({ website }) => website));
    expect(Number(await versionOf(server, person.id))).toBe(before + 10);
    for (const other of others) expect(await storedOf(other)).toBe("changed");
    const latest = accepted(await visitor.whoami()).traits.website;
    expect(own.map(({ website }) => website)).toContain(latest);
    const etags = new Map(
      all.flatMap((changer, n) =>
        changer.person.id === person.id ? [[accepted(answers[n] as Answer<Done>).etag, changer.website]] : [],
      ) as [string, string][],
    );
    expect(etags.size).toBe(10);
    expect(etags.get(String(before + 10))).toBe(latest);
  });

  it.each(["before", "after"] as const)(
    "are in doubt where the connection ends %s their COMMIT, and it is all of each or nothing",
    async (cut) => {
      const changers = await newChangers(12);
      let isWritten = false;
      let commits = 0;
      proxy.rule(({ text }) => {
        isWritten ||= text.startsWith("UPDATE identities SET traits = CASE");
        if (!isWritten || text !== "COMMIT") return undefined;
        commits += 1;
        return commits === 1 ? { cut } : undefined;
      });
      const answers = await atOnce(changers.map((changer) => () => changeProfile(changer)));
      proxy.mend();
      expect(answers.map((answer) => refused(answer).reason)).toEqual(changers.map(() => "OUTCOME_UNKNOWN"));
      const stored = await Promise.all(changers.map(storedOf));
      expect(stored).toEqual(changers.map(() => (cut === "after" ? "changed" : "as it was")));
      // Nobody is kept from doing it again.
      const again = await atOnce(changers.map((changer) => () => changeProfile(changer)));
      expect(again.filter(({ ok }) => !ok)).toEqual([]);
      expect(await Promise.all(changers.map(storedOf))).toEqual(changers.map(() => "changed"));
    },
  );

  it("are all saved where a statement of all of them is lost", async () => {
    const changers = await newChangers(12);
    let losses = 0;
    proxy.rule(({ text }) =>
      text.startsWith("UPDATE flows") && text.includes("CASE") && losses++ === 0 ? { cut: "after" } : undefined,
    );
    const answers = await atOnce(changers.map((changer) => () => changeProfile(changer)));
    expect(losses).toBe(1);
    expect(answers.filter(({ ok }) => !ok)).toEqual([]);
    expect(await Promise.all(changers.map(storedOf))).toEqual(changers.map(() => "changed"));
  });
});

describe("people whose submits are refused at the same moment", () => {
  /** What each of three sends, and where that is told to be wrong. */
  const wrong = [
    { node: "traits.name.first", traits: (n: number) => ({ name: { first: "X", last: `of number ${n}` } }) },
    { node: "traits.website", traits: (n: number) => ({ website: `no address ${n}` }) },
    { node: "traits.age", traits: (n: number) => ({ age: n % 18 }) },
  ] as const;
  const wrongOf = (n: number) => wrong[n % 5 === 4 ? 2 : n % 2] ?? wrong[0];

  it("each have a form with what was wrong with their own, by fewer statements than people", async () => {
    const changers = await newChangers(24);
    const all = Promise.withResolvers<void>();
    let waiting = 0;
    server.gate.watch(async (statement) => {
      if (!statement.startsWith("UPDATE flows")) return;
      waiting += 1;
      if (waiting === changers.length) all.resolve();
      await all.promise;
    });
    let sent = 0;
    proxy.rule(({ text }) => {
      if (text.startsWith("UPDATE flows")) sent += 1;
      return undefined;
    });
    const answers = await Promise.all(
      changers.map(({ visitor, person, flow }, n) =>
        visitor.settings.update(flow, {
          method: "profile",
          traits: { email: person.email, ...wrongOf(n).traits(n) },
        }),
      ),
    );
    server.gate.watch(undefined);
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThanOrEqual(3);
    for (const [n, { visitor, person, flow }] of changers.entries()) {
      const { reason, texts } = refused(answers[n] as Answer<Done>);
      expect([n, reason, texts.map(({ node }) => node)]).toEqual([n, "FORM_REJECTED", [wrongOf(n).node]]);
      const shown = accepted(await visitor.settings.get(flow));
      expect([n, shown.state, shown.texts]).toEqual([n, "show_form", texts]);
      expect(shownIn(shown, "traits.email")).toBe(person.email);
      const typed = { website: `no address ${n}`, age: n % 18, name: `of number ${n}` };
      if (wrongOf(n).node === "traits.website") expect(shownIn(shown, "traits.website")).toBe(typed.website);
      else if (wrongOf(n).node === "traits.age") expect(Number(shownIn(shown, "traits.age"))).toBe(typed.age);
      else expect(shownIn(shown, "traits.name.last")).toBe(typed.name);
    }
  });

  it("are told of a form that is over as if they were alone, and the others have theirs", async () => {
    const changers = await newChangers(8);
    const gone = 3;
    const all = Promise.withResolvers<void>();
    let waiting = 0;
    server.gate.watch(async (statement) => {
      if (!statement.startsWith("UPDATE flows")) return;
      waiting += 1;
      if (waiting === changers.length) {
        await server.sql("UPDATE flows SET expires_at = ? WHERE id = ?", [
          server.clock.now(),
          idBytes(changers[gone]?.flow ?? ""),
        ]);
        all.resolve();
      }
      await all.promise;
    });
    const answers = await Promise.all(
      changers.map(({ visitor, person, flow }) =>
        visitor.settings.update(flow, { method: "profile", traits: { email: person.email, website: "nowhere" } }),
      ),
    );
    server.gate.watch(undefined);
    expect(answers.map((answer) => refused(answer).reason)).toEqual(
      changers.map((_, n) => (n === gone ? "FLOW_EXPIRED" : "FORM_REJECTED")),
    );
  });
});
