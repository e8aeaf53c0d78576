import type { Sql } from "../../db/sql.ts";
import type { ServiceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import type { RegistrationMethod } from "../../methods/contract/registration.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { sameEnd } from "../redirect/exchange-code.ts";
import { beginFlow } from "../shared/begin-flow.ts";
import { expiredAt, isExpired, replacedBy } from "../shared/expired.ts";
import { type FlowRecord, returnToOf } from "../shared/flow.ts";
import { formOf } from "../shared/form.ts";
import { mustBeMethod } from "../shared/must-be-method.ts";
import { mustExist } from "../shared/request.ts";
import { registrationContext } from "./context.ts";
import { newRegistrationFlow, signedInAlready } from "./create.ts";
import type { RegistrationDeps } from "./deps.ts";

/** The first steps of a sign-up, and what they need of the flow. */
export const createLoad = (deps: RegistrationDeps) => {
  const {
    storage: { clock, db, flows, newFlows },
    sessions: { callers },
    destinations: { defaultReturnUrl, returnTo, urls },
    registration: { methods },
  } = deps;

  const replace = async (flow: FlowRecord, call: Call): Promise<ServiceError> => {
    const text = uiText(messages.registrationExpired, expiredAt(flow));
    const { type, requestUrl, csrfDigest } = flow;
    const context = { schemaId: registrationContext(flow).schemaId, step: "traits" } as const;
    const form = formOf([{ node: "", text }]);
    const fresh = newRegistrationFlow(deps, type, requestUrl, context, form, csrfDigest, sameEnd(flow));
    newFlows.consumeOrThrow(call.remoteAddress);
    await beginFlow(deps, deps.registration.hooks, fresh, call);
    return replacedBy(flow, fresh, clock.now(), urls);
  };

  return {
    /** @throws FLOW_NOT_FOUND */
    findFlow: async (id: string): Promise<{ readonly flow: FlowRecord }> => ({
      flow: mustExist(await flows.find(db, "registration", id)),
    }),

    /** Who is signed in does not sign up. @throws SESSION_ALREADY_AVAILABLE */
    findCaller: async (submission: {
      readonly flow: FlowRecord;
      readonly call: Call;
    }): Promise<{ readonly caller: undefined }> => {
      const { flow, call } = submission;
      if (await callers.find(call)) throw signedInAlready(returnTo.must(returnToOf(flow)) ?? defaultReturnUrl);
      return { caller: undefined };
    },

    /** Replaces an expired flow by a new one. @throws FLOW_EXPIRED */
    rejectIfExpired: async ({ flow, call }: { readonly flow: FlowRecord; readonly call: Call }): Promise<void> => {
      if (isExpired(flow, clock.now())) throw await replace(flow, call);
    },

    /** @throws METHOD_DISABLED */
    mustBeMethod: (name: string): RegistrationMethod =>
      mustBeMethod(methods as Readonly<Record<string, RegistrationMethod | undefined>>, name),

    /** Locks the flow for the transaction that writes something for it. @throws FLOW_NOT_FOUND */
    mustStillBeOpen: async (tx: Sql, flow: FlowRecord): Promise<void> => {
      if (!(await flows.lockOpen(tx, flow, clock.now()))) throw mustExist(undefined);
    },
  };
};
