import type {
  UpdateFlowBody,
  UpdateFlowRequest,
  UpdateFlowResponse,
} from "../../../gen/ostiary/verification/v1/verification_service_pb.ts";
import { type Address, readAddress } from "../../challenge/address.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import type { ProofMethod } from "../../methods/contract/proof.ts";
import type { VerificationCase } from "../../methods/contract/verification.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { endWith, steps } from "../pipeline.ts";
import { createCheckSecret } from "../proof/check.ts";
import { retryWhileChanged } from "../proof/retry.ts";
import { saveForm } from "../proof/save-form.ts";
import { createSendProof } from "../proof/send.ts";
import { runBeforePersistHooks } from "../shared/before-persist.ts";
import { type ConcurrentChange, concurrentChange } from "../shared/concurrent-change.ts";
import { isExpired } from "../shared/expired.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { formOf, withForm } from "../shared/form.ts";
import { mustExist } from "../shared/request.ts";
import { checkOrigin, requireSameBrowser } from "../shared/same-origin.ts";
import { mustBeEnabled } from "./create.ts";
import type { VerificationDeps } from "./deps.ts";
import { createPersist } from "./persist.ts";
import { createReject } from "./reject.ts";
import { createReplace } from "./replace.ts";

/** What a submit brings. */
interface Submitted {
  readonly flowId: string;
  readonly body: UpdateFlowBody;
  readonly call: Call;
}

/** What someone brings who got the message. */
interface Brought extends Submitted {
  readonly method: VerificationCase;
  readonly secret: string;
}

interface Loaded {
  readonly flow: FlowRecord;
}

/** Creates the steps of a verification: `flows/pipeline.ts` shows their order. */
export const createUpdate = (deps: VerificationDeps) => {
  const { clock, config, csrf, db, flows, hookFlow, identities, linkBase, methods, openedLinks, render, urls } = deps;
  const { takesPhoneNumbers } = deps;
  const reject = createReject(deps);
  const { replace, replaceExpired, expired } = createReplace(deps);
  const send = createSendProof(deps);
  const checkSecret = createCheckSecret(deps);
  const write = createPersist(deps);

  const findFlow = async ({ flowId }: Submitted) => ({
    flow: mustExist(await flows.find(db, "verification", flowId), "There is no verification flow with this id."),
  });
  const rejectIfExpired = async ({ flow, call }: Submitted & Loaded): Promise<void> => {
    if (isExpired(flow, clock.now())) throw await replaceExpired(flow, call);
  };
  const rejectIfPassed = async ({ flow, call }: Submitted & Loaded): Promise<void> => {
    if (flow.state === "passed_challenge") throw await replace(flow, uiText(messages.verificationCompleted), call);
  };
  const refuse = ({ flow, call, body }: Submitted & Loaded, reason: string) =>
    reject({
      flow,
      call,
      messages: [{ node: "", text: uiText(messages.invalid, { reason }) }],
      submittedValues: { email: body.email },
    });
  const mustBeMethod = (name: VerificationCase): ProofMethod => {
    const method: ProofMethod = methods[name];
    if (method.enabled && name === config.use) return method;
    throw serviceError("METHOD_DISABLED", { explain: `The method ${name} is disabled by the configuration.` });
  };
  const rendered = (flow: FlowRecord, call: Call): UpdateFlowResponse => {
    const opened = openedLinks.find(call, flow.id);
    const isShown = flow.type === "browser" || opened !== undefined;
    return {
      $typeName: "ostiary.verification.v1.UpdateFlowResponse",
      flow: render(flow, csrf.tokenFor(call, flow.type), opened),
      redirectBrowserTo: isShown ? urls.page("verification", flow.id) : "",
    };
  };

  // A message is asked for.

  const pickMethod = async (submission: Submitted & Loaded) => {
    const { body, flow, call } = submission;
    await rejectIfPassed(submission);
    if (body.method.case !== undefined) return { method: mustBeMethod(body.method.case) };
    throw await reject({
      flow,
      call,
      messages: [{ node: "", text: uiText(messages.noVerificationMethod) }],
      submittedValues: { email: body.email },
      active: "default",
    });
  };

  const readTyped = async ({ body, flow, call, method }: Submitted & Loaded & { readonly method: ProofMethod }) => {
    const address = readAddress(body.email, takesPhoneNumbers && method.name === "code");
    if (address !== undefined) return { address };
    const text =
      body.email === ""
        ? uiText(messages.required, { property: "email" })
        : uiText(messages.invalidEmail, { value: body.email });
    throw await reject({
      flow,
      call,
      messages: [{ node: "email", text }],
      submittedValues: { email: body.email },
      active: method.name,
    });
  };

  const sendTo = async ({
    body,
    flow,
    call,
    method,
    address,
  }: Submitted & Loaded & { readonly method: ProofMethod; readonly address: Address }) => {
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
      after: withForm(flow, form, clock.now(), "sent_email", method.name),
    });
    return "kind" in sent ? endWith<ConcurrentChange>(sent) : { sent: sent.flow };
  };

  const submit = steps<"verification submit", Submitted, UpdateFlowResponse, ConcurrentChange>("verification submit")
    .step("loadFlow", findFlow)
    .check("rejectIfExpired", rejectIfExpired)
    .check("checkOrigin", async (submission) => {
      const { body, call, flow } = submission;
      const refused = checkOrigin(csrf, call, flow, body.csrfToken);
      if (refused !== undefined) throw await refuse(submission, refused);
    })
    .check("requireSameBrowser", ({ call, flow }) => {
      if (openedLinks.find(call, flow.id) === undefined) requireSameBrowser(csrf, call, flow);
    })
    .check("rejectIfMalformed", async (submission) => {
      const { malformed } = submission.call;
      if (malformed !== undefined) throw await refuse(submission, malformed);
    })
    .step("pickMethod", pickMethod)
    .step("perform", readTyped)
    .step("runBeforePersistHooks", () => ({}))
    .step("persist", sendTo)
    .step("afterCommit", () => ({}))
    .last("render", ({ sent, call }) => rendered(sent, call));

  // What was sent comes back.

  const mustBeRight = async ({ flow, call, method, secret }: Brought & Loaded & { readonly picked: ProofMethod }) => {
    const picked = methods[method];
    const checked = await checkSecret({ flow, method: picked, secret, call });
    if (checked.kind === "used_up") throw await replace(flow, picked.wrong, call);
    if (checked.kind === "expired") throw await replace(flow, expired(flow), call);
    const found = checked.kind === "right" ? await identities.find(db, checked.identityId) : undefined;
    const address = checked.kind === "right" ? checked.sent.address : undefined;
    if (found?.state === "active" && address && has(found.verifiable, address)) return { before: found, address };
    if (!picked.isGuessable) throw await replace(flow, picked.wrong, call);
    return endWith(await sayWrong(flow, call, picked));
  };

  /** The same form again: the person looks once more at what they have. */
  const sayWrong = async (flow: FlowRecord, call: Call, method: ProofMethod) => {
    const form = formOf([{ node: "", text: method.wrong }], flow.form.submittedValues ?? undefined);
    const saved = withForm(flow, form, clock.now(), flow.state, method.name);
    await saveForm(deps, flow, saved);
    return { kind: "done", render: async () => rendered(saved, call) } as const;
  };

  const use = steps<"verification link", Brought, UpdateFlowResponse, ConcurrentChange>("verification link")
    .step("loadFlow", findFlow)
    .check("rejectIfExpired", rejectIfExpired)
    .step("pickMethod", async (submission) => {
      await rejectIfPassed(submission);
      return { picked: mustBeMethod(submission.method) };
    })
    .step("perform", mustBeRight)
    .step("runBeforePersistHooks", async ({ flow, call, body, before, address, method }) => {
      const hooked = {
        flow: hookFlow(flow),
        call,
        method,
        transientPayload: body.transientPayload,
        previous: before,
        session: undefined,
      };
      const approved = await runBeforePersistHooks(deps, before, { verified: [address] }, hooked);
      if (approved.kind === "rejected") throw await reject({ flow, call, messages: approved.messages });
      return { hooked, revision: approved.revision };
    })
    .step("persist", async (submission) => {
      const written = await write(submission);
      return written.kind === "written" ? { written } : endWith<ConcurrentChange>(concurrentChange);
    })
    .check("afterCommit", async ({ written }) => void (await deps.hooks.afterCommit(written.context)))
    .last("render", ({ written, call }) => rendered(written.flow, call));

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
  $typeName: "ostiary.verification.v1.UpdateFlowBody",
  method: { case: undefined },
  email: "",
  csrfToken: "",
};
