import { isDuplicate } from "../../db/sql-error.ts";
import type { ServiceError } from "../../errors/service-error.ts";
import { claimsOf, findClaimed, findIds, insertIdentities } from "../../identity/insert-identities.ts";
import type { Call } from "../../lib/call.ts";
import { claimedField } from "./claimed-field.ts";
import { alreadyExists, creationOf, type PreparedIdentity, secretsOf } from "./create.ts";
import type { IdentityAdminDeps } from "./deps.ts";
import { refusedValue } from "./refused-value.ts";

/** What became of somebody who was to be written. */
export type Written =
  | { readonly kind: "created" }
  /** There is somebody with this id. */
  | { readonly kind: "exists" }
  | { readonly kind: "refused"; readonly error: ServiceError };

/** What became of people, as far as it is known. */
type Outcomes = ReadonlyMap<PreparedIdentity, Written>;

/** What became of people who were to be written together. */
type Attempt =
  | { readonly kind: "written" }
  /** Something of theirs belongs to somebody else. */
  | { readonly kind: "claimed" }
  /** The database does not take a value of one of them. */
  | { readonly kind: "refused"; readonly error: ServiceError };

/** How often a batch is tried as a whole, when others take what it claims at the same time. */
const TRIES = 3;

/**
 * Creates the writing of many people at once, in one transaction, and the look at what would become of them. Whoever
 * claims what another has, or has a value that the database does not take, is left out of it; of two in the batch that
 * claim the same, the first is written.
 */
export const createWriteMany = ({ storage: { clock, db }, audit }: Pick<IdentityAdminDeps, "audit" | "storage">) => {
  const insert = (people: readonly PreparedIdentity[], call: Call): Promise<void> =>
    db.transaction(async (tx) => {
      await insertIdentities(
        tx,
        people.map((made) => ({ identity: made.identity, secrets: secretsOf(made) })),
        clock.now(),
      );
      const events = people.map(({ identity }) => creationOf(identity, call));
      // One alone may be somebody whose events are there already.
      if (events[0] !== undefined && events.length === 1) await audit.record(tx, events[0], call);
      else await audit.recordFirst(tx, events, call);
    });

  /** Nothing is written unless the answer is `written`. */
  const attempt = async (people: readonly PreparedIdentity[], call: Call): Promise<Attempt> => {
    try {
      await insert(people, call);
      return { kind: "written" };
    } catch (error) {
      if (isDuplicate(error)) return { kind: "claimed" };
      const refused = refusedValue(error);
      if (refused === undefined) throw error;
      return { kind: "refused", error: refused };
    }
  };

  /** Finds who claims what others have already. */
  const findRefused = async (people: readonly PreparedIdentity[]): Promise<Outcomes> => {
    const claimed = await findClaimed(
      db,
      people.map(({ identity }) => claimsOf(identity)),
    );
    const ids = await findIds(
      db,
      people.map(({ identity }) => identity.id),
    );
    return new Map(
      people.flatMap((made): [PreparedIdentity, Written][] => {
        if (ids.has(made.identity.id)) return [[made, { kind: "exists" }]];
        const claim = allClaims(made).find((one) => claimed.has(one));
        return claim === undefined ? [] : [[made, refusal(made, claim)]];
      }),
    );
  };

  /** What would become of them. */
  const validate = async (people: readonly PreparedIdentity[]): Promise<readonly Written[]> => {
    const outcomes = new Map<PreparedIdentity, Written>([...findRepeated(people), ...(await findRefused(people))]);
    return people.map((made) => outcomes.get(made) ?? { kind: "created" });
  };

  /**
   * Tries to write people together, and says what became of them. Of those with a value that is not taken, halves are
   * tried until one is alone. Whoever is left out may be tried again: others took what these claim, and gave it up.
   */
  const writeTogether = async (people: readonly PreparedIdentity[], call: Call): Promise<Outcomes> => {
    const attempted = await attempt(people, call);
    if (attempted.kind === "claimed") return findRefused(people);
    if (attempted.kind === "written") return new Map(people.map((made) => [made, { kind: "created" }]));
    if (people.length === 1) return new Map(people.map((made) => [made, attempted]));
    const half = Math.ceil(people.length / 2);
    const first = await writeTogether(people.slice(0, half), call);
    return new Map([...first, ...(await writeTogether(people.slice(half), call))]);
  };

  /** Others keep on taking what somebody claims. */
  const writeAlone = async (made: PreparedIdentity, call: Call): Promise<Written> => {
    const attempted = await attempt([made], call);
    if (attempted.kind === "claimed") return { kind: "refused", error: alreadyExists() };
    return attempted.kind === "written" ? { kind: "created" } : attempted;
  };

  /** @throws what ends the whole import: the database cannot be reached */
  const write = async (people: readonly PreparedIdentity[], call: Call): Promise<readonly Written[]> => {
    const outcomes = new Map<PreparedIdentity, Written>(findRepeated(people));
    const left = (): PreparedIdentity[] => people.filter((made) => !outcomes.has(made));
    for (let tries = 0; left().length > 0 && tries < TRIES; tries++)
      for (const [made, outcome] of await writeTogether(left(), call)) outcomes.set(made, outcome);
    for (const made of left()) outcomes.set(made, await writeAlone(made, call));
    return people.map((made) => outcomes.get(made) ?? { kind: "created" });
  };

  return { write, validate };
};

const allClaims = ({ identity }: PreparedIdentity): readonly string[] => {
  const { identifiers, addresses } = claimsOf(identity);
  return [...identifiers, ...addresses];
};

const refusal = ({ identity }: PreparedIdentity, claim: string): Written => ({
  kind: "refused",
  error: alreadyExists(claimedField(identity, claim)),
});

/** Whoever claims what somebody before them in the batch claims, or is the same. */
const findRepeated = (people: readonly PreparedIdentity[]): [PreparedIdentity, Written][] => {
  const claimed = new Set<string>();
  const ids = new Set<string>();
  return people.flatMap((made): [PreparedIdentity, Written][] => {
    if (ids.has(made.identity.id)) return [[made, { kind: "exists" }]];
    const claims = allClaims(made);
    const claim = claims.find((one) => claimed.has(one));
    if (claim !== undefined) return [[made, refusal(made, claim)]];
    ids.add(made.identity.id);
    for (const one of claims) claimed.add(one);
    return [];
  });
};
