import type { RegistrationResponseJSON } from "@simplewebauthn/server";

/** Formats whose statement is verified by the signature in it alone, without any certificate being looked up. */
const selfContained: ReadonlySet<string> = new Set(["none", "packed", "fido-u2f"]);

/**
 * Gives a new key's answer with its attestation statement only where verifying that asks nobody (WebAuthn 8.2, 8.6,
 * 8.7). The other formats carry certificates of the sender's choice that name addresses of revocation lists, which the
 * library would fetch: a stranger could have the server send requests anywhere. No rule of ours depends on an
 * attestation, so that theirs is replaced by that of format `none`.
 *
 * @throws Error when the answer is no attestation object
 */
export const withoutCertificatePaths = async (
  response: RegistrationResponseJSON,
): Promise<RegistrationResponseJSON> => {
  const { decodeAttestationObject, isoBase64URL, isoCBOR } = await import("@simplewebauthn/server/helpers");
  const attestation = decodeAttestationObject(isoBase64URL.toBuffer(response.response.attestationObject));
  if (selfContained.has(attestation.get("fmt"))) return response;
  const authData = attestation.get("authData");
  if (!(authData instanceof Uint8Array)) throw new Error("no authenticator data");
  const bare = isoCBOR.encode(
    new Map<string, string | Uint8Array | Map<string, string>>([
      ["fmt", "none"],
      ["attStmt", new Map<string, string>()],
      ["authData", authData],
    ]),
  );
  return { ...response, response: { ...response.response, attestationObject: isoBase64URL.fromBuffer(bare) } };
};
