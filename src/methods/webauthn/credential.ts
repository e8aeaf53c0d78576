import type { IdentityRecord } from "../../identity/identity.ts";
import type { Authenticator, CredentialKind, OwnedFactor } from "../contract/credential.ts";
import { type KeyFacts, type KeyMethod, keyFactsOf, PASSKEY, WEBAUTHN } from "./key.ts";

const authenticator = (factor: Authenticator["factor"]): Authenticator => ({
  kind: "possession",
  factor,
  phishingResistant: true,
});

const ownedKeys = (identity: IdentityRecord, type: KeyMethod): readonly OwnedFactor[] =>
  keyFactsOf(identity, type).keys.map(({ id, name, addedAt }) => ({ id, name, createdAt: addedAt }));

/** Whether a security key signs in by itself: by configuration, and if its owner has an identifier to begin with. */
export const signsInAlone = (passwordless: boolean, identity: IdentityRecord, key: KeyFacts): boolean =>
  passwordless && key.passwordless && (identity.credentials[WEBAUTHN]?.identifiers.length ?? 0) > 0;

/** Security keys: one that signs in by itself is a first factor, any other a second one. */
export const createWebauthnCredential = (config: {
  readonly enabled: boolean;
  readonly passwordless: boolean;
}): CredentialKind => ({
  type: WEBAUTHN,
  owned: (identity) => ownedKeys(identity, WEBAUTHN),
  factors: (identity) => {
    if (!config.enabled) return [];
    return keyFactsOf(identity, WEBAUTHN).keys.flatMap((key) => {
      if (!key.passwordless) return [authenticator("second")];
      return signsInAlone(config.passwordless, identity, key) ? [authenticator("first")] : [];
    });
  },
});

/** Passkeys: each is a first factor. */
export const createPasskeyCredential = ({ enabled }: { readonly enabled: boolean }): CredentialKind => ({
  type: PASSKEY,
  owned: (identity) => ownedKeys(identity, PASSKEY),
  factors: (identity) => (enabled ? keyFactsOf(identity, PASSKEY).keys.map(() => authenticator("first")) : []),
});
