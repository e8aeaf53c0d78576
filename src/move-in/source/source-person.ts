import type { JsonValue } from "@bufbuild/protobuf";

/*
 * People as a database of Ory Kratos has them (docs/move-in.md). JSON columns are text still: a row that cannot be read
 * is that person's fault alone.
 */

/** One kind of credential. */
export interface SourceCredential {
  /** `password`, `oidc`, … */
  readonly type: string;
  /** JSON. */
  readonly config: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly identifiers: readonly string[];
}

/** An address for verification or recovery. */
export interface SourceAddress {
  readonly id: string;
  readonly via: string;
  readonly value: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** An address for verification. */
export interface SourceVerifiableAddress extends SourceAddress {
  readonly status: string;
  readonly verified: boolean;
  readonly verifiedAt: Date | null;
}

/** A session that is live. */
export interface SourceSession {
  readonly id: string;
  /** In clear. */
  readonly token: string | null;
  readonly aal: string;
  /** JSON. */
  readonly methods: string | null;
  readonly issuedAt: Date;
  readonly authenticatedAt: Date;
  readonly expiresAt: Date;
  readonly device:
    | { readonly id: string; readonly ip: string; readonly userAgent: string; readonly location: string }
    | undefined;
}

/** A person with all that is theirs. */
export interface SourcePerson {
  readonly id: string;
  readonly schemaId: string;
  readonly state: string;
  readonly stateChangedAt: Date | null;
  /** JSON. */
  readonly traits: string;
  /** JSON, or null. */
  readonly metadataPublic: string | null;
  readonly metadataAdmin: string | null;
  readonly externalId: string | null;
  readonly organizationId: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly credentials: readonly SourceCredential[];
  readonly verifiable: readonly SourceVerifiableAddress[];
  readonly recovery: readonly (SourceAddress & { readonly isForOrganization: boolean })[];
  readonly sessions: readonly SourceSession[];
  /** Ids of sessions that ran out and that nobody has ended. */
  readonly lapsed: readonly string[];
}

/** Which version of a person the source has. */
export interface Outline {
  readonly id: string;
  /** SHA-256 of ids and times of change of the person's rows. Zeroes: one was written a moment ago. */
  readonly digest: Buffer;
}

/** Reads a JSON text. @throws SyntaxError */
export const parseJson = (text: string | null): JsonValue => (text === null ? null : (JSON.parse(text) as JsonValue));
