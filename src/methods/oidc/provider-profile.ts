import type { JsonObject } from "@bufbuild/protobuf";
import type { ProviderTokens } from "./client.ts";

/**
 * What is known of a person whom a provider has vouched for, and what they want. Plain data: it may wait, encrypted.
 */
export interface ProviderProfile {
  readonly provider: string;
  readonly subject: string;
  /** How surely the provider knows them. */
  readonly level: "aal1" | "aal2";
  /** They were asked to authenticate again, and did. */
  readonly isFresh: boolean;
  /** As mappers see them. */
  readonly claims: JsonObject;
  /** Undefined: not to be stored. */
  readonly tokens: ProviderTokens | undefined;
  /** What they filled in themselves: it goes before what the provider says. */
  readonly traits: JsonObject;
}

/** Makes plain JSON of it. */
export const writeProviderProfile = ({ tokens, ...profile }: ProviderProfile): JsonObject => ({
  ...profile,
  ...(tokens && {
    tokens: Object.fromEntries(Object.entries(tokens).filter(([, token]) => token !== undefined)) as JsonObject,
  }),
});

/** Reads what `writeProviderProfile` made. */
export const readProviderProfile = (written: JsonObject): ProviderProfile => {
  const { tokens, ...profile } = written as unknown as Omit<ProviderProfile, "tokens"> & {
    readonly tokens?: Partial<ProviderTokens>;
  };
  const { idToken, accessToken, refreshToken } = tokens ?? {};
  return { ...profile, tokens: tokens && { idToken, accessToken, refreshToken } };
};
