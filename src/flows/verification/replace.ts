import { messages, uiText } from "../../ui/messages.ts";
import { createReplacement, type Replacement } from "../challenge/replace.ts";
import { returnToContext, returnToOf } from "../shared/flow.ts";
import { newVerificationFlow } from "./create.ts";
import type { VerificationDeps } from "./deps.ts";

/** Creates what replaces a verification flow that cannot be used any more. */
export const createReplace = (deps: VerificationDeps): Replacement =>
  createReplacement(deps, {
    hooks: deps.verification.hooks,
    freshOf: (old, csrfDigest) =>
      newVerificationFlow(deps, {
        type: old.type,
        requestUrl: old.requestUrl,
        csrfDigest,
        context: returnToContext(returnToOf(old)),
      }),
    expiredText: (at) => uiText(messages.verificationExpired, at),
  });
