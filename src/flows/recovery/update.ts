import type {
  UpdateFlowBody,
  UpdateFlowRequest,
  UpdateFlowResponse,
} from "../../../gen/ostiary/recovery/v1/recovery_service_pb.ts";
import { readAddress } from "../../challenge/address.ts";
import type { ConcurrentChange } from "../../identity/concurrent-change.ts";
import { hasAddress } from "../../identity/same-address.ts";
import type { Call } from "../../lib/call.ts";
import type { RecoveryCase, RecoveryMethod } from "../../methods/contract/recovery.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { retryWhileChanged } from "../challenge/retry.ts";
import { createSendChallenge } from "../challenge/send.ts";
import { type Loaded, mustBeMethod, type RightSecret } from "../challenge/submit-steps.ts";
import { type SubmittedSecret, submittedSecret } from "../challenge/submitted-secret.ts";
import { endWith, steps } from "../pipeline.ts";
import { runBeforePersistHooks } from "../shared/before-persist.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { formOf, withForm } from "../shared/form.ts";
import { createChooseAddress, isAboutChoice } from "./choose-address.ts";
import { isOperatorMade } from "./context.ts";
import { mustBeEnabled } from "./create.ts";
import type { RecoveryDeps } from "./deps.ts";
import { createLoad, type Submitted } from "./load.ts";
import { createRenderOutcome } from "./outcome.ts";
import { createPersist } from "./persist.ts";

/** Creates the steps of a recovery: `flows/pipeline.ts` shows their order. */
export const createUpdate = (deps: RecoveryDeps) => {
  const {
    storage: { clock, db, identities },
    trail: { refusals },
    forms: { hookFlow },
    challenge: { linkBase },
    recovery: { config, methods },
  } = deps;
  const load = createLoad(deps);
  const { reject, rendered } = load;
  const send = createSendChallenge(deps);
  const write = createPersist(deps);
  const renderOutcome = createRenderOutcome(deps);
  const chooseAddress = createChooseAddress(deps, load);

  /** The method of the configuration; what an operator made comes back by that of its flow. */
  const mustBe = (name: RecoveryCase, flow?: FlowRecord): RecoveryMethod =>
    mustBeMethod<RecoveryMethod>(methods[name], [config.use, flow?.active]);

  // A message is asked for.

  /** The address to send to, as it was submitted. In a flow that lets people choose, the form may ask on instead. */
  const readSubmitted = async (
    submission: Submitted & Loaded & { readonly method: RecoveryMethod },
  ): ReturnType<typeof chooseAddress> => {
    const { body, flow, method } = submission;
    if (isAboutChoice(flow)) return chooseAddress(submission);
    const address = readAddress(body.email, false);
    if (address === undefined) throw await load.rejectAddress(submission, "email", body.email, method.name);
    const text = method.sent(address.via);
    return { submitted: { address, values: { email: body.email }, state: "sent_email", text } };
  };

  const submit = steps<"recovery submit", Submitted, UpdateFlowResponse, ConcurrentChange>("recovery submit")
    .step("loadFlow", load.findFlow)
    .check("findCaller", load.mustBeSignedOut)
    .check("rejectIfExpired", load.rejectIfExpired)
    .check("checkOrigin", load.checkOrigin)
    .check("requireSameBrowser", load.requireSameBrowser)
    .check("rejectIfMalformed", load.rejectIfMalformed)
    .step("pickMethod", (submission) => load.pickMethod(submission, mustBe))
    .step("perform", readSubmitted)
    .step("runBeforePersistHooks", () => ({}))
    .step("persist", async ({ body, flow, call, method, submitted }) => {
      const form = formOf([{ node: "", text: submitted.text }], submitted.values);
      const sent = await send({
        flow,
        kind: "recovery",
        method,
        address: submitted.address,
        call,
        transientPayload: body.transientPayload,
        notifiesUnknown: config.notify_unknown_recipients,
        linkBase,
        after: withForm(flow, form, clock.now(), submitted.state, method.name),
      });
      return "kind" in sent ? endWith<ConcurrentChange>(sent) : { sent: sent.flow };
    })
    .step("afterCommit", () => ({}))
    .last("render", ({ sent, call }) => rendered(sent, call));

  // What was sent comes back.

  /** Whom it brings back; undefined where the address is no longer theirs. */
  const acceptIn =
    ({ flow, call, picked }: Submitted & Loaded & { readonly picked: RecoveryMethod }) =>
    async ({ identityId, sent: { address } }: RightSecret) => {
      const before = await identities.find(db, identityId);
      // What an operator made is for the person, and not for an address.
      if (before === undefined || (address && !hasAddress(before.recovery, address))) return undefined;
      if (before.state === "active") return { before, address };
      const who = { identityId, flow: "recovery", method: picked.name, call } as const;
      refusals.record({ ...who, reason: "identity_disabled" });
      throw await reject({ flow, call, messages: [{ node: "", text: uiText(messages.identityDisabled) }] });
    };

  /** Whoever has a code that an operator made got it from them, and no page of another site has it. */
  const unlessOperatorMade =
    (check: (submission: Submitted & Loaded) => void | Promise<void>) => (submission: Submitted & Loaded) =>
      isOperatorMade(submission.flow) ? undefined : check(submission);

  const use = steps<"recovery secret", Submitted & SubmittedSecret, UpdateFlowResponse, ConcurrentChange>(
    "recovery secret",
  )
    .step("loadFlow", load.findFlow)
    .check("findCaller", load.mustBeSignedOut)
    .check("rejectIfExpired", load.rejectIfExpired)
    .check("checkOrigin", unlessOperatorMade(load.checkOrigin))
    .check("requireSameBrowser", unlessOperatorMade(load.requireSameBrowser))
    .step("pickMethod", async (submission) => {
      await load.rejectIfPassed(submission);
      return { picked: mustBe(submission.method, submission.flow) };
    })
    .step("perform", (submission) => load.verifySecret(submission, acceptIn(submission)))
    .step("runBeforePersistHooks", async ({ flow, call, body, before, address, method }) => {
      const { transientPayload } = body;
      const hooked = { flow: hookFlow(flow), call, method, transientPayload, previous: before };
      const proposed = address ? { verified: [address] } : {};
      const approved = await runBeforePersistHooks(deps, deps.recovery.hooks, before, proposed, {
        ...hooked,
        session: undefined,
      });
      if (approved.kind === "rejected") throw await reject({ flow, call, messages: approved.messages });
      return { hooked, revision: approved.revision, client: load.clientOf(flow, call) };
    })
    .step("persist", async (submission) => {
      const written = await write(submission);
      if (written.kind === "written") return { written };
      if (written.kind === "concurrent_change") return endWith<ConcurrentChange>(written);
      const { flow, call } = submission;
      throw await reject({ flow, call, messages: [{ node: "", text: uiText(messages.identifierTaken) }] });
    })
    .step("afterCommit", async ({ written }) => ({ fromHooks: await deps.recovery.hooks.afterCommit(written.context) }))
    .last("render", (submission) => renderOutcome(submission, submission.written, submission.fromHooks));

  return (request: UpdateFlowRequest, call: Call): Promise<UpdateFlowResponse> => {
    mustBeEnabled(config);
    // Refused whoever has the address: a device is looked for only where somebody has it.
    deps.sessions.callers.hasToken(call);
    const submitted = { flowId: request.flow, body: request.body ?? noBody, call };
    const secret = submittedSecret(request);
    return retryWhileChanged(() => (secret ? use({ ...submitted, ...secret }) : submit(submitted)));
  };
};

const noBody: UpdateFlowBody = {
  $typeName: "ostiary.recovery.v1.UpdateFlowBody",
  method: { case: undefined },
  email: "",
  recoveryAddress: "",
  recoverySelectAddress: "",
  recoveryConfirmAddress: "",
  screen: "",
  csrfToken: "",
};
