import { beforeAll, describe, expect, it } from "vitest";
import type { DatabaseProxy, Fault } from "./database-proxy.ts";
import type { Answer } from "./protocol.ts";
import { allRows, changesBetween, emptyTables, type Rows } from "./row-changes.ts";
import type { TestServer } from "./server.ts";

/* Calls whose connection to the database is cut at each of their statements. */

/** A server, and what is between it and its database. */
export interface Broken {
  readonly proxy: DatabaseProxy;
  readonly server: TestServer;
}

/** Sets a scene and gives what is done in it; doing it again is what a client does who was told that it failed. */
export type Scene = () => Promise<() => Promise<Answer<unknown>>>;

/** What connections are set up with, and what is done beside all requests. */
const isBeside = (text: string): boolean =>
  /^(?:SET SESSION|SHOW |SELECT VERSION|SELECT 1$|DELETE FROM \w+ WHERE \w+ <= \?)/.test(text) ||
  /\b(?:jobs|schema_migrations|security_events_relay)\b/.test(text) ||
  // Messages are delivered meanwhile.
  /^(?:SELECT|UPDATE) [\s\S]*\bcourier_messages\b/.test(text);

/** The statements of one undisturbed run, and what they change. */
export const record = async ({ proxy, server }: Broken, scene: Scene) => {
  const act = await scene();
  const before = await allRows(server);
  const statements: string[] = [];
  proxy.rule(({ text }) => {
    if (!isBeside(text)) statements.push(text);
    return undefined;
  });
  const answer = await act();
  proxy.mend();
  return { statements, answer, changes: changesOf(before, await allRows(server)) };
};

/** Does `fault` to the statement of that place among those of a request, once. */
const faultAt = (proxy: DatabaseProxy, place: number, fault: Fault) => {
  let count = 0;
  let isDone = false;
  proxy.rule(({ text }) => {
    if (isDone || isBeside(text) || count++ !== place) return undefined;
    isDone = true;
    return fault;
  });
  return () => isDone;
};

/** What messages wait for is done meanwhile: what became of those that were there before is nobody's change. */
const changesOf = (before: Rows, after: Rows): readonly string[] =>
  changesBetween(before, after).filter((line) => !line.startsWith("courier_messages ~"));

type Recorded = Awaited<ReturnType<typeof record>>;

const isSame = (one: Answer<unknown>, other: Answer<unknown>): boolean =>
  one.ok ? other.ok : !other.ok && one.reason === other.reason;

/** What is untrue of an answer, given what is there; undefined: nothing. */
const untruth = (answer: Answer<unknown>, found: readonly string[], usual: Recorded): string | undefined => {
  const said = answer.ok ? "done" : answer.reason;
  const isWhole = found.join() === usual.changes.join();
  if (!isWhole && found.length > 0) return `${said}, and there is a part: ${found.join()}`;
  if (isSame(answer, usual.answer)) return isWhole ? undefined : `${said}, and it is not there`;
  return isWhole && said !== "OUTCOME_UNKNOWN" ? `${said}, and it is there` : undefined;
};

/** Plays the scene with the connection cut at one place, and says what was wrong. */
const cutAt = async (
  { proxy, server }: Broken,
  scene: Scene,
  usual: Recorded,
  place: number,
  cut: "before" | "after",
): Promise<string[]> => {
  const act = await scene();
  const before = await allRows(server);
  const changes = async () => changesOf(before, await allRows(server));
  const wasDone = faultAt(proxy, place, { cut });
  const answer = await act();
  proxy.mend();
  const wrong = [wasDone() ? undefined : "was never sent", untruth(answer, await changes(), usual)];
  if (!isSame(answer, usual.answer)) {
    const again = await act();
    if (!again.ok && again.reason === "INTERNAL") wrong.push("fails when repeated");
    if ((await changes()).length === 0) wrong.push("is not there when repeated");
  }
  const where = `cut ${cut} ${place}: ${usual.statements[place]?.slice(0, 60)}`;
  return wrong.flatMap((what) => (what === undefined ? [] : [`${where}: ${what}`]));
};

/** Breaks the call of each scene at each of its statements. `broken` is asked when the tests run. */
export const describeBrokenCalls = (scenes: Readonly<Record<string, Scene>>, broken: () => Broken): void => {
  describe("a call that is broken at any of its statements", () => {
    let first: Rows;
    beforeAll(async () => {
      first = await allRows(broken().server);
    });

    it.each(Object.entries(scenes))(
      "does %s wholly or not at all, says which, and can be repeated",
      async (_, scene) => {
        const usual = await record(broken(), scene);
        expect(usual.statements.length).toBeGreaterThan(0);
        expect(usual.changes).not.toEqual([]);
        const wrong: string[] = [];
        // A read leaves nothing behind: cut before or after, it was not answered.
        for (const [place, statement] of usual.statements.entries())
          for (const cut of statement.startsWith("SELECT") ? (["before"] as const) : (["before", "after"] as const)) {
            // All rows are read again and again: those of the scenes before would take most of the time.
            await emptyTables(broken().server, first);
            wrong.push(...(await cutAt(broken(), scene, usual, place, cut)));
          }
        expect(wrong).toEqual([]);
      },
      180_000,
    );
  });
};
