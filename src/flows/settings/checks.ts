import { serviceError } from "../../errors/service-error.ts";
import type { SignedIn } from "../../session/session.ts";
import type { FlowRecord } from "../shared/flow.ts";

/** @throws IDENTITY_MISMATCH */
export const mustBeOwn = (flow: FlowRecord, { identity }: SignedIn): void => {
  if (flow.identityId !== identity.id)
    throw serviceError("IDENTITY_MISMATCH", {
      explain: "The flow was created by another person. Create one with this session.",
    });
};
