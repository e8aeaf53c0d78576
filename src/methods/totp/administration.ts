import { TOTP as OneTimePassword, URI } from "otpauth";
import { serviceError } from "../../errors/service-error.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { Clock } from "../../lib/clock.ts";
import type { CredentialAdministration, CredentialImporter } from "../contract/administration.ts";
import { totpUrl } from "./codes.ts";
import { setTotp, TOTP, type TotpSecrets } from "./credential.ts";

/** Creates what operators may do with authenticator apps. */
export const createTotpAdministration = ({
  secrets,
  issuer,
}: {
  readonly secrets: TotpSecrets;
  readonly issuer: string;
}): CredentialAdministration => ({
  type: TOTP,
  deletion: "always",
  version: 1,
  reveal: (config, identity) => {
    const totp = secrets.open(identity.id, { version: 0, config });
    return { totp_url: totp === undefined ? "" : totpUrl(issuer, accountOf(identity), totp.secret) };
  },
});

/** What an app calls the account: what its owner signs in with, else an address of theirs, else its id. */
const accountOf = ({ id, credentials, verifiable, recovery }: IdentityRecord): string =>
  credentials.password?.identifiers[0] ?? verifiable[0]?.value ?? recovery[0]?.value ?? id;

const field = "credentials.totp.config.totp_url";

/** Creates the import of apps, by the URL that they were set up with. */
export const createTotpImporter =
  ({ secrets, clock }: { readonly secrets: TotpSecrets; readonly clock: Clock }): CredentialImporter<"totp"> =>
  async ({ config }, { identityId, stored }) => {
    const secret = secretIn(config?.totpUrl ?? "");
    if (secret === undefined)
      throw serviceError("INVALID_FIELD", {
        field,
        explain:
          "It is no otpauth://totp/ URL of six digits each half minute by SHA-1, with a secret of 16 bytes or more.",
      });
    const replaces = stored && { replaces: stored.version };
    return { ...setTotp(secrets.seal(identityId, { secret, acceptedStep: 0 }), clock.now()), ...replaces };
  };

/** The shared secret of a URL that every app takes alike (RFC 6238; RFC 4226, section 4, R6). */
export const secretIn = (url: string): string | undefined => {
  try {
    const parsed = URI.parse(url);
    return parsed instanceof OneTimePassword &&
      parsed.algorithm === "SHA1" &&
      parsed.digits === 6 &&
      parsed.period === 30 &&
      parsed.secret.bytes.length >= 16
      ? parsed.secret.base32
      : undefined;
  } catch {
    return undefined;
  }
};
