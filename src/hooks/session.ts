import type { Hook } from "./phases.ts";

/** `session`: signing up signs in at once. */
export const session = (): Hook => ({
  inTransaction: async (_, { beginSession }) => beginSession?.(),
});
