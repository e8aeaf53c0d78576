import { requestGoals } from "./goals.ts";
import type { EventsResult, SettingsWithEvent } from "./measure-events.ts";
import type { FloodResult } from "./measure-floods.ts";
import type { InterferenceResult } from "./measure-interference.ts";
import type { LoginsResult } from "./measure-logins.ts";
import type { MailResult, SettingsWithMail } from "./measure-mail.ts";
import type { PagesResult } from "./measure-pages.ts";
import type { ProtocolResult } from "./measure-protocols.ts";
import type { RequestResult } from "./measure-requests.ts";
import type { TimingResult } from "./measure-timing.ts";
import type { Conditions, Memory, Results, Verdict } from "./results.ts";
import type { Measured } from "./rounds.ts";

/** Writes results as text for people. */
export const report = ({
  conditions,
  memory,
  requests,
  protocols,
  interference,
  timing,
  floods,
  pages,
  mail,
  events,
  logins,
  verdicts,
}: Results): string =>
  [
    reportConditions(conditions),
    ...(requests.length > 0 ? [reportRequests(requests)] : []),
    ...(protocols.length > 0 ? [reportProtocols(protocols)] : []),
    ...(interference === undefined ? [] : [reportInterference(interference)]),
    ...(floods.length > 0 ? [reportFloods(floods)] : []),
    ...(timing === undefined ? [] : [reportTiming(timing)]),
    ...(memory === undefined ? [] : [reportMemory(memory)]),
    ...(pages === undefined ? [] : [reportPages(pages)]),
    ...(mail === undefined ? [] : [reportMail(mail)]),
    ...(events === undefined ? [] : [reportEvents(events)]),
    ...(logins === undefined ? [] : [reportLogins(logins)]),
    reportVerdicts(verdicts),
  ].join("\n\n");

/** Above this, others change the figures by more than rounds and medians make up for. */
const tooBusy = 0.05;

const reportConditions = (c: Conditions): string => {
  const busy =
    c.others > tooBusy
      ? `\nOthers took ${percent(c.others)} of the machine meanwhile: take the figures with care.`
      : "";
  return `${c.cores} cores (${c.processor}), shared by server, database and load generator (${c.generator}).
Node ${c.node}, ${c.database}, commit ${c.commit}. ${c.connections} connections, ${c.people} people, ${c.hash}.
Medians of ${c.rounds} x ${c.duration} s after ${c.warm} s under load, taken in turns with the bare limit.${busy}`;
};

const reportTiming = ({ kinds, pairs, codes }: TimingResult): string =>
  [
    "Failed sign-ins, ms, and Welch's statistic of each pair of kinds:",
    ...kinds.map(
      ({ name, mean, deviation, samples }) =>
        `  ${name.padEnd(16)} ${mean.toFixed(1)} (deviation ${deviation.toFixed(1)}, ${samples} samples)`,
    ),
    ...pairs.map(({ one, other, z }) => `  ${`${one} - ${other}`.padEnd(34)} z ${z.toFixed(1)}`),
    "Answers that must not say who has an address, medians in ms for known and unknown ones, and the rank statistic:",
    ...codes.ways.map(
      ({ name, known, unknown, z }) =>
        `  ${name.padEnd(34)} ${known.toFixed(1)} ${unknown.toFixed(1)}  z ${z.toFixed(1)}`,
    ),
  ].join("\n");

const reportRequests = (requests: readonly RequestResult[]): string => {
  const rows = requests.map(({ name, ostiary: { median: own }, bare: { median: bare }, share, alone }) => {
    const { reference } = requestGoals[name];
    return [
      name,
      own.perSecond.toFixed(0),
      bare.perSecond.toFixed(0),
      percent(share),
      own.p50.toFixed(1),
      own.p99.toFixed(1),
      bare.p50.toFixed(1),
      bare.p99.toFixed(1),
      `${number(alone.ostiary.statements)}${alone.ostiary.commits > 0 ? `+${number(alone.ostiary.commits)}` : ""}`,
      number(own.statements),
      number(bare.statements),
      `${own.cpu.server.toFixed(0)}/${own.cpu.database.toFixed(0)}`,
      `${bare.cpu.server.toFixed(0)}/${bare.cpu.database.toFixed(0)}`,
      own.memory.server.toFixed(0),
      reference === undefined ? "" : `${reference.perSecond}, ${reference.statements}`,
      reference === undefined ? "" : `x ${(own.perSecond / reference.perSecond).toFixed(1)}`,
    ];
  });
  const head = [
    "REST",
    "req/s",
    "bare",
    "share",
    "p50",
    "p99",
    "bare p50",
    "p99",
    "SQL",
    "loaded",
    "bare",
    "µs",
    "bare µs",
    "MB",
    "reference",
    "",
  ];
  return `${table([head, ...rows])}

p50 and p99 in ms. SQL: statements per request that is alone, + commits; loaded: under load, where requests share them.
µs: processor time per request, of server / database. reference: its requests/s and statements on a like machine.`;
};

const reportProtocols = (protocols: readonly ProtocolResult[]): string => {
  const row = (name: string, label: string, { median: m }: Measured, share: number | undefined) => [
    name,
    label,
    m.perSecond.toFixed(0),
    m.p50.toFixed(1),
    m.p99.toFixed(1),
    m.cpu.server.toFixed(0),
    share === undefined ? "" : percent(share),
  ];
  const rows = protocols.flatMap(({ name, rest, connect, connectShare, grpc }) => [
    row(name, "REST", rest, undefined),
    row(name, "Connect, JSON", connect, connectShare),
    ...(grpc === undefined
      ? []
      : [
          row(name, "REST, by h2load, one person", grpc.rest, undefined),
          row(name, "gRPC, by h2load, one person", grpc.grpc, grpc.share),
        ]),
  ]);
  const missing = protocols.some(({ grpc }) => grpc === undefined)
    ? "\ngRPC was not measured: h2load was not found (apt-get install nghttp2-client)."
    : "";
  return `${table([["", "protocol", "req/s", "p50", "p99", "µs", "of REST"], ...rows], 2)}${missing}`;
};

const reportInterference = ({ bound, offered, done, refused, paced, saturated }: InterferenceResult): string => {
  const row = (label: string, { perSecond, p50, p99, times }: InterferenceResult["paced"]) => [
    label,
    `${perSecond.baseline.toFixed(0)} -> ${perSecond.busy.toFixed(0)}`,
    `${p50.baseline.toFixed(1)} -> ${p50.busy.toFixed(1)}`,
    `${p99.baseline.toFixed(1)} -> ${p99.busy.toFixed(1)}`,
    `x ${times.toFixed(1)}`,
  ];
  return `${table([
    ["whoami beside password changes", "req/s", "p50", "p99", "p99"],
    row("at a steady pace", paced),
    row("as fast as it goes", saturated),
  ])}

Hashing allows ${bound.toFixed(0)} password changes a second; ${offered.toFixed(0)} were offered,
${done.toFixed(0)} done, ${refused.toFixed(0)} refused.`;
};

const reportFloods = (floods: readonly FloodResult[]): string => {
  const rows = floods.map(({ name, p99, perSecond, times, memory, answers }) => [
    name,
    p99.baseline.toFixed(1),
    p99.busy.toFixed(1),
    `x ${times.toFixed(1)}`,
    perSecond.baseline.toFixed(0),
    perSecond.busy.toFixed(0),
    memory.toFixed(0),
    Object.entries(answers)
      .map(([status, count]) => `${status}: ${count}`)
      .join(", "),
  ]);
  const head = ["whoami beside a flood", "p99", "beside", "", "req/s", "beside", "MB", "the flood was answered"];
  return `${table([head, ...rows])}

p99 in ms. MB: what the server holds more when the flood is over.`;
};
const reportPages = ({ pages, oneWord }: PagesResult): string =>
  `${table([
    ["page, at a first visit", "bytes", "first paint, ms", "best", "layout shift"],
    ...[...pages, oneWord].map(({ name, bytes, firstPaint, best, shift }) => [
      name,
      bytes.toFixed(0),
      firstPaint.toFixed(0),
      best.toFixed(0),
      shift.toFixed(3),
    ]),
  ])}`;

const reportMail = ({ settings: s, delivery: d }: MailResult): string => {
  const rows = (how: string, { perSecond, share, statements, commits, serverCpu, databaseCpu }: SettingsWithMail) =>
    (["without", "withMail"] as const).map((of) => [
      of === "without" ? "without a mail" : how,
      perSecond[of].toFixed(0),
      of === "without" ? "" : percent(share),
      number(statements[of]),
      number(commits[of]),
      number(serverCpu[of]),
      number(databaseCpu[of]),
    ]);
  return `${table([
    ["change of an address", "req/s", "of it", "SQL", "commits", "server, ms", "database, ms"],
    ...rows("with one, queued", s.queued),
    ...rows("with one, delivered by another process", s.byOtherProcess),
    ...rows("with one, delivered by the same process", s.beside),
  ])}

SQL, commits and processor time are with all that the mail costs until it is delivered, where it is delivered meanwhile;
the other process, of lower priority, takes ${number(s.byOtherProcess.delivererCpu)} ms for each mail.
${d.nodes} nodes deliver ${d.perSecond.toFixed(0)} mails a second;
a mail is accepted and not yet written down for ${number(d.windowMs ?? 0)} ms.`;
};

const reportEvents = ({ settings: s, delivery: d }: EventsResult): string => {
  const rows = (how: string, { perSecond, share, statements, commits, serverCpu, databaseCpu }: SettingsWithEvent) =>
    (["without", "withEvent"] as const).map((of) => [
      of === "without" ? "without an event" : how,
      perSecond[of].toFixed(0),
      of === "without" ? "" : percent(share),
      number(statements[of]),
      number(commits[of]),
      number(serverCpu[of]),
      number(databaseCpu[of]),
    ]);
  return `${table([
    ["change of a name", "req/s", "of it", "SQL", "commits", "server, ms", "database, ms"],
    ...rows("with one that nobody delivers", s.queued),
    ...rows("with one, delivered by another process", s.byOtherProcess),
    ...rows("with one, delivered by the same process", s.beside),
  ])}

SQL, commits and processor time are with all that the event costs until it is delivered; the other process, of lower
priority, takes ${number(s.byOtherProcess.delivererCpu)} ms for each event.
${d.nodes} nodes deliver ${d.perSecond.toFixed(0)} events a second; of ${d.events}, ${d.lost} were lost,
${d.twice} came twice and ${d.outOfOrder} out of order.`;
};

const reportLogins = (logins: LoginsResult): string =>
  `${table([
    ["sign-in, the hash left out", "req/s", "SQL", "commits", "server, ms", "database, ms", "of it"],
    ...(
      [
        ["password, without limits", logins.withoutLimits, undefined],
        ["password", logins.password, logins.limitedShare],
        ["TOTP, of the password's", logins.totp, logins.totpShare],
        ["passkey, of the password's", logins.passkey, logins.passkeyShare],
      ] as const
    ).map(([label, { perSecond, statements, commits, cpu }, share]) => [
      label,
      perSecond.toFixed(0),
      number(statements),
      number(commits),
      number(cpu.server),
      number(cpu.database),
      share === undefined ? "" : percent(share),
    ]),
  ])}`;

const reportMemory = (m: Memory): string =>
  `Resident, MB: ${m.nextStart.toFixed(0)} at rest (${m.firstStart.toFixed(0)} at the very first start, before compiled
code is cached), ${m.underLoad.toFixed(0)} under load and ${m.hashingUnderLoad.toFixed(0)} in the hashing process,
${m.afterwards.toFixed(0)} afterwards. The bare limit: ${m.bareUnderLoad.toFixed(0)} under load.`;

const reportVerdicts = (verdicts: readonly Verdict[]): string => {
  const rows = verdicts.map(({ goal, wanted, got, met }) => [met ? "  met" : "MISSED", goal, wanted, got]);
  const met = verdicts.filter((verdict) => verdict.met).length;
  return `${table([["", "goal", "wanted", "got"], ...rows], 2)}\n\n${met} of ${verdicts.length} goals met.`;
};

/** Columns side by side; the first `left` are aligned to the left. */
const table = (rows: readonly (readonly string[])[], left = 1): string => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, at) => (at < left ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
};

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
/** Without digits that say nothing. */
const number = (value: number): string => value.toFixed(2).replace(/\.?0+$/, "");
