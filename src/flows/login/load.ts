import type { Sql } from "../../db/sql.ts";
import { type ServiceError, serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import type { LoginMethod } from "../../methods/contract/login.ts";
import type { Caller } from "../../session/caller.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { sameEnd } from "../redirect/exchange-code.ts";
import { beginFlow } from "../shared/begin-flow.ts";
import { expiredAt, isExpired, replacedBy } from "../shared/expired.ts";
import { type FlowRecord, returnToOf } from "../shared/flow.ts";
import { formOf } from "../shared/form.ts";
import { mustBeMethod } from "../shared/must-be-method.ts";
import { mustExist } from "../shared/request.ts";
import { firstStep, loginContext } from "./context.ts";
import { mustHaveReason, newLoginFlow } from "./create.ts";
import type { LoginDeps } from "./deps.ts";

/** The first steps of a sign-in, and what they need of the flow. */
export const createLoad = (deps: LoginDeps) => {
  const {
    storage: { clock, db, flows, newFlows },
    sessions: { callers },
    destinations: { defaultReturnUrl, returnTo, urls },
    login: { methods },
  } = deps;

  const replace = async (flow: FlowRecord, call: Call): Promise<ServiceError> => {
    const text = uiText(messages.loginExpired, expiredAt(flow));
    const { type, requestUrl, csrfDigest } = flow;
    const form = formOf([{ node: "", text }]);
    const context = { ...loginContext(flow), step: firstStep(deps.login.config, loginContext(flow)) };
    const fresh = newLoginFlow(deps, type, requestUrl, context, form, csrfDigest, sameEnd(flow));
    newFlows.consumeOrThrow(call.remoteAddress);
    await beginFlow(deps, deps.login.hooks, fresh, call);
    return replacedBy(flow, fresh, clock.now(), urls);
  };

  return {
    /** @throws FLOW_NOT_FOUND */
    findFlow: async (id: string): Promise<{ readonly flow: FlowRecord }> => ({
      flow: mustExist(await flows.find(db, "login", id), "There is no login flow with this id."),
    }),

    /**
     * Who is signed in needs a reason to sign in again, and a second factor needs somebody who is. @throws
     * SESSION_ALREADY_AVAILABLE, AAL1_REQUIRED
     */
    findCaller: async (submission: {
      readonly flow: FlowRecord;
      readonly call: Call;
    }): Promise<{ readonly caller: Caller | undefined }> => {
      const { flow, call } = submission;
      const caller = await callers.find(call);
      if (!caller && loginContext(flow).requestedAal === 2)
        throw serviceError("AAL1_REQUIRED", {
          explain: "The session whose level was to be raised is over: sign in again.",
        });
      if (caller) mustHaveReason(caller, loginContext(flow), returnTo.must(returnToOf(flow)) ?? defaultReturnUrl);
      return { caller };
    },

    /** Replaces an expired flow by a new one. @throws FLOW_EXPIRED */
    rejectIfExpired: async ({ flow, call }: { readonly flow: FlowRecord; readonly call: Call }): Promise<void> => {
      if (isExpired(flow, clock.now())) throw await replace(flow, call);
    },

    /** @throws METHOD_DISABLED */
    mustBeMethod: (name: string): LoginMethod => mustBeMethod<LoginMethod>(methods, name),

    /** Locks the flow for the transaction that writes something for it. @throws FLOW_NOT_FOUND */
    mustStillBeOpen: async (tx: Sql, flow: FlowRecord): Promise<void> => {
      if (!(await flows.lockOpen(tx, flow, clock.now()))) throw mustExist(undefined);
    },
  };
};
