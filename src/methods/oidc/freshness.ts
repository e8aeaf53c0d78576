import type { ProviderConfig } from "../../config/oidc-config.ts";
import type { AuthorizationState } from "./authorization-state.ts";
import type { Claims } from "./claims.ts";
import type { Preset, ReauthenticationProof } from "./preset.ts";

/** Seconds that the provider's clock may be behind ours. */
const SKEW = 60;

/** What a provider's answer may prove again: as configured, else what its kind can. */
export const reauthenticationOf = (
  { reauthentication }: Pick<ProviderConfig, "reauthentication">,
  preset: Preset,
): ReauthenticationProof => reauthentication ?? preset.reauthentication.reauthentication;

/**
 * Whether an answer shows that the person proved to the provider who they are,
 * after we asked them to (ASVS 6.8.4, 10.3.4). A provider that does not say
 * when, though it should, has shown nothing.
 *
 * @param authorization one that was begun with `reauthenticate`
 */
export const isFreshAuthentication = (
  reauthentication: ReauthenticationProof,
  { authTime }: Claims,
  authorization: AuthorizationState,
): boolean => {
  if (reauthentication === "none") return false;
  return reauthentication === "prompt"
    ? authTime === undefined || authTime + SKEW >= authorization.startedAt
    : authTime !== undefined && authTime + SKEW >= authorization.startedAt;
};

/** The level that the provider vouches for, by what is configured of its words for it. */
export const levelOf = (
  { aal2_acr_values, aal2_amr_values }: Pick<ProviderConfig, "aal2_acr_values" | "aal2_amr_values">,
  { acr, amr }: Claims,
): "aal1" | "aal2" =>
  (acr !== undefined && aal2_acr_values.includes(acr)) || amr.some((method) => aal2_amr_values.includes(method))
    ? "aal2"
    : "aal1";
