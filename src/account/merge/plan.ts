import type { Change, CredentialChange, IdentityRecord, NormalisedAddress, Secret } from "../../identity/identity.ts";
import { isSameAddress } from "../../identity/same-address.ts";
import type { CredentialMerging, LossReason } from "../../methods/contract/merging.ts";
import type { IdentitySchema } from "../../schema/identity-schema.ts";
import { fitAddresses } from "./fit-addresses.ts";

/** One thing of the account that comes to an end. */
export interface PlannedItem {
  readonly kind: string;
  readonly name: string;
  /** Left out: it is transferred. */
  readonly lost?: LossReason;
}

/** What a merge does to the account that stays. */
export interface MergePlan {
  readonly change: Change;
  readonly items: readonly PlannedItem[];
}

/** The secrets of one type, of both. */
export interface BothSecrets {
  readonly from: Secret | undefined;
  readonly into: Secret | undefined;
}

/** What is planned with. */
export interface PlanInput {
  /** The account that comes to an end, and the one that stays. */
  readonly from: IdentityRecord;
  readonly into: IdentityRecord;
  /** The schema of the one that stays. */
  readonly schema: IdentitySchema;
  readonly mergings: readonly CredentialMerging[];
  readonly secrets: ReadonlyMap<string, BothSecrets>;
  readonly now: Date;
  /** The account that stays with its new traits: by its identifiers it is judged what a password is good for. */
  readonly applied: (change: Change) => IdentityRecord;
}

/** Plans a merge. Pure: what was read is all that it depends on. */
export const planMerge = ({ from, into, schema, mergings, secrets, now, applied }: PlanInput): MergePlan => {
  const addresses = planAddresses(from, into, schema);
  const target = applied(addresses.change);
  const merged = mergings.map((merging) => {
    const stored = secrets.get(merging.type);
    const sides = [
      { identity: from, secret: stored?.from },
      { identity: target, secret: stored?.into },
    ] as const;
    return { type: merging.type, ...merging.merge(...sides, now) };
  });
  const credentials = merged.flatMap(({ change }): readonly CredentialChange[] => (change ? [change] : []));
  return {
    change: { ...addresses.change, ...(credentials.length > 0 && { credentials }) },
    items: [
      ...merged.flatMap(({ type, parts }) => parts.map((part): PlannedItem => ({ kind: type, ...part }))),
      ...addresses.items,
      ...lostNames(from, target),
      ...whatStays(from),
    ],
  };
};

/** Verified addresses are transferred if the traits of the account that stays can hold them. */
const planAddresses = (from: IdentityRecord, into: IdentityRecord, schema: IdentitySchema) => {
  const owned = addressesOf(into).map(nameOf);
  const all = addressesOf(from).filter((address) => !owned.includes(nameOf(address)));
  const proven = all.filter((address) => provenAt(from, address) !== undefined);
  const { traits, fitted } = fitAddresses(into, schema, proven);
  const change: Change = {
    ...(traits && { traits }),
    ...(fitted.length > 0 && {
      addresses: fitted.map((address) => ({
        ...address,
        verified: true,
        status: "completed",
        verifiedAt: provenAt(from, address),
      })),
    }),
  };
  const items = all.map((address): PlannedItem => {
    const item = { kind: "address", name: address.value };
    if (fitted.includes(address)) return item;
    return { ...item, lost: proven.includes(address) ? "no_place" : "not_verified" };
  });
  return { change, items };
};

/** Each once, whatever it is good for. */
const addressesOf = ({ verifiable, recovery }: IdentityRecord): readonly NormalisedAddress[] => [
  ...new Map([...verifiable, ...recovery].map(({ via, value }) => [nameOf({ via, value }), { via, value }])).values(),
];

const nameOf = ({ via, value }: NormalisedAddress): string => `${via}:${value}`;

/** When an address was proven (RFC 3339); undefined: never. */
const provenAt = ({ verifiable }: IdentityRecord, address: NormalisedAddress): string | undefined => {
  const found = verifiable.find((each) => isSameAddress(each, address) && each.verified);
  return found && (found.verified_at ?? found.updated_at);
};

/** What nobody signs in by any more: identifiers that are no address and that the account that stays does not have. */
const lostNames = (from: IdentityRecord, target: IdentityRecord): readonly PlannedItem[] => {
  const known = new Set([
    ...addressesOf(from).map(({ value }) => value),
    ...addressesOf(target).map(({ value }) => value),
    ...namesOf(target),
  ]);
  return [...new Set(namesOf(from))]
    .filter((name) => !known.has(name))
    .map((name) => ({ kind: "identifier", name, lost: "stays" }));
};

/** The types whose identifiers come from the traits. */
const namesOf = ({ credentials }: IdentityRecord): readonly string[] =>
  ["password", "webauthn", "code"].flatMap((type) => credentials[type]?.identifiers ?? []);

const isThere = (value: unknown): boolean =>
  value !== null && value !== undefined && !(typeof value === "object" && Object.keys(value).length === 0);

const whatStays = ({ traits, metadataPublic, externalId }: IdentityRecord): readonly PlannedItem[] =>
  [
    { kind: "traits", there: isThere(traits) },
    { kind: "metadata", there: isThere(metadataPublic) },
    { kind: "external_id", there: externalId !== undefined },
  ]
    .filter(({ there }) => there)
    .map(({ kind }) => ({ kind, name: "", lost: "stays" }));
