import type { Hook } from "./hook.ts";

/** `session`: signing up signs in at once. */
export const session: Hook = { signsIn: true };
