import { LoginFlowSchema } from "../../../gen/ostiary/login/v1/flow_pb.ts";
import type { ServiceError } from "../../errors/service-error.ts";
import type { IdentifierConflict } from "../../methods/contract/authentication.ts";
import type { NextStep, Rejected } from "../../methods/contract/result.ts";
import type { AuthenticationContext, SignInSteps } from "../authentication/complete.ts";
import { createSaveStep, type FormStep } from "../authentication/save-step.ts";
import { sameEnd } from "../redirect/exchange-code.ts";
import { beginFlow } from "../shared/begin-flow.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { formOf, withForm } from "../shared/form.ts";
import { formRejected } from "../shared/rejection.ts";
import { withQuery } from "../shared/urls.ts";
import { newLoginFlow } from "./create.ts";
import type { LoginDeps } from "./deps.ts";
import { isBesideCode } from "./render.ts";
import { createApproveSignIn } from "./sign-in.ts";

/** The login flow's part in the end of an authentication, and its further steps. */
export interface LoginSteps extends SignInSteps {
  /** The next step of the same form is sent as Ory Kratos sends it: like a form that does not hold yet. */
  continueLogin(context: AuthenticationContext, step: NextStep): Promise<ServiceError>;
}

/** Creates the login flow's part. */
export const createSignInSteps = (deps: LoginDeps): LoginSteps => {
  const {
    storage: { clock, newFlows },
    sessions: { csrf, devices },
    destinations: { urls },
    forms: { sealedContext },
    login: { pendingAccountLinks, render },
  } = deps;
  const saveStep = createSaveStep(deps);

  const showAgain = async (
    { flow, caller, call, method }: AuthenticationContext,
    step: Omit<FormStep, "method">,
  ): Promise<ServiceError> => {
    const saved = await saveStep(flow, { ...step, method });
    return formRejected(
      LoginFlowSchema,
      render(saved, caller, csrf.tokenFor(call, saved.type)),
      saved,
      urls.pageOf(saved),
    );
  };

  const remember = (
    flow: FlowRecord,
    method: string,
    { sealed, step, offers }: Pick<NextStep, "sealed" | "offers"> & { readonly step?: string },
  ): FlowRecord => ({
    ...flow,
    context: {
      ...(sealed ? sealedContext.seal(flow, method, sealed) : flow.context),
      ...(step !== undefined && { step }),
      ...(offers && { offers }),
    },
  });

  const reject = (
    context: AuthenticationContext,
    { messages: wrong, submittedValues, active, sealed }: Rejected,
  ): Promise<ServiceError> => {
    const { method } = context;
    const change: FormStep["change"] = (flow) => {
      const saved = withForm(flow, formOf(wrong, submittedValues), clock.now(), stateAfter(flow, method), active);
      return remember(saved, method, { ...(sealed && { sealed }) });
    };
    return showAgain(context, { change });
  };

  const continueLogin: LoginSteps["continueLogin"] = (
    context,
    { state, active, submittedValues, messages: said, sealed, offers, effect },
  ) => {
    const change: FormStep["change"] = (flow, stored) => {
      const saved = withForm(flow, formOf(said, submittedValues), clock.now(), state, active);
      return remember(saved, context.method, {
        ...((sealed || stored) && { sealed: { ...sealed, ...stored } }),
        ...(offers && { offers, step: "credentials" }),
      });
    };
    return showAgain(context, { change, effect });
  };

  /** A login flow of its own, whatever the person began: it ends where the other would have. */
  const promptAccountLink = async (
    { flow, method, call }: AuthenticationContext,
    { ownerId, accountLink, linkState, text }: IdentifierConflict,
  ): Promise<ServiceError> => {
    newFlows.consumeOrThrow(call.remoteAddress, devices.nameOf(call));
    const digest = flow.type === "browser" ? csrf.digest(csrf.ensure(call)) : undefined;
    const form = formOf([{ node: "", text }]);
    const plain = newLoginFlow(
      deps,
      flow.type,
      flow.requestUrl,
      { refresh: false, requestedAal: 1, via: "", step: "credentials" },
      form,
      digest,
      sameEnd(flow),
    );
    const fresh = {
      ...plain,
      active: method,
      context: pendingAccountLinks.seal(plain, accountLink, { ownerId, linkState }),
    };
    await beginFlow(deps, deps.login.hooks, fresh, call);
    const page = urls.pageOf(fresh);
    return formRejected(
      LoginFlowSchema,
      render(fresh, undefined, csrf.tokenFor(call, fresh.type)),
      fresh,
      // As recorded: the pages of Ory Kratos read it.
      page === undefined ? undefined : withQuery(page, { no_org_ui: "true" }),
    );
  };

  return { approve: createApproveSignIn(deps), promptAccountLink, reject, continueLogin };
};

/** Whoever was sent a code and submits something that is not shown beside it chooses again. */
const stateAfter = ({ state }: FlowRecord, method: string): string =>
  state === "sent_email" && method !== "" && !isBesideCode(method) ? "choose_method" : state;
