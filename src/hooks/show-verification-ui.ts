import type { ContinueWith } from "../../gen/ostiary/ui/v1/ui_pb.ts";
import type { CreatedVerification, Hook } from "./phases.ts";

/** Tells a client to show a verification flow. */
const showVerification = ({ flowId, address, url }: CreatedVerification): ContinueWith => ({
  $typeName: "ostiary.ui.v1.ContinueWith",
  next: {
    case: "showVerificationUi",
    value: {
      $typeName: "ostiary.ui.v1.ShowVerificationUi",
      flow: {
        $typeName: "ostiary.ui.v1.ContinueWithFlow",
        id: flowId,
        verifiableAddress: address,
        ...(url !== undefined && { url }),
      },
    },
  },
});

/** `show_verification_ui`: leads the client to the verification flow that was created with the change. */
export const showVerificationUi = (): Hook => ({
  afterCommit: async ({ verifications }) => verifications.map(showVerification),
});
