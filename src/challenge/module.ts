import type { createLimits } from "../limits/module.ts";
import { type Challenges, type ChallengesDeps, createChallenges } from "./challenges.ts";

/** The limits against guessing and flooding, and what counts secrets that are sent. */
export type Guards = ReturnType<typeof createLimits> & { readonly challenges: Challenges };

/** Creates what counts secrets that are sent, beside the limits that it stands on. */
export const createGuards = (
  limits: ReturnType<typeof createLimits>,
  deps: Pick<ChallengesDeps, "addressUndos" | "db" | "devices" | "refusals">,
): Guards => ({ ...limits, challenges: createChallenges({ ...limits, ...deps }) });
