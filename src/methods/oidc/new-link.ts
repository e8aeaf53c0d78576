import type { JsonObject } from "@bufbuild/protobuf";
import type { CredentialChange, Secret } from "../../identity/identity.ts";
import type { Clock } from "../../lib/clock.ts";
import { link, type NewLink, type TokenAead } from "./credential.ts";
import type { ProviderProfile } from "./provider-profile.ts";

/** Characters of an account's name that are stored. */
const maxLength = 254;

/** Claims that say what an account is called, the most telling first (OpenID Connect Core, 5.1). */
const names = ["email", "preferred_username", "nickname", "name"] as const;

/** Makes the link of an account that a provider has vouched for, with what its owner will know it by. */
export const newLink = (
  { provider, subject, tokens, claims }: Pick<ProviderProfile, "provider" | "subject" | "tokens" | "claims">,
  now: Date,
): NewLink => {
  const account = accountOf(claims);
  return { provider, subject, tokens, linked_at: now.toISOString(), ...(account !== undefined && { account }) };
};

/** The claims of which the name of a linked account is made. */
export const namingClaims = (claims: JsonObject): JsonObject =>
  Object.fromEntries(names.flatMap((name) => (typeof claims[name] === "string" ? [[name, claims[name]]] : [])));

const accountOf = (claims: JsonObject): string | undefined => {
  const label = names.map((name) => claims[name]).find((claim) => typeof claim === "string" && claim.trim() !== "");
  return typeof label === "string" ? Array.from(label.trim()).slice(0, maxLength).join("").toWellFormed() : undefined;
};

/** Links an account that a provider has vouched for to what a person has linked already; undefined: nothing yet. */
export type LinkProvider = (stored: Secret | undefined, profile: ProviderProfile) => CredentialChange;

/** Creates the linking. */
export const createLinkProvider =
  ({ aead, clock }: { readonly aead: TokenAead; readonly clock: Clock }): LinkProvider =>
  (stored, profile) =>
    link(stored, newLink(profile, clock.now()), aead);
