import type { Database } from "../../db/sql.ts";
import type { IdentityRecord, ValidTraits } from "../../identity/identity.ts";
import type { IdentifierOwner, IdentityStore, IdentityWithSecret } from "../../identity/store.ts";
import type { IdentitySchema } from "../../schema/identity-schema.ts";
import { unprovenIn, usesWhere } from "../../schema/reachable.ts";
import { validateTraits } from "../../schema/validate.ts";
import { messages as general, uiText } from "../../ui/messages.ts";
import type { Authenticated, AuthenticationResult, IdentifierConflict } from "../contract/authentication.ts";
import { type Rejected, rejected } from "../contract/result.ts";
import { identifierOf, linksOf, OIDC } from "./credential.ts";
import type { IdentityUpdates } from "./identity-updates.ts";
import type { MapPerson, VouchedAddresses } from "./map-person.ts";
import { confirmLinkMessage, mapperFailed, notProvenAgain, refusalMessage } from "./messages.ts";
import { type LinkProvider, namingClaims } from "./new-link.ts";
import { type ProviderProfile, writeProviderProfile } from "./provider-profile.ts";
import type { Provider, Providers } from "./providers.ts";
import { writeRegistrationProvider } from "./registration-provider.ts";
import type { SignInPlace } from "./sign-in-place.ts";

/** Finds out who someone is whom a provider vouches for. */
export interface ProviderAuthentication {
  /** @param options `mustBeFresh`: someone who is signed in authenticates again */
  complete(
    profile: ProviderProfile,
    schema: IdentitySchema,
    options?: { readonly mustBeFresh?: boolean },
  ): Promise<AuthenticationResult>;
}

/** What the authentication by a provider needs. */
export interface ProviderAuthenticationDeps {
  readonly db: Database;
  readonly identities: IdentityStore;
  readonly providers: Providers;
  readonly linkProvider: LinkProvider;
  readonly mapPerson: MapPerson;
  readonly updates: Pick<IdentityUpdates, "prepare">;
  readonly place: Omit<SignInPlace, "publicUrl">;
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
  mapPerson,
  updates,
  place: { loginPage, loginHints, hidesAccounts },
  firstFactors,
}: ProviderAuthenticationDeps): ProviderAuthentication => {
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
      ...(provider.config.update_identity_on_login === "automatic" && {
        update: updates.prepare(provider, profile, { identity, schema }),
      }),
    };
  };

  /**
   * Finds the account that has one of the identifiers or addresses. If accounts are hidden, only for addresses that the
   * provider has verified, and for other identifiers: owners of other addresses get a mail (docs/passwordless.md).
   */
  const findOwner = (traits: ValidTraits, vouched: VouchedAddresses): Promise<IdentifierOwner | undefined> => {
    if (!hidesAccounts) return identities.findIdentifierOwner(db, traits);
    const hidden = new Set(unprovenIn(traits, vouched).map(({ value }) => value));
    return identities.findIdentifierOwner(
      db,
      usesWhere(traits, (value) => !hidden.has(value)),
    );
  };

  const conflictWith = (
    provider: Provider,
    profile: ProviderProfile,
    { identity, value }: IdentifierOwner,
    vouched: VouchedAddresses,
  ): IdentifierConflict => {
    // A user name is anybody's to type.
    const hints = loginHints && (!hidesAccounts || vouched.some((address) => address.value === value));
    const availableMethods = hints ? firstFactors(identity) : undefined;
    const linked = hints ? linksOf(identity).map((entry) => entry.provider) : undefined;
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

      const mapped = await mapPerson(provider, profile, schema);
      if (mapped === undefined) return rejected([mapperFailed()]);
      const validated = validateTraits(schema, mapped.traits);
      if (validated.kind === "invalid") {
        return {
          kind: "incomplete",
          rejected: {
            ...rejected(validated.messages, mapped.submittedValues, OIDC),
            ...writeRegistrationProvider({ provider: provider.id, withTraits: true }),
          },
        };
      }
      const { beside, submittedValues } = mapped;
      const owner = await findOwner(validated, beside.verified);
      if (owner) return conflictWith(provider, profile, owner, beside.verified);
      const { level } = profile;
      return {
        kind: "registered",
        traits: validated,
        credentials: [linkProvider(undefined, profile)],
        extra: beside,
        amr: { method: OIDC, aal: level, provider: provider.id },
        submittedValues,
      };
    },
  };
};
