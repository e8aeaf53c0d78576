import type { UpdateFlowBody, UpdateFlowResponse } from "../../../gen/ostiary/recovery/v1/recovery_service_pb.ts";
import type { Call } from "../../lib/call.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { isExpired } from "../shared/expired.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { mustExist } from "../shared/request.ts";
import { checkOrigin, requireSameBrowser } from "../shared/same-origin.ts";
import { signedInAlready } from "./create.ts";
import type { RecoveryDeps } from "./deps.ts";
import { createReject } from "./reject.ts";
import { createReplace } from "./replace.ts";

/** What a submit brings. */
export interface Submitted {
  readonly flowId: string;
  readonly body: UpdateFlowBody;
  readonly call: Call;
}

/** The flow of a submit. */
export interface Loaded {
  readonly flow: FlowRecord;
}

/** The first steps of a submit, and how it ends that changes nothing but the form. */
export type RecoveryLoad = ReturnType<typeof createLoad>;

/** Creates them. */
export const createLoad = (deps: RecoveryDeps) => {
  const { callers, clock, csrf, db, defaultReturnUrl, flows, openedLinks, render, urls } = deps;
  const reject = createReject(deps);
  const { replace, replaceExpired, expired } = createReplace(deps);

  /** A browser in which the link of a native app's flow was opened goes on as a browser. */
  const clientOf = (flow: FlowRecord, call: Call): FlowRecord["type"] =>
    openedLinks.find(call, flow.id) === undefined ? flow.type : "browser";

  const refuse = ({ flow, call }: Submitted & Loaded, reason: string) =>
    reject({ flow, call, messages: [{ node: "", text: uiText(messages.invalid, { reason }) }] });

  return {
    clientOf,
    reject,
    replace,
    expired,

    /** @throws FLOW_NOT_FOUND */
    findFlow: async ({ flowId }: Submitted): Promise<Loaded> => ({
      flow: mustExist(await flows.find(db, "recovery", flowId), "There is no recovery flow with this id."),
    }),

    /** @throws SESSION_ALREADY_AVAILABLE */
    mustBeSignedOut: async ({ call }: Submitted): Promise<void> => {
      if ((await callers.find(call)) !== undefined) throw signedInAlready(defaultReturnUrl);
    },

    /** A flow that is over is replaced by a new one. @throws FLOW_EXPIRED */
    rejectIfExpired: async ({ flow, call }: Submitted & Loaded): Promise<void> => {
      if (isExpired(flow, clock.now())) throw await replaceExpired(flow, call);
    },

    /** @throws FLOW_REPLACED */
    rejectIfPassed: async ({ flow, call }: Submitted & Loaded): Promise<void> => {
      if (flow.state === "passed_challenge") throw await replace(flow, uiText(messages.recoveryCompleted), call);
    },

    /** @throws CSRF_VIOLATION, FORM_REJECTED */
    checkOrigin: async (submission: Submitted & Loaded): Promise<void> => {
      const { body, call, flow } = submission;
      const refused = checkOrigin(csrf, call, { ...flow, type: clientOf(flow, call) }, body.csrfToken);
      if (refused !== undefined) throw await refuse(submission, refused);
    },

    /** The browser that created the flow, or one in which its link was opened. @throws CSRF_VIOLATION */
    requireSameBrowser: ({ call, flow }: Submitted & Loaded): void => {
      if (openedLinks.find(call, flow.id) === undefined) requireSameBrowser(csrf, call, flow);
    },

    /** @throws FORM_REJECTED */
    rejectIfMalformed: async (submission: Submitted & Loaded): Promise<void> => {
      const { malformed } = submission.call;
      if (malformed !== undefined) throw await refuse(submission, malformed);
    },

    /** The flow as it is, for a submit that has not brought the person back yet. */
    rendered: (flow: FlowRecord, call: Call): UpdateFlowResponse => {
      const client = clientOf(flow, call);
      return {
        $typeName: "ostiary.recovery.v1.UpdateFlowResponse",
        flow: render(flow, csrf.tokenFor(call, client), { opened: openedLinks.find(call, flow.id) }),
        redirectBrowserTo: client === "browser" ? urls.page("recovery", flow.id) : "",
      };
    },
  };
};
