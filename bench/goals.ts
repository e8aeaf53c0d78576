/** What a run is made of. */
export const parts = [
  "memory",
  "requests",
  "protocols",
  "interference",
  "timing",
  "floods",
  "pages",
  "mail",
  "events",
  "logins",
  "identities",
] as const;
export type Part = (typeof parts)[number];

/** The reference's figures on two cores with MySQL 9.7 and 32 connections, argon2 16 MB x 1. */
interface Reference {
  readonly perSecond: number;
  readonly statements: number;
}

/** What one request must reach. */
export interface RequestGoal {
  /** Most statements: SELECT, INSERT, UPDATE and DELETE. Undefined: no goal was set. */
  readonly statements: number | undefined;
  readonly reference: Reference | undefined;
  /** How many times the reference we want; password changes are bound by hashing. */
  readonly times: number | undefined;
}

/** By name of request, in the order of the table. */
export const requestGoals = {
  whoami: { statements: 1, reference: { perSecond: 510, statements: 6 }, times: 10 },
  create: { statements: 2, reference: { perSecond: 270, statements: 7 }, times: 10 },
  get: { statements: 1, reference: { perSecond: 350, statements: 10 }, times: 10 },
  update: { statements: 3, reference: { perSecond: 66, statements: 28 }, times: 10 },
  rejected: { statements: undefined, reference: { perSecond: 230, statements: 15 }, times: 10 },
  login: { statements: undefined, reference: undefined, times: undefined },
  password: { statements: undefined, reference: { perSecond: 23, statements: 34 }, times: undefined },
} as const satisfies Record<string, RequestGoal>;

export type RequestName = keyof typeof requestGoals;
export const requestNames = Object.keys(requestGoals) as readonly RequestName[];

/** Goals that are no request's own. */
export const goals = {
  /** Of the bare limit's requests per second. */
  shareOfBare: 0.8,
  /** Of what REST does by the same load generator. */
  shareOfRest: 0.5,
  /** Resident at rest, in MB. */
  memoryAtRest: 150,
  /** Of two kinds of failed sign-in, by Welch's statistic: beyond it, time tells them apart. */
  timing: 3,
  /** p99 of whoami under password changes, in multiples of the baseline. */
  interference: 2,
  /** Sign-ins by TOTP, of those by a password without its hash. */
  totp: 0.9,
  /** Changes of an address that queue a mail, of those that queue none. */
  withMail: 0.8,
  /** Changes of a name of which a receiver hears, of those without an event. */
  withEvent: 0.85,
  /** p99 of whoami under a flood of strangers, in multiples of the baseline. */
  flood: 3,
  /** Of what operators do a second with few people, in multiples of the same with many. */
  identities: 1.3,
} as const;

/** The budget of each page that comes with the server. */
export const pageGoals = {
  /** Transferred at a first visit. */
  bytes: 60_000,
  /** Milliseconds to the first contentful paint, on the same machine. */
  firstPaint: 100,
} as const;
