import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { ServiceError } from "../../errors/service-error.ts";
import { isMessageSent } from "../../methods/contract/flow.ts";
import type { NextStep, Rejected } from "../../methods/contract/result.ts";
import type { FlowDeps } from "../shared/deps.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { formOf, withForm } from "../shared/form.ts";
import { formRejected } from "../shared/rejection.ts";
import type { AuthenticationContext } from "./complete.ts";
import { createSaveStep, type FormStep } from "./save-step.ts";

/** How a login or registration flow shows its form. */
export interface FormKind<Desc extends DescMessage> {
  readonly desc: Desc;
  render(flow: FlowRecord, context: AuthenticationContext, csrfToken: string): MessageShape<Desc>;
  /** Whether a method shows beside the field of a code that was sent; whoever submits another one chooses anew. */
  isBesideCode(method: string, flow: FlowRecord): boolean;
}

/** What a login and a registration do in the same way with a form that goes on. */
export interface FormSteps {
  /** Says what is wrong. */
  reject(context: AuthenticationContext, rejected: Rejected): Promise<ServiceError>;
  /** The next step of the same form is sent as Ory Kratos sends it: like a form that does not hold yet. */
  continueForm(context: AuthenticationContext, step: NextStep): Promise<ServiceError>;
}

/** What the flow stores of a step beside the form. */
type Stored = Pick<Rejected, "sealed" | "isOnlyMethod"> & Pick<NextStep, "step" | "offers">;

/** Creates the steps of one kind of flow. */
export const createFormSteps = <Desc extends DescMessage>(
  deps: FlowDeps,
  { desc, render, isBesideCode }: FormKind<Desc>,
): FormSteps => {
  const {
    storage: { clock },
    sessions: { csrf },
    destinations: { urls },
    forms: { sealedContext },
  } = deps;
  const saveStep = createSaveStep(deps);

  const showAgain = async (context: AuthenticationContext, step: Omit<FormStep, "method">): Promise<ServiceError> => {
    const { call, flow, method } = context;
    const saved = await saveStep(flow, { ...step, method });
    return formRejected(desc, render(saved, context, csrf.tokenFor(call, saved.type)), saved, urls.pageOf(saved));
  };

  const store = (flow: FlowRecord, method: string, { sealed, isOnlyMethod, step, offers }: Stored): FlowRecord => ({
    ...flow,
    context: {
      ...(sealed ? sealedContext.seal(flow, method, sealed) : flow.context),
      ...(isOnlyMethod && { only: method }),
      ...(step && { step }),
      ...(offers && { offers, step: "credentials" }),
    },
  });

  const stateAfter = (flow: FlowRecord, method: string): string =>
    isMessageSent(flow) && method !== "" && !isBesideCode(method, flow) ? "choose_method" : flow.state;

  return {
    reject: (context, { messages, submittedValues, active, ...stored }) => {
      const { method } = context;
      const change: FormStep["change"] = (flow) => {
        const form = formOf(messages, submittedValues);
        return store(withForm(flow, form, clock.now(), stateAfter(flow, method), active), method, stored);
      };
      return showAgain(context, { change });
    },

    continueForm: (context, { messages, submittedValues, state, active, effect, sealed, ...others }) => {
      const change: FormStep["change"] = (flow, written) =>
        store(withForm(flow, formOf(messages, submittedValues), clock.now(), state, active), context.method, {
          ...((sealed || written) && { sealed: { ...sealed, ...written } }),
          ...others,
        });
      return showAgain(context, { change, effect });
    },
  };
};
