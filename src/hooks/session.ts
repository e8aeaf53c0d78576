import type { Hook } from "./phases.ts";

/** `session`: signing up signs in at once. It runs last, wherever it stands. */
export const session = (): Hook => ({
  order: "last",
  inTransaction: async (_, { beginSession }) => beginSession?.(),
});
