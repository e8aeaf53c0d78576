import type { JsonObject } from "@bufbuild/protobuf";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { SessionRecord } from "../../session/session.ts";

/** The secret part of a credential, with the times of its row. */
export interface MovedSecret {
  readonly type: string;
  readonly config: JsonObject;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A session and the digest of its token. */
export interface MovedSession {
  readonly session: SessionRecord;
  readonly digest: Buffer;
}

/** A person as they are stored here. */
export interface MovedPerson {
  readonly identity: IdentityRecord;
  readonly secrets: readonly MovedSecret[];
  readonly sessions: readonly MovedSession[];
  /** What of theirs stays behind, a reason each: `saml`. */
  readonly left: readonly string[];
}

/** A person of the source, converted, or why that cannot be. */
export type Conversion =
  | ({ readonly kind: "moved" } & MovedPerson)
  | { readonly kind: "refused"; readonly id: string; readonly reason: RefusalReason; readonly explain: string };

/** Why a person cannot be moved. */
export type RefusalReason = "broken" | "unknown_schema" | "conflict";
