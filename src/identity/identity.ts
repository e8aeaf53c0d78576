import type { JsonObject, JsonValue } from "@bufbuild/protobuf";

/*
 * The identity aggregate: a person's account with its identifiers, addresses
 * and credentials. This folder owns the rows, how a change turns one state
 * into the next, and the public view. It knows no flow and no method: what a
 * credential means is its method's business.
 */

/** An address as it is found by. */
export interface NormalisedAddress {
  readonly via: string;
  readonly value: string;
}

/** How far the verification of an address is. */
export const addressStatuses = ["pending", "sent", "completed"] as const;

/** An address that its owner can prove. Its value is normalised. */
export interface VerifiableAddressRecord {
  readonly id: string;
  readonly via: string;
  readonly value: string;
  readonly verified: boolean;
  readonly status: (typeof addressStatuses)[number];
  /** RFC 3339. */
  readonly verified_at?: string;
  readonly created_at: string;
  readonly updated_at: string;
}

/** An address through which a lost account comes back. Its value is normalised. */
export interface RecoveryAddressRecord {
  readonly id: string;
  readonly via: string;
  readonly value: string;
  readonly created_at: string;
  readonly updated_at: string;
}

/** What may be known of a credential without its secret. */
export interface CredentialFacts {
  /** Normalised; unique for the type over all people. */
  readonly identifiers: readonly string[];
  /** Whether the person has it, or the schema only reserves its identifiers. */
  readonly set: boolean;
  /** What the method wants at hand at every read, such as linked providers. */
  readonly facts: JsonObject;
  /** Digests of what no two people have beside identifiers: the ids of keys. Nobody signs in by naming one. */
  readonly keys?: readonly string[];
}

/** A person's account as stored, without secrets. Immutable. */
export interface IdentityRecord {
  readonly id: string;
  readonly externalId: string | undefined;
  readonly schemaId: string;
  readonly state: "active" | "inactive";
  readonly stateChangedAt: Date | undefined;
  readonly traits: JsonObject;
  readonly verifiable: readonly VerifiableAddressRecord[];
  readonly recovery: readonly RecoveryAddressRecord[];
  readonly credentials: Readonly<Record<string, CredentialFacts>>;
  readonly metadataPublic: JsonValue;
  readonly metadataAdmin: JsonValue;
  readonly organizationId: string | undefined;
  /** Counts the writes; compared and swapped on each. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Traits that hold, with what the schema makes of them. */
export interface ValidTraits {
  readonly traits: JsonObject;
  readonly identifiers: Readonly<Record<string, readonly string[]>>;
  readonly verifiable: readonly NormalisedAddress[];
  readonly recovery: readonly NormalisedAddress[];
}

/** One credential set, replaced or removed. */
export interface CredentialChange {
  readonly type: string;
  /** The secret part; null removes the credential. */
  readonly config: JsonObject | null;
  readonly facts: JsonObject;
  /** Left out, the identifiers stay those of the schema. */
  readonly identifiers?: readonly string[];
  /** Digests of the ids of keys: no two people have one of them. */
  readonly keys?: readonly string[];
  /** The version of the secret that this one was made from; left out: there was none. */
  readonly replaces?: number | undefined;
}

/** The secret part of a credential, as it was read. */
export interface Secret {
  /** Another after every write. */
  readonly version: number;
  readonly config: JsonObject;
}

/** A change of one person, as plain data: it may be applied again after a deadlock. */
export interface Change {
  readonly traits?: ValidTraits;
  readonly credentials?: readonly CredentialChange[];
  /**
   * Addresses that someone vouches for who may: they count as proven. Those that the person does not have are
   * passed over.
   */
  readonly verified?: readonly { readonly via: string; readonly value: string }[];
  /** Addresses that a message with a proof is on its way to: those that are not verified. */
  readonly sent?: readonly { readonly via: string; readonly value: string }[];
  readonly metadataPublic?: JsonValue;
  readonly metadataAdmin?: JsonValue;
  readonly schemaId?: string;
  readonly state?: IdentityRecord["state"];
  /** Null takes it away. */
  readonly externalId?: string | null;
  /** What operators know of addresses; those that the person does not have are ignored. */
  readonly addresses?: readonly AddressState[];
}

/** How far an address is proven. */
export interface AddressState {
  readonly via: string;
  readonly value: string;
  readonly verified: boolean;
  readonly status: VerifiableAddressRecord["status"];
  /** RFC 3339. */
  readonly verifiedAt?: string | undefined;
}
