import { LoginFlowSchema } from "../../../gen/ostiary/login/v1/flow_pb.ts";
import type { ServiceError } from "../../errors/service-error.ts";
import type { Rejected, Taken } from "../../methods/method.ts";
import type { Arrival, SigningIn } from "../arriving.ts";
import { sameEnd } from "../elsewhere.ts";
import { formOf, withForm } from "../form.ts";
import { formRejected } from "../rejection.ts";
import { withQuery } from "../urls.ts";
import { newLoginFlow } from "./create.ts";
import type { LoginDeps } from "./deps.ts";
import { createSignIn } from "./sign-in.ts";

/** Creates the login flow's part in where someone arrives. */
export const createSigningIn = (deps: LoginDeps): SigningIn => {
  const { db, clock, csrf, flows, pendingLinks, present, urls } = deps;

  const reject = async ({ flow, caller, call }: Arrival, { messages: wrong, shown, active }: Rejected): Promise<ServiceError> => {
    const saved = withForm(flow, formOf(wrong, shown), clock.now(), flow.state, active);
    await flows.save(db, saved);
    return formRejected(LoginFlowSchema, present(saved, caller, csrf.tokenFor(call, flow.type)), saved, urls.pageOf(saved));
  };

  /** A login flow of its own, whatever the person began: it ends where the other would have. */
  const confirm = async ({ flow, method, call }: Arrival, { ownerId, confirmation, memory, text }: Taken): Promise<ServiceError> => {
    const digest = flow.type === "browser" ? csrf.digest(csrf.ensure(call)) : undefined;
    const form = formOf([{ node: "", text }]);
    const plain = newLoginFlow(deps, flow.type, flow.requestUrl, { refresh: false, requestedAal: 1 }, form, digest, sameEnd(flow));
    const fresh = { ...plain, active: method, context: { ...plain.context, ...pendingLinks.seal(plain.id, confirmation, { ownerId, memory }) } };
    await flows.insert(db, fresh);
    const page = urls.pageOf(fresh);
    return formRejected(
      LoginFlowSchema,
      present(fresh, undefined, csrf.tokenFor(call, fresh.type)),
      fresh,
      // As recorded: the reference's own pages read it.
      page === undefined ? undefined : withQuery(page, { no_org_ui: "true" }),
    );
  };

  return { signIn: createSignIn(deps), confirm, reject };
};
