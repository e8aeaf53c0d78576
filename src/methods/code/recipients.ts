import type { JsonValue } from "@bufbuild/protobuf";
import type { Sql } from "../../db/sql.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { IdentityStore } from "../../identity/store.ts";
import { normaliseIdentifier, spellingsOf } from "../../schema/normalise.ts";
import { viaOfValue } from "../../schema/reachable.ts";
import { isAnotherChannel } from "../../session/aal.ts";
import type { SessionRecord } from "../../session/session.ts";
import { CODE, type CodeAddress, type FindCodeAddresses, verifiedAddresses } from "./credential.ts";

/** Who gets codes, and where. */
export interface CodeRecipients {
  /** Whoever signs in with this identifier, and the address that their code goes to. */
  find(sql: Sql, identifier: string): Promise<CodeRecipient | undefined>;
  /**
   * The addresses for a second step. None that the first step came through
   * already: whoever reads those messages would have both factors.
   *
   * @param via the trait whose address it is to be; empty: any
   */
  secondFactor(identity: IdentityRecord, session: SessionRecord, via: string): readonly CodeAddress[];
  /** The addresses for someone who is signed in and authenticates again; none, where something else shows it. */
  again(identity: IdentityRecord): readonly CodeAddress[];
  /** Whether the person gets codes at all. */
  hasAny(identity: IdentityRecord): boolean;
  /** Whether codes for this address still go to the person. */
  stillHas(identity: IdentityRecord, address: CodeAddress): boolean;
}

/** Someone who gets a code. */
export interface CodeRecipient {
  readonly identity: IdentityRecord;
  readonly addresses: readonly CodeAddress[];
}

/** Creates the answers. */
export const createCodeRecipients = ({
  identities,
  findAddresses,
  hasFallback,
  isFirstFactor,
  reauthenticates,
}: {
  readonly identities: Pick<IdentityStore, "findByIdentifier" | "findIdentifierOwner">;
  readonly findAddresses: FindCodeAddresses;
  /** Whether verifiable addresses stand in for those that the identity schema gives codes. */
  readonly hasFallback: boolean;
  readonly isFirstFactor: boolean;
  /** Whether someone has a first factor, other than codes, that shows that it is them. */
  readonly reauthenticates: (identity: IdentityRecord) => boolean;
}): CodeRecipients => {
  const again: CodeRecipients["again"] = (identity) => {
    const addresses = isFirstFactor ? findAddresses(identity) : [];
    return addresses.length > 0 || reauthenticates(identity) ? addresses : verifiedAddresses(identity);
  };

  return {
    find: async (sql, identifier) => {
      const value = normaliseIdentifier(identifier);
      const spellings = spellingsOf(identifier);
      // Both are looked up, whoever it is, so that it takes as long.
      const [byCode, byAddress] = await Promise.all([
        identities.findByIdentifier(sql, CODE, spellings),
        hasFallback
          ? identities.findIdentifierOwner(sql, {
              identifiers: {},
              verifiable: [{ via: viaOfValue(value), value }],
              recovery: [],
            })
          : undefined,
      ]);
      const identity = byCode?.identity ?? byAddress?.identity;
      const address = identity && findAddresses(identity).find((each) => spellings.includes(each.value));
      return identity && address && { identity, addresses: [address] };
    },

    secondFactor: (identity, session, via) => {
      const wanted = via === "" ? undefined : normaliseIdentifier(String(traitAt(identity, via) ?? ""));
      return findAddresses(identity).filter(
        (address) => isAnotherChannel(session, address.via) && (wanted === undefined || address.value === wanted),
      );
    },

    again,

    hasAny: (identity) => findAddresses(identity).length > 0,

    stillHas: (identity, { value }) =>
      [...findAddresses(identity), ...again(identity)].some((address) => address.value === value),
  };
};

/** The value of a trait: `email`, `contact.phone`, with or without `traits.` before it. */
const traitAt = ({ traits }: IdentityRecord, path: string): JsonValue | undefined =>
  path
    .replace(/^traits\./, "")
    .split(".")
    .reduce<JsonValue | undefined>(
      (value, key) =>
        value !== null && typeof value === "object" && !Array.isArray(value) && Object.hasOwn(value, key)
          ? value[key]
          : undefined,
      traits,
    );
