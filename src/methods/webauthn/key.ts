import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { CredentialChange, IdentityRecord, Secret } from "../../identity/identity.ts";
import { digestOf } from "../../lib/digest.ts";
import { objectOrEmpty } from "../../lib/json-object.ts";

/** Security keys: the name of their method, node group and credential type. */
export const WEBAUTHN = "webauthn";
/** Passkeys: the name of their method, node group and credential type. */
export const PASSKEY = "passkey";

/** One of the two methods. */
export type KeyMethod = typeof WEBAUTHN | typeof PASSKEY;

/** A key as it is listed: nothing of it is secret. */
export interface KeyFacts {
  /** Credential id in base64url. */
  readonly id: string;
  readonly name: string;
  /** RFC 3339. */
  readonly addedAt: string;
  /** Whether it signs in by itself. */
  readonly passwordless: boolean;
  readonly aaguid: string;
  /** How a browser may reach it. */
  readonly transports: readonly string[];
  /** Whether it may be on more than one device; undefined for an imported key until it first signs in. */
  readonly backupEligible: boolean | undefined;
  /** Whether it is on more than one device. */
  readonly backedUp: boolean;
}

/** A key as it is stored. */
export interface StoredKey extends KeyFacts {
  /** COSE_Key. */
  readonly publicKey: Uint8Array<ArrayBuffer>;
  readonly signCount: number;
  readonly attestation: string;
  readonly userVerified: boolean;
}

/** The keys of one type that a person has, and what authenticators know them by. */
export interface KeyRing {
  /** Version of the secret part; undefined where the person has no key. */
  readonly version: number | undefined;
  /** In base64url; undefined where the person has no key. */
  readonly userHandle: string | undefined;
  /** Those of accounts that were merged into this one: authenticators know keys of theirs by them. In base64url. */
  readonly otherHandles?: readonly string[];
  readonly keys: readonly StoredKey[];
}

type Fields = Readonly<Record<string, JsonValue | undefined>>;

const listOf = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : []);
const flagOf = (value: JsonValue | undefined): boolean | undefined => (typeof value === "boolean" ? value : undefined);
const textOf = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");

const toBase64url = (base64: string): string => Buffer.from(base64, "base64").toString("base64url");
const toBase64 = (base64url: string): string => Buffer.from(base64url, "base64url").toString("base64");

/** Reads the secret part of a credential. Bytes are in base64 there, as Ory Kratos has them. */
export const readKeyRing = (secret: Secret | undefined): KeyRing => ({
  version: secret?.version,
  userHandle: secret && toBase64url(textOf(secret.config.user_handle)),
  otherHandles: listOf(secret?.config.other_user_handles).map((handle) => toBase64url(textOf(handle))),
  keys: listOf(secret?.config.credentials).map((entry) => readKey(objectOrEmpty(entry))),
});

const readKey = (key: Fields): StoredKey => {
  const authenticator = objectOrEmpty(key.authenticator);
  const flags = objectOrEmpty(key.flags);
  return {
    id: toBase64url(textOf(key.id)),
    name: textOf(key.display_name),
    addedAt: textOf(key.added_at),
    passwordless: key.is_passwordless === true,
    aaguid: uuidOf(Buffer.from(textOf(authenticator.aaguid), "base64")),
    transports: listOf(key.transport).map(textOf),
    backupEligible: flagOf(flags.backup_eligible),
    backedUp: flags.backup_state === true,
    publicKey: new Uint8Array(Buffer.from(textOf(key.public_key), "base64")),
    signCount: typeof authenticator.sign_count === "number" ? authenticator.sign_count : 0,
    attestation: textOf(key.attestation_type),
    userVerified: flags.user_verified === true,
  };
};

const writeKey = (key: StoredKey): JsonObject => ({
  id: toBase64(key.id),
  public_key: Buffer.from(key.publicKey).toString("base64"),
  attestation_type: key.attestation,
  authenticator: {
    aaguid: Buffer.from(key.aaguid.replaceAll("-", ""), "hex").toString("base64"),
    sign_count: key.signCount,
    clone_warning: false,
  },
  display_name: key.name,
  added_at: key.addedAt,
  is_passwordless: key.passwordless,
  ...(key.backupEligible !== undefined && {
    flags: {
      user_present: true,
      user_verified: key.userVerified,
      backup_eligible: key.backupEligible,
      backup_state: key.backedUp,
    },
  }),
  transport: [...key.transports],
});

/** The secret part of a credential. */
export const writeKeyRing = ({ userHandle = "", otherHandles = [], keys }: Omit<KeyRing, "version">): JsonObject => ({
  credentials: keys.map(writeKey),
  user_handle: toBase64(userHandle),
  ...(otherHandles.length > 0 && { other_user_handles: otherHandles.map(toBase64) }),
});

/** The keys of one type that a person has, without secrets, and their user handle in base64url. */
export const keyFactsOf = (
  identity: IdentityRecord,
  type: KeyMethod,
): { readonly userHandle: string | undefined; readonly keys: readonly KeyFacts[] } => {
  const { facts = {} } = identity.credentials[type] ?? {};
  const handle = textOf(facts.user_handle);
  return {
    userHandle: handle === "" ? undefined : handle,
    keys: listOf(facts.keys).map((entry) => {
      const key = objectOrEmpty(entry);
      return {
        id: textOf(key.id),
        name: textOf(key.name),
        addedAt: textOf(key.added_at),
        passwordless: key.passwordless === true,
        aaguid: textOf(key.aaguid),
        transports: listOf(key.transports).map(textOf),
        backupEligible: flagOf(key.backup_eligible),
        backedUp: key.backed_up === true,
      };
    }),
  };
};

const writeFacts = (key: KeyFacts): JsonObject => ({
  id: key.id,
  name: key.name,
  added_at: key.addedAt,
  passwordless: key.passwordless,
  aaguid: key.aaguid,
  transports: [...key.transports],
  ...(key.backupEligible !== undefined && { backup_eligible: key.backupEligible }),
  backed_up: key.backedUp,
});

/** The person as they would be known without one of their keys. */
export const withoutKey = (identity: IdentityRecord, type: KeyMethod, { id }: KeyFacts): IdentityRecord => {
  const credential = identity.credentials[type];
  if (credential === undefined) return identity;
  const keys = keyFactsOf(identity, type).keys.filter((key) => key.id !== id);
  const facts = { ...credential.facts, keys: keys.map(writeFacts) };
  return { ...identity, credentials: { ...identity.credentials, [type]: { ...credential, facts } } };
};

/**
 * Sets the keys of one type. Passkeys are found by the user handle, so that it is their identifier, and so are those of
 * accounts that were merged; a security key is found by an identifier of the schema. Without a key left the credential
 * is gone.
 */
export const setKeys = (
  type: KeyMethod,
  { version, userHandle = "", otherHandles = [], keys }: KeyRing,
): CredentialChange => {
  const isGone = keys.length === 0;
  const handles = [userHandle, ...otherHandles].map((handle) => Buffer.from(handle, "base64url").toString("utf8"));
  return {
    type,
    config: isGone ? null : writeKeyRing({ userHandle, otherHandles, keys }),
    facts: { since: oldestOf(keys), user_handle: userHandle, keys: keys.map(writeFacts) },
    keys: keys.map(({ id }) => digestOf(id)),
    ...(type === PASSKEY && { identifiers: isGone ? [] : handles }),
    replaces: version,
  };
};

/** Since when one of these keys is there: what an earlier one did for a session does not count any more. */
const oldestOf = (keys: readonly KeyFacts[]): string =>
  new Date(Math.min(...keys.map(({ addedAt }) => Date.parse(addedAt)), Date.parse("9999-12-31"))).toISOString();

/** A key that was imported, with the model of its authenticator as bytes. */
export const keyFrom = ({
  aaguid,
  ...key
}: Omit<StoredKey, "aaguid"> & { readonly aaguid: Uint8Array }): StoredKey => ({
  ...key,
  aaguid: uuidOf(Buffer.from(aaguid)),
});

/** A UUID of 16 bytes; all zeroes for any other number of them. */
const uuidOf = (bytes: Buffer): string => {
  const hex = bytes.length === 16 ? bytes.toString("hex") : "0".repeat(32);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
};

/** A credential id as forms have it. */
export const hexOf = (id: string): string => Buffer.from(id, "base64url").toString("hex");
