import type { JsonObject } from "@bufbuild/protobuf";
import type { PasskeyConfig, RelyingPartyConfig, Requirement } from "../../config/keys-config.ts";
import type { KeyFacts } from "./key.ts";

/* What browsers and platforms are asked for: WebAuthn Level 3, sections 5.4 and 5.5, bytes in base64url. */

/**
 * The signature algorithms that keys may have, in order of preference (IANA COSE Algorithms): ECDSA, RSASSA-PKCS1-v1_5,
 * RSASSA-PSS and EdDSA.
 */
export const algorithms: readonly number[] = [-7, -35, -36, -257, -258, -259, -37, -38, -39, -8];

/** Milliseconds that a browser waits for a security key. */
const KEY_TIMEOUT = 120_000;

/** Whom a key is made for. */
export interface KeyUser {
  readonly name: string;
  /** In base64url. */
  readonly userHandle: string;
}

/** What creation options are made of. */
interface CreationParts {
  readonly rp: RelyingPartyConfig;
  readonly user: KeyUser;
  readonly challenge: string;
  /** Keys that are there already. */
  readonly exclude: readonly KeyFacts[];
}

const creation = ({ rp, user, challenge, exclude }: CreationParts, timeout: number): JsonObject => ({
  rp: { name: rp.display_name, id: rp.id },
  user: { name: user.name, displayName: user.name, id: user.userHandle },
  challenge,
  pubKeyCredParams: algorithms.map((alg) => ({ type: "public-key", alg })),
  timeout,
  ...(exclude.length > 0 && { excludeCredentials: exclude.map(describe) }),
});

const describe = ({ id, transports }: Pick<KeyFacts, "id" | "transports">): JsonObject => ({
  type: "public-key",
  id,
  ...(transports.length > 0 && { transports: [...transports] }),
});

/** Options of a new security key. */
export const securityKeyCreation = (parts: CreationParts): JsonObject => ({
  publicKey: { ...creation(parts, KEY_TIMEOUT), authenticatorSelection: { userVerification: "discouraged" } },
});

/** Options of a new passkey. */
export const passkeyCreation = (config: PasskeyConfig, parts: Omit<CreationParts, "rp">): JsonObject => ({
  publicKey: {
    ...creation({ ...parts, rp: config.rp }, config.timeouts.registration),
    authenticatorSelection: {
      ...(config.attachment && { authenticatorAttachment: config.attachment }),
      requireResidentKey: config.resident_key === "required",
      residentKey: config.resident_key,
      userVerification: config.user_verification,
    },
    attestation: config.attestation,
  },
});

const request = (challenge: string, timeout: number, rpId: string, userVerification: Requirement): JsonObject => ({
  challenge,
  timeout,
  rpId,
  userVerification,
});

/** Options of a sign-in with one of these security keys. */
export const securityKeyRequest = (
  rp: RelyingPartyConfig,
  challenge: string,
  allow: readonly Pick<KeyFacts, "id" | "transports">[],
): JsonObject => ({
  publicKey: {
    ...request(challenge, KEY_TIMEOUT, rp.id, "discouraged"),
    allowCredentials: allow.map(describe),
  },
});

/** Options of a sign-in with a passkey: with any, or with one of a person who is known. */
export const passkeyRequest = (config: PasskeyConfig, challenge: string, allow?: readonly KeyFacts[]): JsonObject => ({
  publicKey: {
    ...request(challenge, config.timeouts.login, config.rp.id, config.user_verification),
    ...(allow && { allowCredentials: allow.map(describe) }),
  },
});
