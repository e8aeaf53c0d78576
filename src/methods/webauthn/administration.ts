import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { ImportKey } from "../../../gen/ostiary/identity/v1/import_credentials_pb.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { Clock } from "../../lib/clock.ts";
import type { CredentialImporter } from "../contract/administration.ts";
import { type KeyMethod, keyFrom, PASSKEY, type StoredKey, setKeys } from "./key.ts";

/** Creates the import of security keys or passkeys: their public parts, and the handle that finds their owner. */
export const createKeysImporter =
  (type: KeyMethod, { clock }: { readonly clock: Clock }): CredentialImporter<KeyMethod> =>
  async ({ config }, { stored }) => {
    const at = `credentials.${type}.config`;
    const given = config?.credentials ?? [];
    const userHandle = Buffer.from(config?.userHandle ?? []);
    const fault = findHandleFault(type, userHandle);
    if (fault !== undefined) throw serviceError("INVALID_FIELD", { field: `${at}.user_handle`, explain: fault });
    if (given.length === 0)
      throw serviceError("INVALID_FIELD", { field: `${at}.credentials`, explain: "A key is missing." });
    const now = clock.now();
    for (const [index, key] of given.entries()) await mustBeKey(key, `${at}.credentials.${index}`);
    const keys = given.map((key) => readKey(type, key, now));
    if (new Set(keys.map(({ id }) => id)).size < keys.length)
      throw serviceError("INVALID_FIELD", { field: `${at}.credentials`, explain: "A key is there twice." });
    return setKeys(type, { version: stored?.version, userHandle: userHandle.toString("base64url"), keys });
  };

/** Passkeys are found by the text of the handle (WebAuthn Level 3, section 5.4.3). */
const findHandleFault = (type: KeyMethod, handle: Buffer): string | undefined => {
  if (handle.length === 0) return "The user handle is missing.";
  if (type === PASSKEY && !Buffer.from(handle.toString("utf8")).equals(handle))
    return "The user handle of passkeys is text in UTF-8.";
  return undefined;
};

/** @throws INVALID_FIELD */
const mustBeKey = async ({ id, publicKey }: ImportKey, at: string): Promise<void> => {
  if (id.length === 0)
    throw serviceError("INVALID_FIELD", { field: `${at}.id`, explain: "The id of the key is missing." });
  if (!(await isPublicKey(publicKey)))
    throw serviceError("INVALID_FIELD", { field: `${at}.public_key`, explain: "This is no public key (COSE_Key)." });
};

const readKey = (type: KeyMethod, { id, publicKey, ...key }: ImportKey, now: Date): StoredKey => {
  const { addedAt, authenticator, flags } = key;
  return keyFrom({
    id: Buffer.from(id).toString("base64url"),
    publicKey: new Uint8Array(publicKey),
    name: key.displayName,
    addedAt: (addedAt ? timestampDate(addedAt) : now).toISOString(),
    passwordless: type === PASSKEY || key.isPasswordless,
    aaguid: authenticator?.aaguid ?? new Uint8Array(),
    transports: [...key.transport],
    backupEligible: flags?.backupEligible,
    backedUp: flags?.backupState ?? false,
    signCount: authenticator?.signCount ?? 0,
    attestation: key.attestationType === "" ? "none" : key.attestationType,
    userVerified: flags?.userVerified ?? false,
  });
};

/** A COSE_Key names its type (RFC 9052, section 7.1: label 1) and its algorithm (label 3). */
const isPublicKey = async (bytes: Uint8Array): Promise<boolean> => {
  const { decodeCredentialPublicKey } = await import("@simplewebauthn/server/helpers");
  try {
    const key = decodeCredentialPublicKey(new Uint8Array(bytes));
    return typeof key.get(1) === "number" && typeof key.get(3) === "number";
  } catch {
    return false;
  }
};
