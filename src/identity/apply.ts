import type {
  Change,
  CredentialFacts,
  IdentityRecord,
  RecoveryAddressRecord,
  ValidTraits,
  VerifiableAddressRecord,
} from "./identity.ts";
import { hasAddress, isSameAddress } from "./same-address.ts";

/** What `apply` needs beside its arguments: time and randomness. */
export interface ApplyContext {
  readonly now: Date;
  readonly newId: () => string;
}

/**
 * Applies a change to an identity and returns the next state. Pure: what the
 * rows must become is the difference of the two.
 *
 * Addresses that stay keep id, state and times; new ones begin unverified;
 * the others are gone (docs/compatibility.md, rule 11).
 */
export const apply = (before: IdentityRecord, change: Change, { now, newId }: ApplyContext): IdentityRecord => {
  const at = now.toISOString();
  let next: IdentityRecord = { ...before, version: before.version + 1, updatedAt: now };
  if (change.traits) next = { ...next, ...applyTraits(next, change.traits, at, newId) };
  if (change.verified)
    next = { ...next, verifiable: next.verifiable.map((address) => markVerified(address, change.verified ?? [], at)) };
  const { addresses = [], state } = change;
  if (addresses.length > 0)
    next = { ...next, verifiable: next.verifiable.map((address) => stateOf(address, addresses, at)) };
  if (change.schemaId !== undefined) next = { ...next, schemaId: change.schemaId };
  if (state !== undefined && state !== next.state) next = { ...next, state, stateChangedAt: now };
  if (change.externalId !== undefined) next = { ...next, externalId: change.externalId ?? undefined };
  if (change.sent)
    next = { ...next, verifiable: next.verifiable.map((address) => markSent(address, change.sent ?? [], at)) };
  if (change.metadataPublic !== undefined) next = { ...next, metadataPublic: change.metadataPublic };
  if (change.metadataAdmin !== undefined) next = { ...next, metadataAdmin: change.metadataAdmin };
  for (const { type, config, facts, identifiers, keys } of change.credentials ?? []) {
    const old = next.credentials[type];
    const stored = identifiers ?? old?.identifiers ?? [];
    const { [type]: _, ...others } = next.credentials;
    const entry: CredentialFacts = {
      identifiers: stored,
      set: config !== null,
      facts: config === null ? {} : facts,
      ...(config !== null && keys && { keys: [...keys] }),
    };
    next = { ...next, credentials: config === null && stored.length === 0 ? others : { ...others, [type]: entry } };
  }
  return next;
};

const applyTraits = (before: IdentityRecord, valid: ValidTraits, at: string, newId: () => string) => ({
  traits: valid.traits,
  verifiable: valid.verifiable.map(
    ({ via, value }): VerifiableAddressRecord =>
      before.verifiable.find((each) => isSameAddress(each, { via, value })) ?? {
        id: newId(),
        via,
        value,
        verified: false,
        status: "pending",
        created_at: at,
        updated_at: at,
      },
  ),
  recovery: valid.recovery.map(
    ({ via, value }): RecoveryAddressRecord =>
      before.recovery.find((each) => isSameAddress(each, { via, value })) ?? {
        id: newId(),
        via,
        value,
        created_at: at,
        updated_at: at,
      },
  ),
  credentials: withIdentifiers(before.credentials, valid.identifiers),
});

/** What is proven already stays as it is. */
const markVerified = (
  address: VerifiableAddressRecord,
  vouched: NonNullable<Change["verified"]>,
  at: string,
): VerifiableAddressRecord =>
  address.verified || !hasAddress(vouched, address)
    ? address
    : { ...address, verified: true, status: "completed", verified_at: at, updated_at: at };

/** What an operator says of an address, where that differs from what is known. */
const stateOf = (
  address: VerifiableAddressRecord,
  given: NonNullable<Change["addresses"]>,
  at: string,
): VerifiableAddressRecord => {
  const state = given.find((each) => isSameAddress(each, address));
  if (state === undefined || (state.verified === address.verified && state.status === address.status)) return address;
  const { verified_at: _, ...rest } = address;
  return {
    ...rest,
    verified: state.verified,
    status: state.status,
    ...(state.verified && { verified_at: state.verifiedAt ?? at }),
    updated_at: at,
  };
};

const markSent = (
  address: VerifiableAddressRecord,
  sent: NonNullable<Change["sent"]>,
  at: string,
): VerifiableAddressRecord =>
  address.verified || !hasAddress(sent, address) ? address : { ...address, status: "sent", updated_at: at };

/**
 * The schema's identifiers take the place of those it gave before. A credential
 * type that the schema says nothing about (a sign-in provider's) keeps its own; one
 * that loses its last identifier keeps it, as Ory Kratos does (docs/compatibility.md, rule 13).
 */
const withIdentifiers = (
  before: IdentityRecord["credentials"],
  identifiers: ValidTraits["identifiers"],
): IdentityRecord["credentials"] => {
  const next = { ...before };
  for (const [type, list] of Object.entries(identifiers)) {
    if (list.length > 0) next[type] = { set: false, facts: {}, ...before[type], identifiers: [...list] };
  }
  return next;
};

/**
 * Whether two states differ in what signs a person in or brings an account
 * back: identifiers or addresses (docs/compatibility.md, rule 12). Such a change needs
 * a session that proved who it is recently.
 */
export const differsInProtected = (a: IdentityRecord, b: IdentityRecord): boolean =>
  identifierKeys(a).join("\n") !== identifierKeys(b).join("\n") ||
  sequence(a.verifiable) !== sequence(b.verifiable) ||
  multiset(a.recovery) !== multiset(b.recovery);

/** The key of one row of identity_identifiers. No type has a zero byte. */
export const identifierKey = (type: string, identifier: string): string => `${type}\0${identifier}`;

/** The rows of identity_identifiers that keep ids of keys unique, as keys of the type `key`. */
export const uniqueKeyIds = (record: IdentityRecord): string[] =>
  Object.values(record.credentials).flatMap(({ keys = [] }) => keys.map((digest) => identifierKey("key", digest)));

/** The key of one row of identity_addresses. */
export const addressKey = (
  purpose: "verification" | "recovery",
  { via, value }: { readonly via: string; readonly value: string },
): string => `${purpose}\0${via}\0${value}`;

/** The rows of identity_identifiers an identity stands for, as sorted `type\0identifier` keys. */
export const identifierKeys = (record: IdentityRecord): string[] =>
  Object.entries(record.credentials)
    .flatMap(([type, { identifiers }]) => identifiers.map((identifier) => identifierKey(type, identifier)))
    .sort();

/** The rows of identity_addresses an identity stands for, as sorted `purpose\0via\0value` keys. */
export const addressKeys = (record: IdentityRecord): string[] =>
  [
    ...record.verifiable.map((a) => addressKey("verification", a)),
    ...record.recovery.map((a) => addressKey("recovery", a)),
  ].sort();

const key = (a: { readonly via: string; readonly value: string }) => `${a.via}\0${a.value}`;
const sequence = (list: readonly VerifiableAddressRecord[]) => list.map(key).join("\n");
const multiset = (list: readonly RecoveryAddressRecord[]) => list.map(key).sort().join("\n");
