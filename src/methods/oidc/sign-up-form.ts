import type { JsonObject } from "@bufbuild/protobuf";
import { OIDC } from "./credential.ts";

/** How a sign-up goes on with one provider. */
export interface GoesOnWith {
  readonly provider: string;
  /** Whether the person has traits to fill in. */
  readonly withTraits: boolean;
}

/** For the context of a registration flow: only this method shows from now on. */
export const writeGoesOnWith = ({ provider, withTraits }: GoesOnWith): JsonObject => ({ only: OIDC, [OIDC]: { provider, with_traits: withTraits } });

/** Reads it again; undefined for a flow that has not come so far. */
export const goesOnWith = (context: JsonObject): GoesOnWith | undefined => {
  const kept = context[OIDC] as JsonObject | undefined;
  return kept && { provider: String(kept.provider), withTraits: kept.with_traits === true };
};
