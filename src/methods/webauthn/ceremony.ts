import type { AuthenticationResponseJSON, RegistrationResponseJSON } from "@simplewebauthn/server";
import type { RelyingPartyConfig } from "../../config/keys-config.ts";
import type { StoredKey } from "./key.ts";
import { algorithms } from "./options.ts";
import { readClientData } from "./response.ts";
import { withoutCertificatePaths } from "./without-certificate-paths.ts";

/*
 * What an authenticator answered, checked by the steps of WebAuthn Level 3, sections 7.1 and 7.2. The library does the
 * cryptography and most of the checks; what it cannot know, or tells in words only, stands here.
 */

/** Why an answer is refused. Which bytes were wrong is nobody's business. */
export type CeremonyFault =
  | "malformed"
  | "type"
  | "challenge"
  | "origin"
  | "user_verification"
  | "signature"
  | "counter";

/** An answer that is refused. */
export interface Faulty {
  readonly kind: "faulty";
  readonly fault: CeremonyFault;
}

/** What every answer is checked against. */
interface Expected {
  readonly rp: RelyingPartyConfig;
  readonly isChallenge: (challenge: string) => boolean;
  readonly requireUserVerification: boolean;
}

/** A key that was made just now. */
export type NewKey = Omit<StoredKey, "name" | "addedAt" | "passwordless">;

/** What the key says of itself at a sign-in. */
export interface Assertion {
  readonly kind: "verified";
  readonly signCount: number;
  /** Whether it may be on more than one device, and whether it is. */
  readonly backupEligible: boolean;
  readonly backedUp: boolean;
}

/** Loading it takes longer than any ceremony, and who uses no keys need not. */
const library = () => import("@simplewebauthn/server");

/** Has the library loaded before the first ceremony. */
export const prepareCeremonies = async (): Promise<void> => {
  await library();
};

const faulty = (fault: CeremonyFault): Faulty => ({ kind: "faulty", fault });

const clientDataFault = (
  clientDataJSON: string,
  type: string,
  { rp, isChallenge }: Expected,
): CeremonyFault | undefined => {
  const client = readClientData(clientDataJSON);
  if (client === undefined) return "malformed";
  if (client.type !== type) return "type";
  if (!isChallenge(client.challenge)) return "challenge";
  // A frame of another site would ask in the name of this one.
  return !rp.origins.includes(client.origin) || client.isFramed ? "origin" : undefined;
};

/** What a new key answered. It may attest its make: nothing depends on that, and nobody is asked about it. */
export const verifyRegistration = async (
  response: RegistrationResponseJSON,
  expected: Expected,
): Promise<{ readonly kind: "verified"; readonly key: NewKey } | Faulty> => {
  const fault = clientDataFault(response.response.clientDataJSON, "webauthn.create", expected);
  if (fault !== undefined) return faulty(fault);
  const { verifyRegistrationResponse } = await library();
  try {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: await withoutCertificatePaths(response),
      expectedChallenge: () => true,
      expectedOrigin: [...expected.rp.origins],
      expectedRPID: expected.rp.id,
      requireUserVerification: false,
      supportedAlgorithmIDs: [...algorithms],
    });
    if (!verified) return faulty("signature");
    const { aaguid, credential, credentialBackedUp, credentialDeviceType, fmt, userVerified } = registrationInfo;
    if (credential.id !== response.id) return faulty("malformed");
    if (expected.requireUserVerification && !userVerified) return faulty("user_verification");
    return {
      kind: "verified",
      key: {
        id: credential.id,
        publicKey: new Uint8Array(credential.publicKey),
        signCount: credential.counter,
        aaguid,
        attestation: fmt,
        transports: response.response.transports ?? [],
        userVerified,
        backupEligible: credentialDeviceType === "multiDevice",
        backedUp: credentialBackedUp,
      },
    };
  } catch {
    // What is thrown repeats what was sent.
    return faulty("signature");
  }
};

/** What a key answered that is known. */
export const verifyAssertion = async (
  response: AuthenticationResponseJSON,
  key: StoredKey,
  expected: Expected,
): Promise<Assertion | Faulty> => {
  const fault = clientDataFault(response.response.clientDataJSON, "webauthn.get", expected);
  if (fault !== undefined) return faulty(fault);
  const { verifyAuthenticationResponse } = await library();
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: () => true,
      expectedOrigin: [...expected.rp.origins],
      expectedRPID: expected.rp.id,
      requireUserVerification: false,
      // The counter is compared below: only of an answer that is signed does it mean anything.
      credential: { id: key.id, publicKey: key.publicKey, counter: 0 },
    });
    if (!verified) return faulty("signature");
    const { credentialBackedUp, credentialDeviceType, newCounter, userVerified } = authenticationInfo;
    if (expected.requireUserVerification && !userVerified) return faulty("user_verification");
    // Whether it may be on several devices is settled when a key is made (section 6.1.3). Of a key from elsewhere that
    // may not be stored: the first signed answer settles it.
    const backupEligible = credentialDeviceType === "multiDevice";
    if (key.backupEligible !== undefined && key.backupEligible !== backupEligible) return faulty("signature");
    // A counter that does not grow is that of a copy (section 6.1.1). Those that stay 0 do not count.
    if ((newCounter > 0 || key.signCount > 0) && newCounter <= key.signCount) return faulty("counter");
    return { kind: "verified", signCount: newCounter, backupEligible, backedUp: credentialBackedUp };
  } catch {
    return faulty("signature");
  }
};
