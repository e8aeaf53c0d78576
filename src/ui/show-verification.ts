import type { ContinueWith } from "../../gen/ostiary/ui/v1/ui_pb.ts";

/** Tells a client to show the verification flow of an address; `url` is the flow's page, for browsers. */
export const showVerification = ({
  flowId,
  address,
  url,
}: {
  readonly flowId: string;
  readonly address: string;
  readonly url: string | undefined;
}): ContinueWith => ({
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
