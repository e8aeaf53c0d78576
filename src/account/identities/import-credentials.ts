import type { ImportCredentials } from "../../../gen/ostiary/identity/v1/import_credentials_pb.ts";
import type { CredentialChange, Secret, ValidTraits } from "../../identity/identity.ts";
import type { SlowWork } from "../../identity/slow-work.ts";
import type { CredentialImporters, Importable } from "../../methods/contract/administration.ts";

/** Whose credentials are set. */
export interface ImportTarget {
  readonly identityId: string;
  readonly traits: Pick<ValidTraits, "identifiers">;
  /** What there is already of a type. */
  readonly stored: (type: string) => Promise<Secret | undefined>;
}

/**
 * Makes credentials of what an operator gives.
 *
 * @param slow runs the hashing
 * @throws INVALID_FIELD, OVERLOADED
 */
export const importCredentials = async (
  importers: CredentialImporters,
  given: ImportCredentials | undefined,
  target: ImportTarget,
  slow: SlowWork,
): Promise<readonly CredentialChange[]> => {
  if (given === undefined) return [];
  const changes: CredentialChange[] = [];
  for (const type of Object.keys(importers) as Importable[]) {
    const change = await importOne(importers, type, given, target, slow);
    if (change !== undefined) changes.push(change);
  }
  return changes;
};

const importOne = async <K extends Importable>(
  importers: CredentialImporters,
  type: K,
  given: ImportCredentials,
  { identityId, stored, traits }: ImportTarget,
  slow: SlowWork,
): Promise<CredentialChange | undefined> => {
  const one = given[type];
  if (one === undefined) return undefined;
  const name = typeName(type);
  const secret = await stored(name);
  const identifiers = traits.identifiers[name] ?? [];
  const work = () =>
    importers[type](one as NonNullable<ImportCredentials[K]>, { identityId, stored: secret, identifiers });
  return slow(`credential ${type} in the place of ${secret?.version ?? "none"}`, work);
};

/** As credentials are stored: `lookupSecret` of the message is `lookup_secret`. */
const typeName = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
