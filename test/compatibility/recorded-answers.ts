import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { type Accepted, accepted } from "./accepted.ts";
import { matches } from "./compare.ts";
import type { AnswerToCheck } from "./documented.ts";
import { waiting } from "./waiting.ts";

/* The recorded answers as they came over the wire: with values where the recordings have placeholders. */

/** A recorded answer, and where it stands. */
export interface RecordedAnswerToCheck extends AnswerToCheck {
  /** As it was recorded; the rest is what this server answers in its place, where a difference is meant. */
  readonly recorded: AnswerToCheck;
  readonly scenario: string;
  readonly label: string;
}

interface RecordedStep {
  readonly label: string;
  readonly request: { readonly method: string; readonly url: string };
  readonly answer: { readonly status: number; readonly body?: unknown };
}

const folder = path.join(import.meta.dirname, "recorded");

/** Placeholders of what is no text. */
const others: Readonly<Record<string, unknown>> = { "{send_count}": 1, "{dispatches}": [] };

/** What stands for each placeholder, where its text is not good enough: in texts of its own. */
const values: readonly (readonly [RegExp, string])[] = [
  [/^\{id:(\d+)\}$/, "0198f2a4-6a1c-7c3e-9d2b-000000000000"],
  [/^\{time\}$/, "2026-01-31T10:00:00.25Z"],
];

/** The same value with what placeholders stand for. */
const filled = (value: unknown): unknown => {
  if (typeof value === "string")
    return others[value] ?? values.reduce((text, [from, to]) => text.replace(from, to), value);
  if (Array.isArray(value)) return value.map(filled);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, filled(member)]));
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Members that accepted differences are about, wherever they stand: `error.id` is `id`. */
const acceptedMembers = [...new Set(accepted.map(({ where }) => where.split(".").at(-1) ?? ""))];

/** The accepted differences that say what stands there instead, with the member that each is about. */
const insteads = accepted
  .filter((entry) => "ours" in entry && !String(entry.ours).includes("*"))
  .map((entry) => ({ entry, member: entry.where.split(".").at(-1) ?? "", json: JSON.stringify(entry.recorded) }));

/** Those that a member of this name may fit. */
const insteadsOf = new Map<string, typeof insteads>();

/** The accepted difference of one value, if it says what stands there instead. */
const insteadOf = (place: string, recorded: unknown): Accepted | undefined => {
  const name = place.split(".").at(-1) ?? "";
  const known = insteadsOf.get(name);
  const mayFit = known ?? insteads.filter(({ member }) => member === name || member.includes("*"));
  if (known === undefined) insteadsOf.set(name, mayFit);
  return mayFit.find(({ entry, json }) => matches(entry.where, place) && json === JSON.stringify(recorded ?? null))
    ?.entry;
};

/** What this server answers in place of a recorded value, by the differences that are meant. */
const asOurs = (value: unknown, place: string): unknown => {
  if (Array.isArray(value)) return value.map((each, index) => asOurs(each, `${place}[${index}]`));
  if (!isObject(value)) return value;
  const members = new Set([...Object.keys(value), ...acceptedMembers]);
  return Object.fromEntries(
    [...members].flatMap((name) => {
      const entry = insteadOf(`${place}.${name}`, value[name]);
      if (entry !== undefined) return entry.ours === null ? [] : [[name, entry.ours]];
      return name in value ? [[name, asOurs(value[name], `${place}.${name}`)]] : [];
    }),
  );
};

interface Recorded {
  readonly name: string;
  readonly steps: readonly RecordedStep[];
}

const read = (name: string): Recorded => JSON.parse(readFileSync(path.join(folder, name), "utf8")) as Recorded;

const waits = (scenario: string): boolean => waiting.scenarios.some((each) => matches(each.scenario, scenario));

/** Whether the whole answer is another one here, by a difference that is meant. */
const isAnotherHere = (place: string): boolean =>
  accepted.some((entry) => !("recorded" in entry) && !("ours" in entry) && matches(entry.where, place));

/** Every recorded answer of what is built, as far as this server gives it at all. */
export const recordedAnswers: readonly RecordedAnswerToCheck[] = readdirSync(folder, {
  recursive: true,
  encoding: "utf8",
})
  .filter((name) => name.endsWith(".json"))
  .sort()
  .map(read)
  .filter(({ name }) => !waits(name))
  .flatMap(({ name: scenario, steps }) =>
    steps.flatMap(({ label, request, answer }) => {
      if (isAnotherHere(`${scenario}: ${label}`)) return [];
      const [, port = "", place = ""] = /^\{(public|admin)\}([^?]*)/.exec(request.url) ?? [];
      const toCheck = ({ status, body }: RecordedStep["answer"]): AnswerToCheck => ({
        port: port === "admin" ? "admin" : "public",
        verb: request.method,
        path: place.replaceAll(/\{id:\d+\}/g, "x"),
        status,
        body: isObject(body) || Array.isArray(body) ? filled(body) : undefined,
      });
      const ours = asOurs(answer, `${scenario}: ${label}`) as RecordedStep["answer"];
      return [{ scenario, label, recorded: toCheck(answer), ...toCheck(ours) }];
    }),
  );
