import { createLocalJWKSet, errors, type FlattenedJWSInput, type JSONWebKeySet, type JWSHeaderParameters } from "jose";
import { createCached } from "../../lib/cached.ts";
import type { Clock } from "../../lib/clock.ts";
import type { ProviderFetch } from "./provider-fetch.ts";
import { ProviderFetchError } from "./refusal.ts";

type PublicKey = Awaited<ReturnType<ReturnType<typeof createLocalJWKSet>>>;

/** The public keys of a provider. */
export interface Keys {
  /** The keys that a token may have been signed with: as a rule one. @throws ProviderFetchError */
  find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<readonly PublicKey[]>;
  /**
   * Looks at the provider again, when none of those that were found made the signature: a new key may go by an old
   * name.
   */
  findAgain(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<readonly PublicKey[]>;
}

/** How long keys are good. Milliseconds. */
const FRESH = 10 * 60_000;
/** A provider that is down shall not stop sign-in for a while; one that withdrew a key shall, some day. */
const USABLE = 24 * 60 * 60_000;
/** A token under an unknown key makes us look again, at most this often. */
const COOLDOWN = 1000;

/**
 * Creates the keys behind a `jwks_uri`: cached, renewed in the background, and at once when a token names a key that
 * is not known.
 */
export const createKeys = ({ url, fetch, clock, cooldown = COOLDOWN }: KeysDeps): Keys => {
  const cached = createCached({ load: () => fetchKeys(url, fetch), clock, freshFor: FRESH, usableFor: USABLE });
  return {
    find: async (header, token) => {
      const known = await select(await cached.get(), header, token);
      return known.length > 0 ? known : select(await cached.refresh(cooldown), header, token);
    },
    findAgain: async (header, token) => select(await cached.refresh(cooldown), header, token),
  };
};

/** What keys are made of. */
export interface KeysDeps {
  readonly url: string;
  readonly fetch: ProviderFetch;
  readonly clock: Clock;
  /** Milliseconds. */
  readonly cooldown?: number | undefined;
}

type KeySet = ReturnType<typeof createLocalJWKSet>;

const fetchKeys = async (url: string, fetch: ProviderFetch): Promise<KeySet> => {
  const response = await fetch(url, {
    method: "GET",
    headers: { accept: "application/json, application/jwk-set+json" },
  });
  if (!response.ok)
    throw new ProviderFetchError("unavailable", `the keys: ${new URL(url).host} answered ${response.status}`);
  try {
    return createLocalJWKSet((await response.json()) as JSONWebKeySet);
  } catch (error) {
    throw new ProviderFetchError("unavailable", `the keys of ${new URL(url).host} cannot be read`, error);
  }
};

const select = async (
  keys: KeySet,
  header: JWSHeaderParameters,
  token: FlattenedJWSInput,
): Promise<readonly PublicKey[]> => {
  try {
    return [await keys(header, token)];
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return [];
    // A token that names no key, and several that fit.
    if (error instanceof errors.JWKSMultipleMatchingKeys) {
      const several: PublicKey[] = [];
      for await (const key of error) several.push(key);
      return several;
    }
    throw error;
  }
};
