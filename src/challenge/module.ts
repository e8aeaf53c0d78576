import type { Refusals } from "../audit/refusals.ts";
import type { createLimits } from "../limits/module.ts";
import type { KnownDevices } from "../session/known-devices.ts";
import { type Challenges, createChallenges } from "./challenges.ts";

/** What stands against guessing and flooding, and what counts secrets that are sent. */
export type Guards = ReturnType<typeof createLimits> & { readonly challenges: Challenges };

/** Creates what counts secrets that are sent, beside the limits that it stands on. */
export const createGuards = (
  limits: ReturnType<typeof createLimits>,
  deps: { readonly devices: KnownDevices; readonly refusals: Refusals },
): Guards => ({ ...limits, challenges: createChallenges({ ...limits, ...deps }) });
