import type { ImportCredentials } from "../../../gen/ostiary/identity/v1/import_credentials_pb.ts";
import type { CredentialChange, Secret } from "../../identity/identity.ts";
import type { CredentialImporters, Importable } from "../../methods/contract/administration.ts";
import type { SlowWork } from "../../methods/contract/slow-work.ts";

/**
 * Makes credentials of what an operator gives.
 *
 * @param stored what there is already of a type
 * @param slow runs the hashing
 * @throws INVALID_FIELD, OVERLOADED
 */
export const importCredentials = async (
  importers: CredentialImporters,
  given: ImportCredentials | undefined,
  identityId: string,
  stored: (type: string) => Promise<Secret | undefined>,
  slow: SlowWork,
): Promise<readonly CredentialChange[]> => {
  if (given === undefined) return [];
  const changes: CredentialChange[] = [];
  for (const type of Object.keys(importers) as Importable[]) {
    const change = await importOne(importers, type, given, identityId, stored, slow);
    if (change !== undefined) changes.push(change);
  }
  return changes;
};

const importOne = async <K extends Importable>(
  importers: CredentialImporters,
  type: K,
  given: ImportCredentials,
  identityId: string,
  stored: (type: string) => Promise<Secret | undefined>,
  slow: SlowWork,
): Promise<CredentialChange | undefined> => {
  const one = given[type];
  if (one === undefined) return undefined;
  const secret = await stored(typeName(type));
  const work = () => importers[type](one as NonNullable<ImportCredentials[K]>, { identityId, stored: secret });
  return slow(`credential ${type} in the place of ${secret?.version ?? "none"}`, work);
};

/** As credentials are stored: `lookupSecret` of the message is `lookup_secret`. */
const typeName = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
