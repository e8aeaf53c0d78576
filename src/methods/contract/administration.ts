import type { JsonObject } from "@bufbuild/protobuf";
import type { ImportCredentials } from "../../../gen/ostiary/identity/v1/import_credentials_pb.ts";
import type { CredentialChange, IdentityRecord, Secret } from "../../identity/identity.ts";

/** What operators may do with one kind of credential. */
export interface CredentialAdministration {
  readonly type: string;
  /** When it may be deleted; `unless_last`: while another first factor is left. */
  readonly deletion: "always" | "unless_last" | "never";
  /** Version of the form in which the secret part is shown. */
  readonly version: number;
  /** The secret part as operators see it who ask for it: what is encrypted is decrypted. */
  reveal(config: JsonObject, identity: IdentityRecord): JsonObject;
  /** What is shown in its place of a kind that has no secret part. */
  revealWithout?(identity: IdentityRecord): JsonObject;
  /** Deletes it, or the part of it that the identifier names. Undefined: there is none. */
  remove?(stored: Secret, identifier: string): CredentialChange | undefined;
}

/** Kinds of credentials that can be set from outside. */
export type Importable = Exclude<keyof ImportCredentials, "$typeName" | "$unknown">;

/** Whose credential is set, and what is stored of it. */
export interface ImportPlace {
  readonly identityId: string;
  readonly stored: Secret | undefined;
  /** What the traits give as identifiers of this type, normalised. */
  readonly identifiers: readonly string[];
}

/**
 * Makes a credential of what an operator gives, in the place of what is stored. It may take long.
 *
 * @throws INVALID_FIELD, OVERLOADED
 */
export type CredentialImporter<K extends Importable> = (
  given: NonNullable<ImportCredentials[K]>,
  place: ImportPlace,
) => Promise<CredentialChange>;

/** An importer for each kind that can be set: one that is missing does not compile. */
export type CredentialImporters = { readonly [K in Importable]: CredentialImporter<K> };
