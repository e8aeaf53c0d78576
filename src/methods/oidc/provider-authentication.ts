import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { Database, Sql } from "../../db/sql.ts";
import type { Change, IdentityRecord } from "../../identity/identity.ts";
import type { IdentifierOwner, IdentityStore, IdentityWithSecret } from "../../identity/store.ts";
import type { Log } from "../../lib/log.ts";
import { readTraits } from "../../schema/form.ts";
import type { IdentitySchema } from "../../schema/identity-schema.ts";
import { normaliseIdentifier } from "../../schema/normalise.ts";
import { validateTraits } from "../../schema/validate.ts";
import { messages as general, uiText } from "../../ui/messages.ts";
import type {
  Authenticated,
  AuthenticationResult,
  IdentifierConflict,
  LinkedAccount,
} from "../contract/authentication.ts";
import { type Rejected, rejected, type SubmittedValues } from "../contract/result.ts";
import { identifierOf, linksOf, OIDC } from "./credential.ts";
import type { Mapped } from "./mapper/mapper.ts";
import { cannotLink, confirmLinkMessage, mapperFailed, notProvenAgain, refusalMessage } from "./messages.ts";
import { type LinkProvider, namingClaims } from "./new-link.ts";
import { type ProviderProfile, readProviderProfile, writeProviderProfile } from "./provider-profile.ts";
import type { Provider, Providers } from "./providers.ts";
import { writeRegistrationProvider } from "./registration-provider.ts";
import { mayLinkAnother } from "./rules.ts";

/** Finds out who someone is whom a provider vouches for. */
export interface ProviderAuthentication {
  /** @param options `mustBeFresh`: someone who is signed in authenticates again */
  complete(
    profile: ProviderProfile,
    schema: IdentitySchema,
    options?: { readonly mustBeFresh?: boolean },
  ): Promise<AuthenticationResult>;
  /** What is linked to an account whose owner was authenticated. */
  linkAccount(linkState: JsonObject, owner: IdentityRecord, tx: Sql): Promise<LinkedAccount | Rejected>;
}

/** What the authentication by a provider needs. */
export interface ProviderAuthenticationDeps {
  readonly db: Database;
  readonly identities: IdentityStore;
  readonly providers: Providers;
  readonly linkProvider: LinkProvider;
  readonly log: Log;
  /** The page that people sign in at. */
  readonly loginPage: string;
  /** Whether someone whose address belongs to an account gets to know how its owner signs in. */
  readonly loginHints: boolean;
  /** The methods that a person can sign in with. */
  readonly firstFactors: (identity: IdentityRecord) => readonly string[];
}

/**
 * Creates it. A person is known by provider and subject, never by their
 * e-mail address (ASVS 6.8.1). Someone new with an address that an account has
 * must sign in to that account first, whoever vouches for the address.
 */
export const createProviderAuthentication = ({
  db,
  identities,
  providers,
  linkProvider,
  log,
  loginPage,
  loginHints,
  firstFactors,
}: ProviderAuthenticationDeps): ProviderAuthentication => {
  /** What the provider says about the person, and what they filled in themselves. */
  const mapTraits = async (
    { mapper, id }: Provider,
    { claims, traits }: ProviderProfile,
    schema: IdentitySchema,
  ): Promise<
    { readonly mapped: Mapped; readonly traits: JsonObject; readonly submittedValues: SubmittedValues } | undefined
  > => {
    const result = await mapper.map(claims);
    if (result.kind !== "mapped")
      log.warn(
        { provider: id, explain: result.explain },
        "the mapper of a sign-in provider did not make traits of all claims",
      );
    return result.kind === "failed"
      ? undefined
      : { mapped: result.mapped, ...readTraits(schema, merge(result.mapped.traits, traits)) };
  };

  const authenticated = (
    provider: Provider,
    profile: ProviderProfile,
    { identity, secret }: IdentityWithSecret,
    schema: IdentitySchema,
  ): Authenticated | Rejected => {
    if (identity.state !== "active")
      return {
        ...rejected([{ node: "", text: uiText(general.identityDisabled) }], undefined, OIDC),
        refused: { identityId: identity.id, reason: "identity_disabled" },
      };
    return {
      kind: "authenticated",
      identity,
      amr: { method: OIDC, aal: profile.level, provider: provider.id },
      verified: { type: OIDC, version: secret?.version },
      ...(provider.config.update_identity_on_login === "automatic" && { change: updates(provider, profile, schema) }),
    };
  };

  /** What the provider tells from now on, where that is wanted. It never keeps anyone from signing in. */
  const updates = (
    provider: Provider,
    profile: ProviderProfile,
    schema: IdentitySchema,
  ): NonNullable<Authenticated["change"]> => {
    const mapped = mapTraits(provider, { ...profile, traits: {} }, schema);
    // Thrown where it is awaited, if it is.
    mapped.catch(() => undefined);
    return async (identity, tx) => {
      const mapping = await mapped;
      if (mapping === undefined || schema.id !== identity.schemaId) return undefined;
      const validated = validateTraits(schema, merge(identity.traits, mapping.traits));
      if (validated.kind === "invalid") return undefined;
      const owner = await identities.findIdentifierOwner(tx, validated);
      if (owner && owner.identity.id !== identity.id) return undefined;
      return { traits: validated, ...beside(mapping.mapped) };
    };
  };

  const conflictWith = (
    provider: Provider,
    profile: ProviderProfile,
    { identity, value }: IdentifierOwner,
  ): IdentifierConflict => {
    const availableMethods = loginHints ? firstFactors(identity) : undefined;
    const linked = loginHints ? linksOf(identity).map((entry) => entry.provider) : undefined;
    return {
      kind: "conflict",
      ownerId: identity.id,
      accountLink: {
        method: OIDC,
        identifier: value,
        availableMethods,
        submittedValues: { provider: provider.id, ...(linked && { only: linked }) },
      },
      text: confirmLinkMessage({
        provider: provider.label,
        newLoginUrl: loginPage,
        duplicateIdentifier: value,
        availableProviders: linked ?? [],
        availableCredentialTypes: availableMethods ?? [],
      }),
      linkState: writeProviderProfile({ ...profile, claims: namingClaims(profile.claims), traits: {} }),
    };
  };

  return {
    complete: async (profile, schema, { mustBeFresh = false } = {}) => {
      const provider = providers.get(profile.provider);
      if (provider === undefined) return rejected([refusalMessage("misconfigured")]);
      if (mustBeFresh && !profile.isFresh) return rejected([notProvenAgain()]);
      const found = await identities.findByIdentifier(db, OIDC, [identifierOf(profile)]);
      if (found) return authenticated(provider, profile, found, schema);
      // Someone else is signed in: this is not the moment to become a third person.
      if (mustBeFresh) return rejected([{ node: "", text: uiText(general.linkedAccountMismatch) }]);

      const mapping = await mapTraits(provider, profile, schema);
      if (mapping === undefined) return rejected([mapperFailed()]);
      const validated = validateTraits(schema, mapping.traits);
      if (validated.kind === "invalid") {
        return {
          kind: "incomplete",
          rejected: {
            ...rejected(validated.messages, mapping.submittedValues, OIDC),
            ...writeRegistrationProvider({ provider: provider.id, withTraits: true }),
          },
        };
      }
      const owner = await identities.findIdentifierOwner(db, validated);
      if (owner) return conflictWith(provider, profile, owner);
      const { level } = profile;
      return {
        kind: "registered",
        traits: validated,
        credentials: [linkProvider(undefined, profile)],
        extra: beside(mapping.mapped),
        amr: { method: OIDC, aal: level, provider: provider.id },
        submittedValues: mapping.submittedValues,
      };
    },

    linkAccount: async (linkState, owner, tx) => {
      const profile = readProviderProfile(linkState);
      const { provider } = profile;
      const configured = providers.get(provider);
      if (configured === undefined || !mayLinkAnother(owner, configured)) return rejected([cannotLink()]);
      // It may have waited for a second factor, and somebody linked it meanwhile.
      if (await identities.findByIdentifier(tx, OIDC, [identifierOf(profile)])) return rejected([cannotLink()]);
      const stored = await identities.findSecret(tx, owner.id, OIDC);
      return {
        kind: "linked",
        change: { credentials: [linkProvider(stored, profile)] },
        // The account was proven by other means; what is new to it raises nothing.
        amr: { method: OIDC, aal: "aal1", provider },
        event: { type: "provider.linked", detail: { provider } },
      };
    },
  };
};

/**
 * What a mapper says beside the traits. Addresses are verified only where the person has them: not one that was
 * submitted in their place.
 */
const beside = ({
  metadataPublic,
  metadataAdmin,
  verifiedAddresses,
}: Mapped): Pick<Change, "verified" | "metadataPublic" | "metadataAdmin"> => ({
  verified: verifiedAddresses.map(({ via, value }) => ({ via, value: normaliseIdentifier(value) })),
  ...(metadataPublic !== undefined && { metadataPublic }),
  ...(metadataAdmin !== undefined && { metadataAdmin }),
});

/** Lays one set of traits over another. */
const merge = (under: JsonObject, over: JsonObject): JsonObject => {
  const merged: Record<string, JsonValue> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isObject(below) && isObject(value) ? merge(below, value) : value;
  }
  return merged;
};

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
