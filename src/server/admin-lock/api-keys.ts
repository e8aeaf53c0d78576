import { apiKeyDigest } from "../../lib/api-key.ts";
import type { Clock } from "../../lib/clock.ts";
import { type Admit, admitted, unknownOperator } from "./admission.ts";

/** An API key as a configuration lists it. */
export interface ConfiguredApiKey {
  readonly id: string;
  readonly digest: string;
  readonly scopes: readonly string[];
  readonly expires_at: Date | undefined;
}

/**
 * Creates the admission by API key: `Authorization: Bearer …` (RFC 6750, section 2.1). Keys are found by their
 * digest, so that nothing of one is compared that a caller could time.
 */
export const createApiKeyAdmission = ({
  keys,
  clock,
}: {
  readonly keys: readonly ConfiguredApiKey[];
  readonly clock: Clock;
}): Admit => {
  const byDigest = new Map(keys.map((key) => [key.digest, key]));
  return ({ headers }) => {
    const [, token] = /^bearer +(\S+)$/i.exec(headers.authorization ?? "") ?? [];
    if (token === undefined) return unknownOperator("Send an API key as Authorization: Bearer KEY.");
    const key = byDigest.get(apiKeyDigest(token));
    if (key === undefined) return unknownOperator("No API key of this server is like the one that was sent.");
    return key.expires_at !== undefined && key.expires_at <= clock.now()
      ? unknownOperator("The API key has expired.")
      : admitted({ name: key.id, scopes: key.scopes });
  };
};
