import { LoginFlowSchema } from "../../../gen/ostiary/login/v1/flow_pb.ts";
import type { ServiceError } from "../../errors/service-error.ts";
import type { IdentifierConflict } from "../../methods/contract/authentication.ts";
import type { AuthenticationContext, SignInSteps } from "../authentication/complete.ts";
import { createFormSteps, type FormSteps } from "../authentication/form-steps.ts";
import { sameEnd } from "../redirect/exchange-code.ts";
import { beginFlow } from "../shared/begin-flow.ts";
import { formOf } from "../shared/form.ts";
import { formRejected } from "../shared/rejection.ts";
import { withQuery } from "../shared/urls.ts";
import { newLoginFlow } from "./create.ts";
import type { LoginDeps } from "./deps.ts";
import { isBesideCode } from "./render.ts";
import { createApproveSignIn } from "./sign-in.ts";

/** The login flow's part in the end of an authentication, and its further steps. */
export interface LoginSteps extends SignInSteps, FormSteps {}

/** Creates the login flow's part. */
export const createSignInSteps = (deps: LoginDeps): LoginSteps => {
  const {
    storage: { newFlows },
    sessions: { csrf, devices },
    destinations: { urls },
    login: { pendingAccountLinks, render },
  } = deps;
  const { reject, continueForm } = createFormSteps(deps, {
    desc: LoginFlowSchema,
    render: (flow, { caller }, csrfToken) => render(flow, caller, csrfToken),
    isBesideCode,
  });

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

  return { approve: createApproveSignIn(deps), promptAccountLink, reject, continueForm };
};
