import { ContinueWithSchema } from "../../gen/ostiary/ui/v1/ui_pb.ts";
import { detail, serviceError } from "../errors/service-error.ts";
import { messages, uiText } from "../ui/messages.ts";
import { showVerification } from "../ui/show-verification.ts";
import type { HookFactory, OpenVerification } from "./phases.ts";

/**
 * `require_verified_address`: whoever has no verified address does not sign in.
 * The answer says which verification flow to go on with; where verification is
 * off, the form says so.
 */
export const requireVerifiedAddress =
  (open: () => OpenVerification): HookFactory =>
  () => ({
    beforePersist: async (context) => {
      if (context.identity.verifiable.some(({ verified }) => verified)) return undefined;
      const created = await open()({ ...context, verifications: [] });
      if (created === undefined)
        return { kind: "rejected", messages: [{ node: "", text: uiText(messages.addressUnverified) }] };
      const next = showVerification(created);
      const { flowId: id, address, url } = created;
      throw serviceError("VERIFIED_ADDRESS_REQUIRED", {
        explain: "No address of the account is verified. A message was sent to one: go on with its verification.",
        details: {
          continue_with: [
            {
              action: "show_verification_ui",
              flow: { id, verifiable_address: address, ...(url !== undefined && { url }) },
            },
          ],
        },
        typed: [detail(ContinueWithSchema, next)],
        location: url,
      });
    },
  });
