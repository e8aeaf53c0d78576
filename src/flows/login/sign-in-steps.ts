import { LoginFlowSchema } from "../../../gen/ostiary/login/v1/flow_pb.ts";
import type { ServiceError } from "../../errors/service-error.ts";
import type { IdentifierConflict } from "../../methods/contract/authentication.ts";
import type { Rejected } from "../../methods/contract/result.ts";
import type { AuthenticationContext, SignInSteps } from "../authentication/complete.ts";
import { sameEnd } from "../redirect/redirects.ts";
import { beginFlow } from "../shared/begin-flow.ts";
import { formOf, withForm } from "../shared/form.ts";
import { formRejected } from "../shared/rejection.ts";
import { mustExist } from "../shared/request.ts";
import { withQuery } from "../shared/urls.ts";
import { newLoginFlow } from "./create.ts";
import type { LoginDeps } from "./deps.ts";
import { createApproveSignIn } from "./sign-in.ts";

/** Creates the login flow's part in the end of an authentication. */
export const createSignInSteps = (deps: LoginDeps): SignInSteps => {
  const { db, clock, csrf, flows, pendingAccountLinks, render, urls } = deps;

  const reject = async (
    { flow, caller, call }: AuthenticationContext,
    { messages: wrong, submittedValues, active }: Rejected,
  ): Promise<ServiceError> => {
    const now = clock.now();
    const saved = withForm(flow, formOf(wrong, submittedValues), now, flow.state, active);
    mustExist((await flows.save(db, saved, now)) || undefined);
    return formRejected(
      LoginFlowSchema,
      render(saved, caller, csrf.tokenFor(call, flow.type)),
      saved,
      urls.pageOf(saved),
    );
  };

  /** A login flow of its own, whatever the person began: it ends where the other would have. */
  const promptAccountLink = async (
    { flow, method, call }: AuthenticationContext,
    { ownerId, accountLink, linkState, text }: IdentifierConflict,
  ): Promise<ServiceError> => {
    const digest = flow.type === "browser" ? csrf.digest(csrf.ensure(call)) : undefined;
    const form = formOf([{ node: "", text }]);
    const plain = newLoginFlow(
      deps,
      flow.type,
      flow.requestUrl,
      { refresh: false, requestedAal: 1 },
      form,
      digest,
      sameEnd(flow),
    );
    const fresh = {
      ...plain,
      active: method,
      context: pendingAccountLinks.seal(plain, accountLink, { ownerId, linkState }),
    };
    await beginFlow(deps, fresh, call);
    const page = urls.pageOf(fresh);
    return formRejected(
      LoginFlowSchema,
      render(fresh, undefined, csrf.tokenFor(call, fresh.type)),
      fresh,
      // As recorded: the pages of Ory Kratos read it.
      page === undefined ? undefined : withQuery(page, { no_org_ui: "true" }),
    );
  };

  return { approve: createApproveSignIn(deps), promptAccountLink, reject };
};
