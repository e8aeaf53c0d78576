import type { JsonObject } from "@bufbuild/protobuf";
import { OIDC } from "./credential.ts";

/** How a sign-up goes on with one provider. */
export interface RegistrationProvider {
  readonly provider: string;
  /** Whether the person has traits to fill in. */
  readonly withTraits: boolean;
}

/** For the context of a registration flow: only this method shows from now on. */
export const writeRegistrationProvider = ({ provider, withTraits }: RegistrationProvider): JsonObject => ({
  only: OIDC,
  [OIDC]: { provider, with_traits: withTraits },
});

/** Reads it again; undefined for a flow that has not come so far. */
export const registrationProvider = (context: JsonObject): RegistrationProvider | undefined => {
  const stored = context[OIDC] as JsonObject | undefined;
  return stored && { provider: String(stored.provider), withTraits: stored.with_traits === true };
};
