import type { Aead } from "../lib/aead.ts";
import type { CredentialMerging } from "./contract/merging.ts";
import { createCodeSecrets } from "./lookup_secret/credential.ts";
import { createLookupSecretMerging } from "./lookup_secret/merging.ts";
import { oidcMerging } from "./oidc/merging.ts";
import { passwordMerging } from "./password/merging.ts";
import { createTotpSecrets } from "./totp/credential.ts";
import { createTotpMerging } from "./totp/merging.ts";
import { PASSKEY, WEBAUTHN } from "./webauthn/key.ts";
import { createKeyMerging } from "./webauthn/merging.ts";

/** How credentials are transferred when accounts are merged: one line for each kind that is stored. */
export const createMergings = ({
  aead,
  digestKeys,
}: {
  readonly aead: Aead;
  readonly digestKeys: readonly string[];
}): readonly CredentialMerging[] => [
  passwordMerging,
  oidcMerging,
  createKeyMerging(PASSKEY),
  createKeyMerging(WEBAUTHN),
  createTotpMerging(createTotpSecrets(aead)),
  createLookupSecretMerging(createCodeSecrets(aead, digestKeys)),
];
