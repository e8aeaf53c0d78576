import type { JsonObject } from "@bufbuild/protobuf";
import { linksOf } from "../methods/oidc/credential.ts";
import { PASSKEY, readKeyRing } from "../methods/webauthn/key.ts";
import type { MovedPerson, RefusalReason } from "./convert/conversion.ts";

/** A person of the source who was not moved. It has no value of theirs. */
export interface RefusedPerson {
  readonly id: string;
  readonly reason: RefusalReason | "kept";
  readonly explain: string;
}

/** What a move did, or would do. */
export interface MoveReport {
  /** People at the source when the move began. */
  readonly found: number;
  /** New here. */
  readonly moved: number;
  /** Were here, and have what changed at the source. */
  readonly changed: number;
  readonly unchanged: number;
  /** Were deleted at the source, and so here. */
  readonly deleted: number;
  /** Were changed, used or deleted here since they came, and are left alone. */
  readonly kept: number;
  readonly refused: number;
  /** Of those who are new or changed: credentials by type, addresses by channel and state, sessions. */
  readonly credentials: Readonly<Record<string, number>>;
  readonly addresses: Readonly<Record<string, number>>;
  readonly sessions: number;
  /** By identity schema. */
  readonly schemas: Readonly<Record<string, number>>;
  /** Links by provider. */
  readonly providers: Readonly<Record<string, number>>;
  /** Passkeys by whether they verified their owner when they were made: `verified`, `unverified`, `unknown`. */
  readonly passkeys: Readonly<Record<string, number>>;
  /** What of people stays behind, by what it is. */
  readonly left: Readonly<Record<string, number>>;
  /** Why people were refused. */
  readonly reasons: Readonly<Record<string, number>>;
}

/** What is known of each passkey: rows of older releases have no flags. */
const verificationsOf = (config: JsonObject): readonly string[] =>
  readKeyRing({ version: 0, config }).keys.map(({ backupEligible, userVerified }) =>
    backupEligible === undefined ? "unknown" : userVerified ? "verified" : "unverified",
  );

type Counts = Record<string, number>;
const add = (counts: Counts, name: string, many = 1): void => {
  counts[name] = (counts[name] ?? 0) + many;
};

/** How somebody is counted. */
export type Outcome = "moved" | "changed" | "unchanged" | "deleted" | "kept" | "refused";

/** Counts people, and what they have, while a move goes on; `found` is how many there are at the source. */
export const createTally = (found: number) => {
  const people: Record<Outcome, number> = { moved: 0, changed: 0, unchanged: 0, deleted: 0, kept: 0, refused: 0 };
  const counts = { credentials: {}, addresses: {}, schemas: {}, providers: {}, passkeys: {}, left: {}, reasons: {} };
  const { credentials, addresses, schemas, providers, passkeys, left, reasons }: Record<keyof typeof counts, Counts> =
    counts;
  let sessions = 0;
  return {
    count(outcome: Outcome, many = 1): void {
      people[outcome] += many;
    },
    refused({ reason, explain }: RefusedPerson): void {
      people[reason === "kept" ? "kept" : "refused"] += 1;
      add(reasons, reason === "unknown_schema" ? explain : reason);
    },
    /** What somebody brought along. */
    brought({ identity, secrets, sessions: theirs, left: behind }: MovedPerson): void {
      for (const { type, config } of secrets) {
        add(credentials, type);
        if (type === PASSKEY) for (const verified of verificationsOf(config)) add(passkeys, verified);
      }
      if ((identity.credentials.code?.identifiers.length ?? 0) > 0) add(credentials, "code");
      for (const { via, status } of identity.verifiable) add(addresses, `${via} ${status}`);
      add(addresses, "recovery", identity.recovery.length);
      add(schemas, identity.schemaId);
      for (const { provider } of linksOf(identity)) add(providers, provider);
      for (const reason of behind) add(left, reason);
      sessions += theirs.length;
    },
    get done(): number {
      return people.moved + people.changed + people.unchanged + people.kept + people.refused;
    },
    report: (): MoveReport => ({
      found,
      ...people,
      ...counts,
      sessions,
    }),
  };
};

/** What several parts of one move came to together. */
export const sumReports = (reports: readonly MoveReport[]): MoveReport => {
  const total = createTally(Math.max(0, ...reports.map(({ found }) => found))).report();
  return reports.reduce(addReports, total);
};

const addReports = (one: MoveReport, other: MoveReport): MoveReport => ({
  found: Math.max(one.found, other.found),
  moved: one.moved + other.moved,
  changed: one.changed + other.changed,
  unchanged: one.unchanged + other.unchanged,
  deleted: one.deleted + other.deleted,
  kept: one.kept + other.kept,
  refused: one.refused + other.refused,
  credentials: addCounts(one.credentials, other.credentials),
  addresses: addCounts(one.addresses, other.addresses),
  sessions: one.sessions + other.sessions,
  schemas: addCounts(one.schemas, other.schemas),
  providers: addCounts(one.providers, other.providers),
  passkeys: addCounts(one.passkeys, other.passkeys),
  left: addCounts(one.left, other.left),
  reasons: addCounts(one.reasons, other.reasons),
});

const addCounts = (one: Readonly<Counts>, other: Readonly<Counts>): Counts => {
  const sum = { ...one };
  for (const [name, many] of Object.entries(other)) add(sum, name, many);
  return sum;
};

/** The counts of a move while it goes on. */
export type Tally = ReturnType<typeof createTally>;
