import type { CodeConfig } from "../../config/config.ts";
import { channelOf as viaOf } from "../../identity/channel.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { Via } from "../../schema/extension.ts";
import { viaOfValue } from "../../schema/reachable.ts";
import type { Authenticator, CredentialKind } from "../contract/credential.ts";

/** The type of code credentials, as stored and as clients know it. It has no secret part. */
export const CODE = "code";

/** Where codes go. */
export interface CodeAddress {
  readonly via: Via;
  /** Normalised. */
  readonly value: string;
}

/** Finds the addresses to which a person gets codes for signing in, sorted. */
export type FindCodeAddresses = (identity: IdentityRecord) => readonly CodeAddress[];

/**
 * Creates the search: the addresses that the identity schema gives codes
 * (`credentials.code.identifier`); where a person has none and the
 * configuration says so, those that can be verified.
 */
export const createFindCodeAddresses =
  ({ config }: Pick<CodeConfig, "config">): FindCodeAddresses =>
  (identity) => {
    const identifiers = identity.credentials[CODE]?.identifiers ?? [];
    const found =
      identifiers.length > 0 || !config.missing_credential_fallback_enabled
        ? identifiers.map((value) => ({ via: channelOf(identity, value), value }))
        : identity.verifiable.map(({ via, value }) => ({ via: viaOf(via), value }));
    return found.toSorted(byValue);
  };

/** The verified addresses of a person, whatever the schema says of codes. */
export const verifiedAddresses = ({ verifiable }: IdentityRecord): readonly CodeAddress[] =>
  verifiable
    .filter(({ verified }) => verified)
    .map(({ via, value }) => ({ via: viaOf(via), value }))
    .toSorted(byValue);

/** How an identifier is reached: as the person's address of that value says; where there is none, by how it looks. */
export const channelOf = ({ verifiable }: IdentityRecord, value: string): Via => {
  const known = verifiable.find((address) => address.value === value);
  return known ? viaOf(known.via) : viaOfValue(value);
};

const byValue = (a: CodeAddress, b: CodeAddress): number => (a.value < b.value ? -1 : a.value > b.value ? 1 : 0);

/** Creates the kind of credential: each address is a factor, the first or the second as the configuration says. */
export const createCodeCredential = (config: CodeConfig, findAddresses: FindCodeAddresses): CredentialKind => {
  const factor = config.passwordless_enabled ? "first" : config.mfa_enabled ? "second" : undefined;
  return {
    type: CODE,
    owned: (identity) =>
      config.enabled && factor !== undefined
        ? findAddresses(identity).map(({ value }) => ({ id: "", name: value }))
        : [],
    factors: (identity) =>
      config.enabled && factor !== undefined
        ? findAddresses(identity).map(
            ({ via }): Authenticator => ({
              kind: "possession",
              factor,
              phishingResistant: false,
              via,
            }),
          )
        : [],
  };
};
