import type { OpenSealedContext, Rejected } from "../contract/result.ts";
import { OIDC } from "./credential.ts";

/** How a sign-up goes on with one provider. */
export interface RegistrationProvider {
  readonly provider: string;
  /** Whether the person has traits to fill in. */
  readonly withTraits: boolean;
}

/** What the flow stores of it; the form shows no other method from then on. */
export const writeRegistrationProvider = ({
  provider,
  withTraits,
}: RegistrationProvider): Pick<Rejected, "sealed" | "isOnlyMethod"> => ({
  isOnlyMethod: true,
  sealed: { provider, with_traits: withTraits },
});

/** Reads it again; undefined for a flow that has not come so far. */
export const registrationProvider = (sealedContext: OpenSealedContext): RegistrationProvider | undefined => {
  const stored = sealedContext(OIDC);
  return stored && { provider: String(stored.provider), withTraits: stored.with_traits === true };
};
