import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import { isDuplicate, SqlError } from "../db/sql-error.ts";
import type { MovedPerson } from "./convert/conversion.ts";
import type { MoveDeps, MoveOptions } from "./move-deps.ts";
import type { RefusedPerson, Tally } from "./report.ts";
import type { SourcePerson } from "./source/source-person.ts";
import { type Changed, createChangePerson } from "./target/change-person.ts";
import { createConflicts } from "./target/conflicts.ts";
import { createInsertPeople, type MoveCandidate } from "./target/insert-people.ts";
import { createMarks } from "./target/marks.ts";

/** Creates what is done with those of a batch who are new, who changed, and who are gone. */
export const createBatchHandling = (deps: MoveDeps, { dryRun = false, onRefused }: MoveOptions, tally: Tally) => {
  const { source, db, convert, clock, digestKey, identities } = deps;
  const key = createSecretKey(digestKey, "utf8");
  const marks = createMarks(source.network);
  const insert = createInsertPeople(db, marks);
  const conflicts = createConflicts(db);
  const { change, remove } = createChangePerson(db, { marks, identities, clock });

  const refuse = (person: RefusedPerson): void => {
    tally.refused(person);
    onRefused?.(person);
  };

  const read = async (ids: readonly string[], at: Date): Promise<readonly MoveCandidate[]> => {
    const people = await source.people(ids, { at, now: clock.now() });
    return people.flatMap(({ person, digest }): MoveCandidate[] => {
      const converted = convert(person);
      if (converted.kind === "moved")
        return [{ person: converted, digest, content: contentOf(person, key), lapsed: person.lapsed }];
      refuse(converted);
      return [];
    });
  };

  const count = (people: readonly MovedPerson[], outcome: "moved" | "changed"): void => {
    tally.count(outcome, people.length);
    for (const person of people) tally.brought(person);
  };

  /** Who would be written, and who not. */
  const tried = async (candidates: readonly MoveCandidate[]) => {
    const rejected = await conflicts.find(candidates.map(({ person }) => person));
    const ids = new Set(rejected.map(({ id }) => id));
    return { written: candidates.filter(({ person }) => !ids.has(person.identity.id)), rejected };
  };

  /** What became of it; undefined: it was refused. */
  const changeOne = async (candidate: MoveCandidate): Promise<Changed | undefined> => {
    try {
      return dryRun ? "changed" : await change(candidate);
    } catch (error) {
      if (!(error instanceof SqlError) || error.transient) throw error;
      const { id } = candidate.person.identity;
      const isConflict: boolean = isDuplicate(error);
      const explain = isConflict ? "what changed of it belongs to somebody else here" : refusedChange(error.code);
      refuse({ id, reason: isConflict ? "conflict" : "broken", explain });
      return undefined;
    }
  };

  return {
    /** @param at when they were listed, by the clock of the source */
    async insert(ids: readonly string[], at: Date): Promise<void> {
      const candidates = await read(ids, at);
      const { written, rejected } = await (dryRun ? tried(candidates) : insert(candidates));
      // Whoever has a mark by now was brought by another run at the same time.
      for (const rejection of rejected)
        if ((await marks.find(db, rejection.id)) === undefined) refuse(rejection);
        else tally.count("unchanged");
      count(
        written.map(({ person }) => person),
        "moved",
      );
    },

    async update(ids: readonly string[], at: Date): Promise<void> {
      for (const candidate of await read(ids, at)) {
        const { person } = candidate;
        const outcome = await changeOne(candidate);
        if (outcome === "changed") count([person], "changed");
        else if (outcome === "unchanged") tally.count("unchanged");
        else if (outcome !== undefined)
          refuse({ id: person.identity.id, reason: "kept", explain: unchangedBecause[outcome] });
      }
    },

    /** @param ids of those who were not listed; whoever came to the source since then is left alone */
    async remove(ids: readonly string[]): Promise<void> {
      const present = await source.present(ids);
      for (const id of ids.filter((each) => !present.has(each))) {
        const outcome = dryRun ? "deleted" : await remove(id);
        if (outcome === "deleted") tally.count("deleted");
        if (outcome === "kept")
          refuse({
            id,
            reason: "kept",
            explain: "it was deleted there, and changed or used here since it was imported",
          });
      }
    },
  };
};

const refusedChange = (code: string): string => `the database refuses its change: ${code}`;

const gone = "it was deleted here since it came";
const unchangedBecause = {
  kept: "it changed there, and was changed or used here since it came",
  stale: "the source gave an older version than the one that was imported: it may be a replica that lags",
  deleted_here: gone,
  deleted: gone,
} as const;

/** A keyed digest of all that somebody has at the source, but for sessions. */
const contentOf = ({ sessions: _, lapsed: __, ...person }: SourcePerson, key: KeyObject): Buffer =>
  createHmac("sha256", key).update(JSON.stringify(person)).digest();
