import { existsSync, readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Accepted, accepted, findAccepted } from "./accepted.ts";
import { matches } from "./compare.ts";
import { type Recording, replay } from "./replay.ts";
import type { Scenario } from "./scenario-client.ts";
import { type RunningWorld, startWorld } from "./server.ts";
import { waiting } from "./waiting.ts";

/*
 * Exchanges with Ory Kratos, recorded, against this server: every answer is the
 * recorded one, or differs as docs/differences-from-ory-kratos.md says.
 * README.md says how to add to them. COMPATIBILITY_ONLY names a part.
 */

const here = (name: string): URL => new URL(name, import.meta.url);
const only = process.env.COMPATIBILITY_ONLY || "*";

const groups = await Promise.all(
  readdirSync(here("scenarios"))
    .filter((name) => name.endsWith(".mjs"))
    .sort()
    .map(async (name) => {
      const { scenarios } = (await import(here(`scenarios/${name}`).href)) as {
        readonly scenarios: Readonly<Record<string, Scenario>>;
      };
      return Object.entries(scenarios).map(([title, play]) => ({
        name: `${name.slice(0, -".mjs".length)}/${title}`,
        play,
      }));
    }),
);
const all = groups.flat();
const played = all.filter(({ name }) => matches(only, name));

const recordingOf = (name: string): URL => {
  const [group = "", title = ""] = name.split("/", 2);
  return here(`recorded/${group}/${title.replace(/[^a-z0-9]+/gi, "-")}.json`);
};

const waitsFor = (name: string): string | undefined =>
  waiting.scenarios.find(({ scenario }) => matches(scenario, name))?.for;

let world: RunningWorld;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.close());

const used = new Set<Accepted>();
const unbuilt = new Set(Object.keys(waiting.nodeGroups));
const built = new Set<string>();

/** What differs and is not meant to. */
const differencesOf = async (name: string, play: Scenario) => {
  const recording = JSON.parse(readFileSync(recordingOf(name), "utf8")) as Recording;
  const { differences, groups: seen } = await replay(world, play, recording, unbuilt);
  for (const group of seen) if (unbuilt.has(group)) built.add(group);
  return differences.filter((difference) => {
    const entry = findAccepted(name, difference);
    if (entry) used.add(entry);
    return entry === undefined;
  });
};

describe("is answered as recorded", () => {
  const compared = played.filter(({ name }) => waitsFor(name) === undefined);
  it.each(compared)("$name", { timeout: 60_000 }, async ({ name, play }) => {
    world.mailbox.timeout = 15;
    expect(await differencesOf(name, play)).toEqual([]);
  });
});

const waits = played.filter(({ name }) => waitsFor(name) !== undefined);
describe("is not answered yet as recorded, and is listed in waiting.json", () => {
  it("exists", () => {
    const stray = waiting.scenarios.filter(({ scenario }) => !all.some(({ name }) => matches(scenario, name)));
    expect(stray).toEqual([]);
  });

  it.each(waits.map((each) => ({ ...each, feature: waitsFor(each.name) })))(
    "$name waits for $feature",
    { timeout: 60_000 },
    async ({ name, play }) => {
      // A mail that a courier sends comes within this time.
      world.mailbox.timeout = 1;
      expect(await differencesOf(name, play), "it passes: take it out of waiting.json").not.toEqual([]);
    },
  );
});

describe("the lists", () => {
  it("have a recording for every scenario, and a scenario for every recording", () => {
    expect(all.filter(({ name }) => !existsSync(recordingOf(name))).map(({ name }) => name)).toEqual([]);
    const recordings = readdirSync(here("recorded"), { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".json"),
    );
    expect(new Set(all.map(({ name }) => recordingOf(name).pathname)).size).toBe(recordings.length);
  });

  it("name node groups that are not there yet", () => {
    expect([...built], "take them out of waiting.json").toEqual([]);
  });

  it("accept no difference that is not there", () => {
    if (played.length !== all.length) return;
    // One that a feature ends may be hidden by scenarios that wait for it.
    expect(
      accepted.filter((entry) => !used.has(entry) && entry.until === undefined && entry.unseen === undefined),
    ).toEqual([]);
  });
});
