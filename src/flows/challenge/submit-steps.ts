import type { UiText } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import type { Call } from "../../lib/call.ts";
import type { ChallengeMethod } from "../../methods/contract/challenge.ts";
import { isCompleted } from "../../methods/contract/flow.ts";
import type { SubmittedValues } from "../../methods/contract/result.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { type Done, type Ended, endWith } from "../pipeline.ts";
import { isExpired } from "../shared/expired.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { formOf, withForm } from "../shared/form.ts";
import { methodDisabled } from "../shared/must-be-method.ts";
import { mustExist } from "../shared/request.ts";
import { checkOrigin, requireSameBrowser } from "../shared/same-origin.ts";
import { type CheckedSecret, createCheckSecret } from "./check.ts";
import type { ChallengeFlowDeps, ChallengeFlowKind } from "./deps.ts";
import type { RejectForm } from "./reject.ts";
import type { Replacement } from "./replace.ts";
import { saveFormAsRead } from "./save-form-as-read.ts";

/** What a submit brings. */
export interface Submitted<B> {
  readonly flowId: string;
  readonly body: B;
  readonly call: Call;
}

/** The flow of a submit. */
export interface Loaded {
  readonly flow: FlowRecord;
}

/** What is right, and whom it is for. */
export type RightSecret = Extract<CheckedSecret, { readonly kind: "right" }>;

/** What a verification and a recovery do differently in the same steps. */
export interface SubmitParts<B, R> extends Replacement {
  readonly kind: ChallengeFlowKind;
  /** What a flow says that was completed before. */
  readonly completed: UiText;
  /** What its form says where no method was named. */
  readonly noMethod: UiText;
  readonly reject: RejectForm;
  /** What submits the form. */
  clientOf(flow: FlowRecord, call: Call): FlowRecord["type"];
  /** What was submitted and is shown again; undefined: what was submitted before. */
  shownAgain(body: B): SubmittedValues | undefined;
  /** The flow as it is, for a submit that has not come to its end yet. */
  rendered(flow: FlowRecord, call: Call): R;
}

/** The body of a submit, as far as both flows have the same. */
interface SubmittedBody<M extends string> {
  readonly csrfToken: string;
  readonly method: { readonly case: M | undefined };
}

/** Creates the steps that verification and recovery take in the same way. */
export const createSubmitSteps = <B extends SubmittedBody<M>, R, M extends "code" | "link">(
  deps: ChallengeFlowDeps,
  parts: SubmitParts<B, R>,
) => {
  const {
    storage: { clock, db, flows },
    sessions: { csrf },
    challenge: { openedLinks },
  } = deps;
  const { kind, completed, noMethod, reject, replace, replaceExpired, expired, clientOf, shownAgain, rendered } = parts;
  const checkSecret = createCheckSecret(deps);

  type Submission = Submitted<B> & Loaded;
  type LoadedCall = Pick<Submission, "flow" | "call">;

  /** What was submitted, if anything was: else the form shows what it has shown before. */
  const shownIfSent = (body: B): SubmittedValues | undefined => {
    const shown = shownAgain(body);
    return shown && Object.values(shown).some((value) => value !== "") ? shown : undefined;
  };

  const refuse = ({ flow, call, body }: Submission, reason: string) => {
    const text = uiText(messages.invalid, { reason });
    return reject({ flow, call, messages: [{ node: "", text }], submittedValues: shownIfSent(body) });
  };

  /** @throws FLOW_REPLACED */
  const rejectIfPassed = async ({ flow, call }: LoadedCall): Promise<void> => {
    if (isCompleted(flow)) throw await replace(flow, completed, call);
  };

  /** The same form again: the person looks once more at what they have. */
  const rejectSecret = async (flow: FlowRecord, call: Call, method: ChallengeMethod): Promise<Ended<Done<R>>> => {
    const form = formOf([{ node: "", text: method.wrong }], flow.form.submittedValues ?? undefined);
    const saved = withForm(flow, form, clock.now(), flow.state, method.name);
    await saveFormAsRead(deps, flow, saved);
    return endWith({ kind: "done", render: async () => rendered(saved, call) });
  };

  return {
    reject,

    /** @throws FLOW_NOT_FOUND */
    findFlow: async ({ flowId }: Pick<Submission, "flowId">): Promise<Loaded> => ({
      flow: mustExist(await flows.find(db, kind, flowId), `There is no ${kind} flow with this id.`),
    }),

    /** Replaces an expired flow by a new one. @throws FLOW_EXPIRED */
    rejectIfExpired: async ({ flow, call }: LoadedCall): Promise<void> => {
      if (isExpired(flow, clock.now())) throw await replaceExpired(flow, call);
    },

    rejectIfPassed,

    /** @throws CSRF_VIOLATION, FORM_REJECTED */
    checkOrigin: async (submission: Submission): Promise<void> => {
      const { body, call, flow } = submission;
      const refused = checkOrigin(csrf, call, { ...flow, type: clientOf(flow, call) }, body.csrfToken);
      if (refused !== undefined) throw await refuse(submission, refused);
    },

    /** The browser that created the flow, or one in which its link was opened. @throws CSRF_VIOLATION */
    requireSameBrowser: ({ call, flow }: Submission): void => {
      if (openedLinks.find(call, flow.id) === undefined) requireSameBrowser(csrf, call, flow);
    },

    /** @throws FORM_REJECTED */
    rejectIfMalformed: async (submission: Submission): Promise<void> => {
      const { malformed } = submission.call;
      if (malformed !== undefined) throw await refuse(submission, malformed);
    },

    /** The method that a message is asked for with. @throws FORM_REJECTED, METHOD_DISABLED */
    pickMethod: async <P extends ChallengeMethod>(
      submission: Submission,
      mustBeMethod: (name: M) => P,
    ): Promise<{ readonly method: P }> => {
      const { body, flow, call } = submission;
      await rejectIfPassed(submission);
      if (body.method.case !== undefined) return { method: mustBeMethod(body.method.case) };
      const said = { messages: [{ node: "", text: noMethod }], submittedValues: shownIfSent(body), active: "default" };
      throw await reject({ flow, call, ...said });
    },

    /** Nothing that an address can be read from was submitted. */
    rejectAddress: ({ flow, call, body }: Submission, node: string, submitted: string, active: string) => {
      const text =
        submitted === ""
          ? uiText(messages.required, { property: node })
          : uiText(messages.invalidEmail, { value: submitted });
      return reject({ flow, call, messages: [{ node, text }], submittedValues: shownAgain(body), active });
    },

    rejectSecret,

    /**
     * Verifies a secret. One that is wrong is asked for again, or the flow is replaced.
     *
     * @param accept what the flow makes of a secret that is right; undefined where it is good for nobody any more
     * @throws FLOW_REPLACED, RATE_LIMITED
     */
    verifySecret: async <A extends object>(
      { flow, call, secret, picked }: Submission & { readonly secret: string; readonly picked: ChallengeMethod },
      accept: (right: RightSecret) => Promise<A | undefined>,
    ): Promise<A | Ended<Done<R>>> => {
      const checked = await checkSecret({ flow, method: picked, secret, call });
      if (checked.kind === "used_up") throw await replace(flow, picked.wrong, call);
      if (checked.kind === "expired") throw await replace(flow, expired(flow), call);
      const accepted = checked.kind === "right" ? await accept(checked) : undefined;
      if (accepted) return accepted;
      if (!picked.isGuessable) throw await replace(flow, picked.wrong, call);
      return rejectSecret(flow, call, picked);
    },
  };
};

/** Returns a method that is enabled and that the flow may be submitted with. @throws METHOD_DISABLED for any other */
export const mustBeMethod = <P extends ChallengeMethod>(method: P, allowed: readonly (string | undefined)[]): P => {
  if (method.enabled && allowed.includes(method.name)) return method;
  throw methodDisabled(method.name);
};
