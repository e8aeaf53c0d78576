import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { goals, requestGoals } from "./goals.ts";
import type { EventsResult } from "./measure-events.ts";
import type { FloodResult } from "./measure-floods.ts";
import type { IdentitiesResult } from "./measure-identities.ts";
import type { InterferenceResult } from "./measure-interference.ts";
import type { LoginsResult } from "./measure-logins.ts";
import type { MailResult } from "./measure-mail.ts";
import { judgePage, type PagesResult } from "./measure-pages.ts";
import type { ProtocolResult } from "./measure-protocols.ts";
import type { RequestResult } from "./measure-requests.ts";
import type { TimingResult } from "./measure-timing.ts";
import type { World } from "./world.ts";

/** Everything a run found out; what is left out was not measured. */
export interface Results {
  readonly conditions: Conditions;
  readonly memory: Memory | undefined;
  readonly requests: readonly RequestResult[];
  readonly protocols: readonly ProtocolResult[];
  readonly interference: InterferenceResult | undefined;
  readonly floods: readonly FloodResult[];
  readonly pages: PagesResult | undefined;
  readonly timing: TimingResult | undefined;
  readonly mail: MailResult | undefined;
  readonly events: EventsResult | undefined;
  readonly logins: LoginsResult | undefined;
  readonly identities: IdentitiesResult | undefined;
  readonly verdicts: readonly Verdict[];
}

/** MB resident in the server's process; hashing is a process of its own. */
export interface Memory {
  readonly firstStart: number;
  readonly nextStart: number;
  readonly underLoad: number;
  readonly hashingUnderLoad: number;
  readonly bareUnderLoad: number;
  /** When nothing has been asked for some seconds, after all the load. */
  readonly afterwards: number;
}

/** What the figures were taken on, and with. */
export interface Conditions {
  readonly at: string;
  readonly commit: string;
  readonly node: string;
  readonly database: string;
  readonly processor: string;
  readonly cores: number;
  /** What others took of the machine meanwhile; 1 is all of it. */
  readonly others: number;
  readonly generator: string;
  readonly connections: number;
  readonly people: number;
  readonly duration: number;
  readonly warm: number;
  readonly rounds: number;
  readonly hash: string;
}

/** One goal, and whether it is met. */
export interface Verdict {
  readonly goal: string;
  readonly wanted: string;
  readonly got: string;
  readonly met: boolean;
}

const root = path.resolve(import.meta.dirname, "..");

/** Describes the run. */
export const describeConditions = ({ database, generator, h2load, options }: World, others: number): Conditions => {
  const [processor] = os.cpus();
  const { version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { readonly version: string };
  return {
    at: new Date().toISOString(),
    commit: commit() ?? version,
    node: process.version,
    database: `${database.engine} ${database.version}`,
    processor: processor?.model.trim() ?? os.arch(),
    cores: os.availableParallelism(),
    others,
    generator: h2load === undefined ? generator.name : `${generator.name}, h2load`,
    connections: options.connections,
    people: options.people,
    duration: options.duration,
    warm: options.warm,
    rounds: options.rounds,
    hash: options.hash === "reference" ? "argon2id 16 MB x 1" : "argon2id as by default",
  };
};

const commit = (): string | undefined => {
  const git = (...args: string[]) =>
    execFileSync("git", ["-C", root, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    const changed = git("status", "--porcelain", "--untracked-files=no", "src", "gen") !== "";
    return git("rev-parse", "--short", "HEAD") + (changed ? " and changes" : "");
  } catch {
    return undefined;
  }
};

/** Holds results against the goals. */
export const judge = ({
  memory,
  requests,
  protocols,
  interference,
  floods,
  pages,
  timing,
  mail,
  events,
  logins,
  identities,
}: Omit<Results, "verdicts" | "conditions">): readonly Verdict[] => [
  ...(memory === undefined ? [] : judgeMemory(memory)),
  ...requests.flatMap(judgeRequest),
  ...protocols.flatMap(judgeProtocols),
  ...(interference === undefined ? [] : judgeInterference(interference)),
  ...(timing === undefined ? [] : judgeTiming(timing)),
  ...(identities === undefined ? [] : judgeIdentities(identities)),
  ...floods.map(judgeFlood),
  ...(pages === undefined ? [] : pages.pages.flatMap(judgePage)),
  ...(mail === undefined ? [] : judgeMail(mail)),
  ...(events === undefined ? [] : judgeEvents(events)),
  ...(logins === undefined ? [] : judgeLogins(logins)),
];

const judgeLogins = ({ totpShare }: LoginsResult): readonly Verdict[] => [
  {
    goal: "sign-ins by TOTP, of those by a password without its hash",
    wanted: `${goals.totp * 100} %`,
    got: percent(totpShare),
    met: totpShare >= goals.totp,
  },
];

const judgeMail = ({ settings: { queued, byOtherProcess, beside } }: MailResult): readonly Verdict[] =>
  [
    { how: "is queued", share: queued.share },
    { how: "another process delivers meanwhile", share: byOtherProcess.share },
    { how: "the same process delivers meanwhile", share: beside.share },
  ].map(({ how, share }) => ({
    goal: `changes of an address with a mail that ${how}, of those without`,
    wanted: `${goals.withMail * 100} %`,
    got: percent(share),
    met: share >= goals.withMail,
  }));

const judgeEvents = ({ settings, delivery }: EventsResult): readonly Verdict[] => [
  ...[
    { how: "nobody", share: settings.queued.share },
    { how: "another process", share: settings.byOtherProcess.share },
    { how: "the same process", share: settings.beside.share },
  ].map(({ how, share }) => ({
    goal: `changes of a name with an event that ${how} delivers, of those without`,
    wanted: `${goals.withEvent * 100} %`,
    got: percent(share),
    met: share >= goals.withEvent,
  })),
  {
    goal: "events that are lost, or out of order within their identity",
    wanted: "none",
    got: `${delivery.lost + delivery.outOfOrder} of ${delivery.events}`,
    met: delivery.lost + delivery.outOfOrder === 0,
  },
];

const judgeIdentities = ({ few, many }: IdentitiesResult): readonly Verdict[] =>
  (["created", "imported", "listed", "fetched"] as const).map((name) => ({
    goal: `identities ${name}, with ${few.people} people against ${many.people}`,
    wanted: `at most ${goals.identities} times`,
    got: `${few[name].toFixed(0)}/s against ${many[name].toFixed(0)}/s, ${(few[name] / many[name]).toFixed(2)} times`,
    met: few[name] / many[name] <= goals.identities,
  }));

const judgeTiming = ({ worst, codes }: TimingResult): readonly Verdict[] => [
  {
    goal: "failed sign-ins, what time tells of who is there",
    wanted: `|z| under ${goals.timing}`,
    got: `|z| up to ${worst.toFixed(1)}`,
    met: worst < goals.timing,
  },
  {
    goal: "codes, what time tells of who has an address",
    wanted: `|z| under ${goals.timing}`,
    got: `|z| up to ${codes.worst.toFixed(1)}`,
    met: codes.worst < goals.timing,
  },
];

const judgeMemory = ({ firstStart, nextStart }: Memory): readonly Verdict[] =>
  [
    { goal: "memory at rest", mb: nextStart },
    { goal: "memory at rest, very first start", mb: firstStart },
  ].map(({ goal, mb }) => ({
    goal,
    wanted: `under ${goals.memoryAtRest} MB`,
    got: `${mb.toFixed(0)} MB`,
    met: mb < goals.memoryAtRest,
  }));

const judgeRequest = ({ name, ostiary, share, alone }: RequestResult): readonly Verdict[] => {
  const { statements, reference, times } = requestGoals[name];
  const verdicts: Verdict[] = [
    {
      goal: `${name}: of the bare limit`,
      wanted: `${goals.shareOfBare * 100} %`,
      got: percent(share),
      met: share >= goals.shareOfBare,
    },
  ];
  if (statements !== undefined) {
    const got = alone.ostiary.statements;
    verdicts.push({
      goal: `${name}: statements`,
      wanted: String(statements),
      got: got.toFixed(2),
      met: got <= statements + 0.05,
    });
  }
  if (reference !== undefined && times !== undefined) {
    const got = ostiary.median.perSecond / reference.perSecond;
    verdicts.push({
      goal: `${name}: of the reference`,
      wanted: `${times} times`,
      got: `${got.toFixed(1)} times`,
      met: got >= times,
    });
  }
  return verdicts;
};

const judgeProtocols = ({ name, connectShare, grpc }: ProtocolResult): readonly Verdict[] =>
  [
    { protocol: "Connect", share: connectShare },
    { protocol: "gRPC", share: grpc?.share },
  ].flatMap(({ protocol, share }) =>
    share === undefined
      ? []
      : [
          {
            goal: `${name}: ${protocol}, of REST`,
            wanted: `${goals.shareOfRest * 100} %`,
            got: percent(share),
            met: share >= goals.shareOfRest,
          },
        ],
  );

const judgeInterference = ({ paced, saturated }: InterferenceResult): readonly Verdict[] =>
  [
    { goal: "whoami's p99 beside password changes, steady pace", times: paced.times },
    { goal: "whoami's p99 beside password changes, as fast as it goes", times: saturated.times },
  ].map(({ goal, times }) => ({
    goal,
    wanted: `within ${goals.interference} times`,
    got: `${times.toFixed(1)} times`,
    met: times <= goals.interference,
  }));

const judgeFlood = ({ name, times }: FloodResult): Verdict => ({
  goal: `whoami's p99 beside ${name}`,
  wanted: `within ${goals.flood} times`,
  got: `${times.toFixed(1)} times`,
  met: times <= goals.flood,
});

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
