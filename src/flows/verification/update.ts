import type {
  UpdateFlowBody,
  UpdateFlowRequest,
  UpdateFlowResponse,
} from "../../../gen/ostiary/verification/v1/verification_service_pb.ts";
import { readAddress } from "../../challenge/address.ts";
import { type ConcurrentChange, concurrentChange } from "../../identity/concurrent-change.ts";
import { hasAddress, isSameAddress } from "../../identity/same-address.ts";
import type { Call } from "../../lib/call.ts";
import type { ChallengeMethod } from "../../methods/contract/challenge.ts";
import type { VerificationCase } from "../../methods/contract/verification.ts";
import type { Address } from "../../schema/addresses.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { retryWhileChanged } from "../challenge/retry.ts";
import { createSendChallenge } from "../challenge/send.ts";
import { openSent } from "../challenge/sent-challenge.ts";
import { type Loaded, mustBeMethod, type RightSecret } from "../challenge/submit-steps.ts";
import { type SubmittedSecret, submittedSecret } from "../challenge/submitted-secret.ts";
import { endWith, steps } from "../pipeline.ts";
import { runBeforePersistHooks } from "../shared/before-persist.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { formOf, withForm } from "../shared/form.ts";
import { mustBeEnabled } from "./create.ts";
import type { VerificationDeps } from "./deps.ts";
import { createLoad, type Submitted } from "./load.ts";
import { createPersist } from "./persist.ts";
import { sendsToPhones } from "./sends-to-phones.ts";
import { createTakeEffect, type ProvenAddress } from "./take-effect.ts";

/** Creates the steps of a verification: `flows/pipeline.ts` shows their order. */
export const createUpdate = (deps: VerificationDeps) => {
  const {
    storage: { clock, db, identities },
    forms: { hookFlow },
    challenge: { linkBase, takesPhoneNumbers },
    verification: { config, methods },
  } = deps;
  const load = createLoad(deps);
  const { reject, rendered } = load;
  const send = createSendChallenge(deps);
  const takeEffect = createTakeEffect(deps);
  const write = createPersist(deps, takeEffect);

  const mustBe = (name: VerificationCase): ChallengeMethod =>
    mustBeMethod<ChallengeMethod>(methods[name], [config.use]);

  // A message is asked for.

  const readSubmitted = async (submission: Submitted & Loaded & { readonly method: ChallengeMethod }) => {
    const { body, method } = submission;
    const address = readAddress(body.email, takesPhoneNumbers && sendsToPhones(method));
    if (address !== undefined) return { address };
    throw await load.rejectAddress(submission, "email", body.email, method.name);
  };

  /** The pending address of this flow, if the submitted one is the same: another message goes to it. */
  const claimOf = (flow: FlowRecord, method: ChallengeMethod, wanted: Address) => {
    const { address, identityId, pendingId } = openSent(deps.forms.sealedContext, flow, method.name) ?? {};
    if (pendingId === undefined || identityId === undefined) return undefined;
    return address && isSameAddress(address, wanted) ? { identityId, pendingId } : undefined;
  };

  const sendTo = async ({
    body,
    flow,
    call,
    method,
    address,
  }: Submitted & Loaded & { readonly method: ChallengeMethod; readonly address: Address }) => {
    const form = formOf([{ node: "", text: method.sent(address.via) }], { email: body.email });
    const sent = await send({
      flow,
      kind: "verification",
      method,
      address,
      call,
      transientPayload: body.transientPayload,
      notifiesUnknown: config.notify_unknown_recipients,
      linkBase,
      claim: claimOf(flow, method, address),
      after: withForm(flow, form, clock.now(), "sent_email", method.name),
    });
    return "kind" in sent ? endWith<ConcurrentChange>(sent) : { sent: sent.flow };
  };

  const submit = steps<"verification submit", Submitted, UpdateFlowResponse, ConcurrentChange>("verification submit")
    .step("loadFlow", load.findFlow)
    .check("rejectIfExpired", load.rejectIfExpired)
    .check("checkOrigin", load.checkOrigin)
    .check("requireSameBrowser", load.requireSameBrowser)
    .check("rejectIfMalformed", load.rejectIfMalformed)
    .step("pickMethod", (submission) => load.pickMethod(submission, mustBe))
    .step("perform", readSubmitted)
    .step("runBeforePersistHooks", () => ({}))
    .step("persist", sendTo)
    .step("afterCommit", () => ({}))
    .last("render", ({ sent, call }) => rendered(sent, call));

  // What was sent comes back.

  /** Whose address it is, and what takes effect with it; undefined where it is no longer theirs, or waits no longer. */
  const accept = async ({ identityId, sent: { address, pendingId } }: RightSecret) => {
    const before = await identities.find(db, identityId);
    if (before?.state !== "active" || address === undefined) return undefined;
    if (pendingId === undefined)
      return hasAddress(before.verifiable, address) ? { before, address, proven: undefined } : undefined;
    const proven = await takeEffect.find(before, pendingId);
    return proven && { before, address, proven };
  };

  /**
   * Somebody else was first. Where accounts are hidden, whoever wanted the address is told what is said of any secret
   * that is good no more. What a hook gave them is nothing that they asked about.
   */
  const rejectTaken = async ({ flow, call, picked, proven }: Submitted & Loaded & Claimed) => {
    if (!deps.verification.hidesAccounts || proven === undefined)
      throw await reject({ flow, call, messages: [{ node: "", text: uiText(messages.identifierTaken) }] });
    return load.rejectSecret(flow, call, picked);
  };

  const use = steps<"verification secret", Submitted & SubmittedSecret, UpdateFlowResponse, ConcurrentChange>(
    "verification secret",
  )
    .step("loadFlow", load.findFlow)
    .check("rejectIfExpired", load.rejectIfExpired)
    .step("pickMethod", async (submission) => {
      await load.rejectIfPassed(submission);
      return { picked: mustBe(submission.method) };
    })
    .step("perform", (submission) => load.verifySecret(submission, accept))
    .step("runBeforePersistHooks", async ({ flow, call, body, before, address, proven, method }) => {
      const hooked = {
        flow: hookFlow(flow),
        call,
        method,
        transientPayload: body.transientPayload,
        previous: before,
        session: undefined,
      };
      const approved = await runBeforePersistHooks(
        deps,
        deps.verification.hooks,
        before,
        { ...proven?.change, verified: [address] },
        hooked,
      );
      if (approved.kind === "rejected") throw await reject({ flow, call, messages: approved.messages });
      return { hooked, revision: approved.revision };
    })
    .step("persist", async (submission) => {
      const written = await write(submission);
      if (written.kind === "written") return { written };
      return written.kind === "identifier_taken"
        ? rejectTaken(submission)
        : endWith<ConcurrentChange>(concurrentChange);
    })
    .check("afterCommit", async ({ written }) => {
      await deps.verification.hooks.afterCommit(written.context);
      if (written.settings) await deps.verification.settingsHooks.afterCommit(written.settings);
    })
    .last("render", ({ written, call }) => rendered(written.flow, call));

  return (request: UpdateFlowRequest, call: Call): Promise<UpdateFlowResponse> => {
    mustBeEnabled(config);
    // Refused whoever has the address: a device is looked for only where somebody has it.
    deps.sessions.callers.hasToken(call);
    const submitted = { flowId: request.flow, body: request.body ?? noBody, call };
    const secret = submittedSecret(request);
    return retryWhileChanged(() => (secret ? use({ ...submitted, ...secret }) : submit(submitted)));
  };
};

/** What an address was claimed by. */
interface Claimed {
  readonly picked: ChallengeMethod;
  readonly proven: ProvenAddress | undefined;
}

const noBody: UpdateFlowBody = {
  $typeName: "ostiary.verification.v1.UpdateFlowBody",
  method: { case: undefined },
  email: "",
  csrfToken: "",
};
