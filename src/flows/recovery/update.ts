import type {
  UpdateFlowBody,
  UpdateFlowRequest,
  UpdateFlowResponse,
} from "../../../gen/ostiary/recovery/v1/recovery_service_pb.ts";
import { type Address, readAddress } from "../../challenge/address.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import type { RecoveryCase, RecoveryMethod } from "../../methods/contract/recovery.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { endWith, steps } from "../pipeline.ts";
import { createCheckSecret } from "../proof/check.ts";
import { retryWhileChanged } from "../proof/retry.ts";
import { saveForm } from "../proof/save-form.ts";
import { createSendProof } from "../proof/send.ts";
import { runBeforePersistHooks } from "../shared/before-persist.ts";
import { type ConcurrentChange, concurrentChange } from "../shared/concurrent-change.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { formOf, withForm } from "../shared/form.ts";
import { createChooseAddress, isAboutChoice } from "./choose-address.ts";
import { isOperatorMade } from "./context.ts";
import { mustBeEnabled } from "./create.ts";
import type { RecoveryDeps } from "./deps.ts";
import { createLoad, type Loaded, type Submitted } from "./load.ts";
import { createRenderOutcome } from "./outcome.ts";
import { createPersist } from "./persist.ts";

/** What someone brings who got the message. */
interface Brought extends Submitted {
  readonly method: RecoveryCase;
  readonly secret: string;
}

/** Creates the steps of a recovery: `flows/pipeline.ts` shows their order. */
export const createUpdate = (deps: RecoveryDeps) => {
  const { clock, config, db, hookFlow, identities, linkBase, methods, refusals } = deps;
  const load = createLoad(deps);
  const { reject, replace, expired, rendered } = load;
  const send = createSendProof(deps);
  const checkSecret = createCheckSecret(deps);
  const write = createPersist(deps);
  const renderOutcome = createRenderOutcome(deps);
  const chooseAddress = createChooseAddress(deps, load);

  /** The method of the configuration; what an operator made comes back by that of its flow. */
  const mustBeMethod = (name: RecoveryCase, flow?: FlowRecord): RecoveryMethod => {
    const method: RecoveryMethod = methods[name];
    if (method.enabled && (name === config.use || name === flow?.active)) return method;
    throw serviceError("METHOD_DISABLED", { explain: `The method ${name} is disabled by the configuration.` });
  };

  // A message is asked for.

  const pickMethod = async (submission: Submitted & Loaded) => {
    const { body, flow, call } = submission;
    await load.rejectIfPassed(submission);
    if (body.method.case !== undefined) return { method: mustBeMethod(body.method.case) };
    const text = uiText(messages.noRecoveryMethod);
    throw await reject({ flow, call, messages: [{ node: "", text }], active: "default" });
  };

  /** The address to send to, as it was typed. In a flow that lets people choose, the form may ask on instead. */
  const readTyped = async (submission: Submitted & Loaded & { readonly method: RecoveryMethod }) => {
    const { body, flow, call, method } = submission;
    if (isAboutChoice(flow)) return chooseAddress(submission);
    const address = readAddress(body.email, false);
    if (address !== undefined)
      return { typed: { address, values: { email: body.email }, state: "sent_email", text: method.sent(address.via) } };
    const text =
      body.email === ""
        ? uiText(messages.required, { property: "email" })
        : uiText(messages.invalidEmail, { value: body.email });
    throw await reject({ flow, call, messages: [{ node: "email", text }], active: method.name });
  };

  const submit = steps<"recovery submit", Submitted, UpdateFlowResponse, ConcurrentChange>("recovery submit")
    .step("loadFlow", load.findFlow)
    .check("findCaller", load.mustBeSignedOut)
    .check("rejectIfExpired", load.rejectIfExpired)
    .check("checkOrigin", load.checkOrigin)
    .check("requireSameBrowser", load.requireSameBrowser)
    .check("rejectIfMalformed", load.rejectIfMalformed)
    .step("pickMethod", pickMethod)
    .step("perform", readTyped)
    .step("runBeforePersistHooks", () => ({}))
    .step("persist", async ({ body, flow, call, method, typed }) => {
      const form = formOf([{ node: "", text: typed.text }], typed.values);
      const sent = await send({
        flow,
        kind: "recovery",
        method,
        address: typed.address,
        call,
        transientPayload: body.transientPayload,
        notifiesUnknown: config.notify_unknown_recipients,
        linkBase,
        after: withForm(flow, form, clock.now(), typed.state, method.name),
      });
      return "kind" in sent ? endWith<ConcurrentChange>(sent) : { sent: sent.flow };
    })
    .step("afterCommit", () => ({}))
    .last("render", ({ sent, call }) => rendered(sent, call));

  // What was sent comes back.

  /** The same form again: the person looks once more at what they have. */
  const sayWrong = async (flow: FlowRecord, call: Call, method: RecoveryMethod) => {
    const form = formOf([{ node: "", text: method.wrong }], flow.form.submittedValues ?? undefined);
    const saved = withForm(flow, form, clock.now(), flow.state, method.name);
    await saveForm(deps, flow, saved);
    return { kind: "done", render: async () => rendered(saved, call) } as const;
  };

  const mustBeRight = async ({
    flow,
    call,
    secret,
    picked,
  }: Brought & Loaded & { readonly picked: RecoveryMethod }) => {
    const checked = await checkSecret({ flow, method: picked, secret, call });
    if (checked.kind === "used_up") throw await replace(flow, picked.wrong, call);
    if (checked.kind === "expired") throw await replace(flow, expired(flow), call);
    const before = checked.kind === "right" ? await identities.find(db, checked.identityId) : undefined;
    const address = checked.kind === "right" ? checked.sent.address : undefined;
    // What an operator made is for the person, and not for an address.
    if (before && (address === undefined || has(before.recovery, address))) {
      if (before.state === "active") return { before, address };
      const who = { identityId: before.id, flow: "recovery", method: picked.name, call } as const;
      refusals.record({ ...who, reason: "identity_disabled" });
      throw await reject({ flow, call, messages: [{ node: "", text: uiText(messages.identityDisabled) }] });
    }
    if (!picked.isGuessable) throw await replace(flow, picked.wrong, call);
    return endWith(await sayWrong(flow, call, picked));
  };

  const use = steps<"recovery link", Brought, UpdateFlowResponse, ConcurrentChange>("recovery link")
    .step("loadFlow", load.findFlow)
    .check("findCaller", load.mustBeSignedOut)
    .check("rejectIfExpired", load.rejectIfExpired)
    .check("checkOrigin", async (submission) => {
      // Whoever has such a code got it from an operator, and no page of another site has it.
      if (isOperatorMade(submission.flow)) return;
      await load.checkOrigin(submission);
      load.requireSameBrowser(submission);
    })
    .step("pickMethod", async (submission) => {
      await load.rejectIfPassed(submission);
      return { picked: mustBeMethod(submission.method, submission.flow) };
    })
    .step("perform", mustBeRight)
    .step("runBeforePersistHooks", async ({ flow, call, body, before, address, method }) => {
      const { transientPayload } = body;
      const hooked = { flow: hookFlow(flow), call, method, transientPayload, previous: before };
      const proposed = address ? { verified: [address] } : {};
      const approved = await runBeforePersistHooks(deps, before, proposed, { ...hooked, session: undefined });
      if (approved.kind === "rejected") throw await reject({ flow, call, messages: approved.messages });
      return { hooked, revision: approved.revision, client: load.clientOf(flow, call) };
    })
    .step("persist", async (submission) => {
      const written = await write(submission);
      return written.kind === "written" ? { written } : endWith<ConcurrentChange>(concurrentChange);
    })
    .step("afterCommit", async ({ written }) => ({ fromHooks: await deps.hooks.afterCommit(written.context) }))
    .last("render", (submission) => renderOutcome(submission, submission.written, submission.fromHooks));

  return (request: UpdateFlowRequest, call: Call): Promise<UpdateFlowResponse> => {
    mustBeEnabled(config);
    // Refused whoever has the address: a device is looked for only where somebody has it.
    deps.callers.hasToken(call);
    const submitted = { flowId: request.flow, body: request.body ?? noBody, call };
    const brought = broughtBy(request);
    return retryWhileChanged(() => (brought ? use({ ...submitted, ...brought }) : submit(submitted)));
  };
};

/** What came back of a message, in the body or in the query; undefined where a message is asked for. */
const broughtBy = ({ body, code, token }: UpdateFlowRequest): Pick<Brought, "method" | "secret"> | undefined => {
  const method = body?.method;
  const [typed, followed] = [
    method?.case === "code" ? method.value.code : "",
    method?.case === "link" ? method.value.token : "",
  ];
  if (typed !== "" || (followed === "" && code !== "")) return { method: "code", secret: typed || code };
  return followed !== "" || token !== "" ? { method: "link", secret: followed || token } : undefined;
};

const has = (addresses: readonly { readonly via: string; readonly value: string }[], { via, value }: Address) =>
  addresses.some((each) => each.via === via && each.value === value);

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
