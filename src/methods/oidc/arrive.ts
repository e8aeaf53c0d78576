import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { Database } from "../../db/sql.ts";
import type { Change, IdentityRecord } from "../../identity/identity.ts";
import type { Holder, IdentityStore } from "../../identity/store.ts";
import type { Log } from "../../lib/log.ts";
import { readTraits } from "../../schema/form.ts";
import type { IdentitySchema } from "../../schema/identity-schema.ts";
import { normaliseIdentifier } from "../../schema/normalise.ts";
import { validateTraits } from "../../schema/validate.ts";
import { messages as general, uiText } from "../../ui/messages.ts";
import { type Arrived, type Confirmed, type Proven, type Rejected, rejected, type ShownValues, type Taken } from "../method.ts";
import { identifierOf, link, linksOf, OIDC, type TokenCipher } from "./credential.ts";
import { type Known, readKnown, writeKnown } from "./known.ts";
import type { Mapped } from "./mapper/mapper.ts";
import { cannotLink, confirmLinkMessage, mapperFailed, notProvenAgain, refusalMessage } from "./messages.ts";
import type { Provider, Providers } from "./providers.ts";
import { writeGoesOnWith } from "./sign-up-form.ts";

/** Tells where someone has arrived whom a provider vouches for. */
export interface Arrivals {
  /** @param options `mustBeFresh`: someone who is signed in proves again who they are */
  arrive(known: Known, schema: IdentitySchema, options?: { readonly mustBeFresh?: boolean }): Promise<Arrived>;
  /** What is linked to an account whose owner has proven that it is theirs. */
  confirm(memory: JsonObject, owner: IdentityRecord): Promise<Confirmed | Rejected>;
}

/** What telling needs. */
export interface ArrivalsDeps {
  readonly db: Database;
  readonly identities: IdentityStore;
  readonly providers: Providers;
  readonly cipher: TokenCipher;
  readonly log: Log;
  /** The page that people sign in at. */
  readonly loginPage: string;
  /** Whether someone whose address is taken is told how its owner signs in. */
  readonly loginHints: boolean;
  /** The methods that a person can sign in with. */
  readonly waysIn: (identity: IdentityRecord) => readonly string[];
}

/**
 * Creates the telling. A person is known by provider and subject, never by their
 * e-mail address (ASVS 6.8.1). Someone new with an address that an account has
 * must sign in to that account first, whoever vouches for the address.
 */
export const createArrivals = ({ db, identities, providers, cipher, log, loginPage, loginHints, waysIn }: ArrivalsDeps): Arrivals => {
  /** What the provider tells of the person, and what they filled in themselves. */
  const mapTraits = async (
    { mapper, id }: Provider,
    { claims, traits }: Known,
    schema: IdentitySchema,
  ): Promise<{ readonly mapped: Mapped; readonly traits: JsonObject; readonly shown: ShownValues } | undefined> => {
    const result = await mapper.map(claims);
    if (result.kind !== "mapped") log.warn({ provider: id, explain: result.explain }, "the mapper of a sign-in provider did not make traits of all claims");
    return result.kind === "failed" ? undefined : { mapped: result.mapped, ...readTraits(schema, merge(result.mapped.traits, traits)) };
  };

  const proven = async (provider: Provider, known: Known, identity: IdentityRecord, schema: IdentitySchema): Promise<Proven | Rejected> => {
    if (identity.state !== "active") return rejected([{ node: "", text: uiText(general.identityDisabled) }], undefined, OIDC);
    const change = provider.config.update_identity_on_login === "automatic" ? await updated(provider, known, identity, schema) : undefined;
    return { kind: "proven", identity, proof: { method: OIDC, aal: known.level, provider: provider.id }, ...(change && { change }) };
  };

  /** What the provider tells from now on, where that is wanted. It never keeps anyone from signing in. */
  const updated = async (provider: Provider, known: Known, identity: IdentityRecord, schema: IdentitySchema): Promise<Change | undefined> => {
    const told = await mapTraits(provider, { ...known, traits: {} }, schema);
    if (told === undefined || schema.id !== identity.schemaId) return undefined;
    const validated = validateTraits(schema, merge(identity.traits, told.traits));
    if (validated.kind === "invalid") return undefined;
    const holder = await identities.findHolder(db, validated);
    if (holder && holder.identity.id !== identity.id) return undefined;
    return { traits: validated, ...beside(told.mapped) };
  };

  const taken = (provider: Provider, known: Known, { identity, value }: Holder): Taken => {
    const ways = loginHints ? waysIn(identity) : undefined;
    const linked = loginHints ? linksOf(identity).map((entry) => entry.provider) : undefined;
    return {
      kind: "taken",
      ownerId: identity.id,
      confirmation: { method: OIDC, identifier: value, ways, shown: { provider: provider.id, ...(linked && { only: linked }) } },
      text: confirmLinkMessage({
        provider: provider.label,
        newLoginUrl: loginPage,
        duplicateIdentifier: value,
        availableProviders: linked ?? [],
        availableCredentialTypes: ways ?? [],
      }),
      memory: writeKnown({ ...known, claims: {}, traits: {} }),
    };
  };

  return {
    arrive: async (known, schema, { mustBeFresh = false } = {}) => {
      const provider = providers.get(known.provider);
      if (provider === undefined) return rejected([refusalMessage("misconfigured")]);
      if (mustBeFresh && !known.isFresh) return rejected([notProvenAgain()]);
      const found = await identities.findByIdentifier(db, OIDC, [identifierOf(known)]);
      if (found) return proven(provider, known, found.identity, schema);
      // Someone else is signed in: this is not the moment to become a third person.
      if (mustBeFresh) return rejected([{ node: "", text: uiText(general.linkedAccountMismatch) }]);

      const told = await mapTraits(provider, known, schema);
      if (told === undefined) return rejected([mapperFailed()]);
      const validated = validateTraits(schema, told.traits);
      if (validated.kind === "invalid") {
        return {
          kind: "incomplete",
          rejected: { ...rejected(validated.messages, told.shown, OIDC), context: writeGoesOnWith({ provider: provider.id, withTraits: true }) },
        };
      }
      const holder = await identities.findHolder(db, validated);
      if (holder) return taken(provider, known, holder);
      const { subject, tokens, level } = known;
      return {
        kind: "enrolled",
        traits: validated,
        credentials: [link(undefined, { provider: provider.id, subject, tokens }, cipher)],
        extra: beside(told.mapped),
        proof: { method: OIDC, aal: level, provider: provider.id },
        shown: told.shown,
      };
    },

    confirm: async (memory, owner) => {
      const { provider, subject, tokens, level } = readKnown(memory);
      // One account of a provider for each person (contract, settings 3.3.2).
      if (providers.get(provider) === undefined || linksOf(owner).some((entry) => entry.provider === provider)) return rejected([cannotLink()]);
      const kept = await identities.findSecret(db, owner.id, OIDC);
      return {
        kind: "confirmed",
        change: { credentials: [link(kept, { provider, subject, tokens }, cipher)] },
        proof: { method: OIDC, aal: level, provider },
        event: { type: "provider.linked", detail: { provider } },
      };
    },
  };
};

/** What a mapper says beside the traits. Addresses count only where the person has them, so what they typed instead is not proven. */
const beside = ({ metadataPublic, metadataAdmin, verifiedAddresses }: Mapped): Pick<Change, "verified" | "metadataPublic" | "metadataAdmin"> => ({
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

const isObject = (value: JsonValue | undefined): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);
