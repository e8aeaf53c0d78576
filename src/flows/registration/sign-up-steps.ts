import { RegistrationFlowSchema } from "../../../gen/ostiary/registration/v1/flow_pb.ts";
import type { ServiceError } from "../../errors/service-error.ts";
import type { RegistrationResult } from "../../methods/contract/authentication.ts";
import type { RegistrationMethod } from "../../methods/contract/registration.ts";
import type { Consume, NextStep, Rejected } from "../../methods/contract/result.ts";
import type { AuthenticationContext, SignUpSteps } from "../authentication/complete.ts";
import { createSaveStep, type FormStep } from "../authentication/save-step.ts";
import { sameEnd } from "../redirect/exchange-code.ts";
import { beginFlow } from "../shared/begin-flow.ts";
import { AlreadyConsumed, alreadyConsumed, consumeOrThrow } from "../shared/consume.ts";
import { emptyForm, type FlowRecord } from "../shared/flow.ts";
import { formOf, withForm } from "../shared/form.ts";
import { formRejected } from "../shared/rejection.ts";
import { mustBeEnabled, newRegistrationFlow } from "./create.ts";
import type { RegistrationDeps } from "./deps.ts";
import { viewOf } from "./load.ts";
import { createApproveSignUp } from "./sign-up.ts";

/** The registration flow's part in the end of an authentication, and the further step that only it has. */
export interface RegistrationSteps extends SignUpSteps {
  /** The next step of the same form is sent as Ory Kratos sends it: like a form that does not hold yet. */
  continueRegistration(context: AuthenticationContext, step: NextStep): Promise<ServiceError>;
}

/** Creates the registration flow's part. */
export const createSignUpSteps = (deps: RegistrationDeps): RegistrationSteps => {
  const {
    storage: { clock, db, identities, newFlows },
    sessions: { csrf, devices },
    destinations: { urls },
    forms: { schemas, sealedContext },
    registration: { answerTime, config, methods, render },
  } = deps;
  const [confirmer] = (Object.values(methods) as readonly RegistrationMethod[]).flatMap(
    ({ enabled, name, confirmation }) => (enabled && confirmation ? [{ name, ...confirmation }] : []),
  );
  const saveStep = createSaveStep(deps);

  const showAgain = async (
    { flow, call, method }: AuthenticationContext,
    step: Omit<FormStep, "method">,
  ): Promise<ServiceError> => {
    const saved = await saveStep(flow, { ...step, method });
    return formRejected(
      RegistrationFlowSchema,
      render(saved, csrf.tokenFor(call, saved.type)),
      saved,
      urls.pageOf(saved),
    );
  };

  const remember = (
    flow: FlowRecord,
    method: string,
    { sealed, isOnlyMethod, step }: Pick<Rejected, "sealed" | "isOnlyMethod"> & Pick<NextStep, "step">,
  ): FlowRecord => ({
    ...flow,
    context: {
      ...(sealed ? sealedContext.seal(flow, method, sealed) : flow.context),
      ...(isOnlyMethod && { only: method }),
      ...(step && { step }),
    },
  });

  const reject = (
    context: AuthenticationContext,
    { messages, submittedValues, active, ...memory }: Rejected,
  ): Promise<ServiceError> => {
    const { method } = context;
    const change: FormStep["change"] = (flow) => {
      const saved = withForm(flow, formOf(messages, submittedValues), clock.now(), stateAfter(flow, method), active);
      return remember(saved, method, memory);
    };
    return showAgain(context, { change });
  };

  const continueRegistration: RegistrationSteps["continueRegistration"] = (
    context,
    { submittedValues, messages, state, active, effect, sealed, step },
  ) => {
    const change: FormStep["change"] = (flow, stored) =>
      remember(withForm(flow, formOf(messages, submittedValues), clock.now(), state, active), context.method, {
        ...((sealed || stored) && { sealed: { ...sealed, ...stored } }),
        ...(step && { step }),
      });
    return showAgain(context, { change, effect });
  };

  /** Who came to sign in and is new gets a registration flow that ends where the login would have. */
  const flowFor = async ({ flow, call }: AuthenticationContext): Promise<FlowRecord> => {
    if (flow.kind === "registration") return flow;
    mustBeEnabled(config);
    newFlows.consumeOrThrow(call.remoteAddress, devices.nameOf(call));
    const digest = flow.type === "browser" ? csrf.digest(csrf.ensure(call)) : undefined;
    const context = { schemaId: schemas.default.id, step: "traits" } as const;
    const fresh = newRegistrationFlow(deps, flow.type, flow.requestUrl, context, emptyForm, digest, sameEnd(flow));
    await beginFlow(deps, deps.registration.hooks, fresh, call);
    return fresh;
  };

  /** The form that asks for a proof. What the sign-up is used up with is used up as that form is written. */
  const askForProof = async (context: AuthenticationContext, registered: RegistrationResult): Promise<ServiceError> => {
    if (confirmer === undefined) throw new Error("no method has a proof to ask for");
    const { call, flow, method, transientPayload } = context;
    const view = viewOf(deps, { flow, body: { ...(transientPayload && { transientPayload }) } });
    const asked = await confirmer.begin(registered, method, view, call);
    if (asked.kind === "rejected") return reject(context, asked);
    try {
      return await continueRegistration({ ...context, method: confirmer.name }, consuming(asked, registered.consume));
    } catch (thrown) {
      if (thrown instanceof AlreadyConsumed) return reject(context, alreadyConsumed);
      throw thrown;
    }
  };

  return {
    approve: createApproveSignUp(deps),
    mustConfirm: (registered) => confirmer?.isDue(registered) ?? false,
    confirmFirst: (context, registered) =>
      // Whether anybody has the address already shows neither in the form nor in its time.
      answerTime.hold(context.call, async () => {
        throw await askForProof({ ...context, flow: await flowFor(context) }, registered);
      }),
    findOwner: async ({ traits }) => (await identities.findIdentifierOwner(db, traits))?.identity.id,
    askForMissing: async (authentication, { rejected }) =>
      reject({ ...authentication, flow: await flowFor(authentication) }, rejected),
    reject,
    continueRegistration,
  };
};

/** The step with what is used up in its transaction. */
const consuming = (step: NextStep, consume: Consume | undefined): NextStep =>
  consume === undefined
    ? step
    : {
        ...step,
        effect: {
          inTransaction: async (tx, stored) => {
            await consumeOrThrow(tx, consume);
            return (await step.effect?.inTransaction(tx, stored)) ?? {};
          },
          afterCommit: () => step.effect?.afterCommit(),
        },
      };

/** Whoever was sent a code and submits something else chooses again. */
const stateAfter = ({ state, active }: FlowRecord, method: string): string =>
  state === "sent_email" && method !== "" && method !== active ? "choose_method" : state;
