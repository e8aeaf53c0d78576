import type { JsonObject } from "@bufbuild/protobuf";
import type { CredentialChange, IdentityRecord, Secret } from "../../identity/identity.ts";
import type { Authenticator, CredentialKind } from "../contract/credential.ts";
import type { ProviderTokens } from "./client.ts";

/** The type of credentials that are linked providers, as stored and as clients know it. */
export const OIDC = "oidc";

/** One link, as at hand at every read. No secret. */
export interface ProviderLink {
  readonly provider: string;
  readonly subject: string;
  readonly organization?: string;
  /** When it was linked (RFC 3339); unknown of imported links. */
  readonly linked_at?: string;
  /** What the account is called there, for its owner to know it by. */
  readonly account?: string;
}

/** A link as it is stored: with the tokens that came with it, encrypted, or none. */
interface StoredLink extends ProviderLink {
  readonly initial_id_token?: string;
  readonly initial_access_token?: string;
  readonly initial_refresh_token?: string;
}

/** Encrypts the provider's tokens; `lib/aead.ts` with `secrets.cipher`. */
export interface TokenAead {
  encrypt(plain: Uint8Array, associated?: string): Buffer;
  decrypt(sealed: Uint8Array, associated?: string): Buffer | undefined;
}

/** A new link and what came with it. `tokens` undefined: they are not stored. */
export interface NewLink extends ProviderLink {
  readonly tokens: ProviderTokens | undefined;
}

/** What an account at a provider is known by: never the e-mail address (ASVS 6.8.1). A provider's id has no colon. */
export const identifierOf = ({ provider, subject }: Pick<ProviderLink, "provider" | "subject">): string =>
  `${provider}:${subject}`;

/** The providers that a person has linked, in the order in which they did. */
export const linksOf = ({ credentials }: Pick<IdentityRecord, "credentials">): readonly ProviderLink[] =>
  readLinks(credentials[OIDC]?.facts);

/**
 * Links a provider to what is stored already.
 *
 * @param stored the secret part of the credential, if there is one
 */
export const link = (stored: Secret | undefined, { tokens, ...entry }: NewLink, aead: TokenAead): CredentialChange =>
  toChange(stored, [...readLinks(stored?.config), { ...entry, ...(tokens && sealTokens(entry, tokens, aead)) }]);

/** Takes links away. With none left the credential stays, empty. */
export const unlink = (stored: Secret | undefined, links: readonly ProviderLink[]): CredentialChange => {
  const gone = new Set(links.map(identifierOf));
  return toChange(
    stored,
    readLinks(stored?.config).filter((entry) => !gone.has(identifierOf(entry))),
  );
};

/** Puts links that an operator knows of in the place of what is stored. */
export const importLinks = (stored: Secret | undefined, links: readonly NewLink[], aead: TokenAead): CredentialChange =>
  toChange(
    stored,
    links.map(({ tokens, ...entry }) => ({ ...entry, ...(tokens && sealTokens(entry, tokens, aead)) })),
  );

/** Adds the links of another account of the same person, with what is stored of them. */
export const addLinks = (stored: Secret | undefined, others: Secret): CredentialChange => {
  const own = readLinks(stored?.config);
  const known = new Set(own.map(identifierOf));
  return toChange(stored, [...own, ...readLinks(others.config).filter((entry) => !known.has(identifierOf(entry)))]);
};

/** Takes one account at a provider away, by `provider:subject`. Undefined: there is no such link. */
export const unlinkOne = (stored: Secret, identifier: string): CredentialChange | undefined => {
  const entries = readLinks(stored.config);
  const left = entries.filter((entry) => identifierOf(entry) !== identifier);
  return left.length === entries.length ? undefined : toChange(stored, left);
};

/**
 * The tokens of every link in clear, for administrators who ask for them. What cannot be decrypted any more is empty.
 */
export const revealTokens = (stored: JsonObject | undefined, aead: TokenAead): JsonObject => ({
  providers: readLinks(stored).map((entry) => ({
    provider: entry.provider,
    subject: entry.subject,
    ...(entry.organization !== undefined && { organization: entry.organization }),
    ...Object.fromEntries(tokenNames.map((name) => [name, open(entry, name, aead)])),
  })),
});

/**
 * Each linked provider is a first factor, unless it is an organization's or is
 * not configured any more.
 */
export const createOidcCredential = (isConfigured: (provider: string) => boolean): CredentialKind => ({
  type: OIDC,
  owned: () => [],
  factors: (identity) => {
    const identifiers = new Set(identity.credentials[OIDC]?.identifiers);
    return linksOf(identity)
      .filter(
        (entry) =>
          entry.organization === undefined && isConfigured(entry.provider) && identifiers.has(identifierOf(entry)),
      )
      .map(() => factor);
  },
});

const factor: Authenticator = { kind: "federated", factor: "first", phishingResistant: false };

const toChange = (stored: Secret | undefined, entries: readonly StoredLink[]): CredentialChange => ({
  type: OIDC,
  replaces: stored?.version,
  config: { providers: entries.map((entry) => ({ ...entry })) },
  facts: { providers: entries.map(factsOf) },
  identifiers: [...new Set(entries.map(identifierOf))],
});

const factsOf = ({ provider, subject, organization, linked_at, account }: StoredLink): JsonObject => ({
  provider,
  subject,
  ...(organization !== undefined && { organization }),
  ...(linked_at !== undefined && { linked_at }),
  ...(account !== undefined && { account }),
});

const readLinks = (document: JsonObject | undefined): readonly StoredLink[] => {
  const list = document?.providers;
  if (!Array.isArray(list)) return [];
  return list.filter((entry) => isLink(entry)) as unknown as readonly StoredLink[];
};
const isLink = (entry: unknown): boolean => {
  const { provider, subject } = (entry ?? {}) as Partial<Record<keyof ProviderLink, unknown>>;
  return typeof provider === "string" && typeof subject === "string";
};

const tokenNames = ["initial_id_token", "initial_access_token", "initial_refresh_token"] as const;
type TokenName = (typeof tokenNames)[number];

const sealTokens = (
  entry: ProviderLink,
  { idToken, accessToken, refreshToken }: ProviderTokens,
  aead: TokenAead,
): Partial<Record<TokenName, string>> => {
  const named: readonly (readonly [TokenName, string | undefined])[] = [
    ["initial_id_token", idToken],
    ["initial_access_token", accessToken],
    ["initial_refresh_token", refreshToken],
  ];
  return Object.fromEntries(
    named.flatMap(([name, token]) =>
      token ? [[name, aead.encrypt(Buffer.from(token), placeOf(entry, name)).toString("base64url")]] : [],
    ),
  );
};

const open = (entry: StoredLink, name: TokenName, aead: TokenAead): string => {
  const sealed = entry[name];
  return sealed === undefined
    ? ""
    : (aead.decrypt(Buffer.from(sealed, "base64url"), placeOf(entry, name))?.toString("utf8") ?? "");
};

/** A token opens in its own place only. */
const placeOf = (entry: ProviderLink, name: TokenName): string => `oidc|${identifierOf(entry)}|${name}`;
