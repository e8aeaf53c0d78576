import { showVerification } from "../ui/show-verification.ts";
import type { Hook } from "./phases.ts";

/** `show_verification_ui`: leads the client to the verification flow that was created with the change. */
export const showVerificationUi = (): Hook => ({
  afterCommit: async ({ verifications }) => verifications.map(showVerification),
});
