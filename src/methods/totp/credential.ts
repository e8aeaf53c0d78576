import type { JsonObject } from "@bufbuild/protobuf";
import type { CredentialChange, IdentityRecord, Secret } from "../../identity/identity.ts";
import type { Aead } from "../../lib/aead.ts";
import type { Authenticator, CredentialKind } from "../contract/credential.ts";

/** The type of the credential, as stored and as clients know it. */
export const TOTP = "totp";

/** An authenticator app, as it was read: its shared secret, and the last code that was accepted. */
export interface StoredTotp {
  /** Base32 (RFC 4648, section 6). */
  readonly secret: string;
  /** The time step of the last accepted code: no code of it or an earlier one is good any more. */
  readonly acceptedStep: number;
}

/** Encrypts and decrypts the secret part of the credential. */
export interface TotpSecrets {
  /** Undefined when there is none, or it cannot be decrypted any more. */
  open(identityId: string, stored: Secret | undefined): StoredTotp | undefined;
  seal(identityId: string, totp: StoredTotp): JsonObject;
}

/** Creates it. A secret is bound to the person whose it is. */
export const createTotpSecrets = (aead: Aead): TotpSecrets => ({
  open: (identityId, stored) => {
    const { sealed, accepted_step: acceptedStep } = stored?.config ?? {};
    if (typeof sealed !== "string" || typeof acceptedStep !== "number") return undefined;
    const secret = aead.decrypt(Buffer.from(sealed, "base64url"), boundTo(identityId));
    return secret && { secret: secret.toString(), acceptedStep };
  },
  seal: (identityId, { secret, acceptedStep }) => ({
    sealed: aead.encrypt(Buffer.from(secret), boundTo(identityId)).toString("base64url"),
    accepted_step: acceptedStep,
  }),
});

const boundTo = (identityId: string): string => `credential|${TOTP}|${identityId}`;

/** Sets up an app. `now` tells sessions that were raised by an earlier one from later ones. */
export const setTotp = (config: JsonObject, now: Date): CredentialChange => ({
  type: TOTP,
  config,
  facts: { since: now.toISOString() },
});

/** Removes the app. */
export const removeTotp = (stored: Secret | undefined): CredentialChange => ({
  type: TOTP,
  config: null,
  facts: {},
  replaces: stored?.version,
});

/** Whether the person has set up an app. */
export const hasTotp = ({ credentials }: IdentityRecord): boolean => credentials[TOTP]?.set === true;

/** Creates the kind of credential: an app is a second factor, while the method is enabled. */
export const createTotpCredential = ({ enabled }: { readonly enabled: boolean }): CredentialKind => ({
  type: TOTP,
  owned: (identity) => (hasTotp(identity) ? [{ id: "", name: "", createdAt: since(identity) }] : []),
  factors: (identity) => (enabled && hasTotp(identity) ? [factor] : []),
});

const since = ({ credentials }: IdentityRecord): string | undefined => {
  const at = credentials[TOTP]?.facts.since;
  return typeof at === "string" ? at : undefined;
};

const factor: Authenticator = { kind: "possession", factor: "second", phishingResistant: false };
