import { RegistrationFlowSchema } from "../../../gen/ostiary/registration/v1/flow_pb.ts";
import type { ServiceError } from "../../errors/service-error.ts";
import type { RegistrationResult } from "../../methods/contract/authentication.ts";
import type { RegistrationMethod } from "../../methods/contract/registration.ts";
import type { Consume, NextStep } from "../../methods/contract/result.ts";
import type { AuthenticationContext, SignUpSteps } from "../authentication/complete.ts";
import { createFormSteps, type FormSteps } from "../authentication/form-steps.ts";
import { sameEnd } from "../redirect/exchange-code.ts";
import { beginFlow } from "../shared/begin-flow.ts";
import { AlreadyConsumed, alreadyConsumed, consumeOrThrow } from "../shared/consume.ts";
import { emptyForm, type FlowRecord } from "../shared/flow.ts";
import { mustBeEnabled, newRegistrationFlow } from "./create.ts";
import type { RegistrationDeps } from "./deps.ts";
import { createApproveSignUp } from "./sign-up.ts";
import { viewOf } from "./view.ts";

/** The registration flow's part in the end of an authentication, and its further steps. */
export interface RegistrationSteps extends SignUpSteps, FormSteps {}

/** Creates the registration flow's part. */
export const createSignUpSteps = (deps: RegistrationDeps): RegistrationSteps => {
  const {
    storage: { db, identities, newFlows },
    sessions: { csrf, devices },
    forms: { schemas },
    registration: { answerTime, config, methods, render },
  } = deps;
  const [confirmer] = (Object.values(methods) as readonly RegistrationMethod[]).flatMap(
    ({ enabled, name, confirmation }) => (enabled && confirmation ? [{ name, ...confirmation }] : []),
  );
  const { reject, continueForm } = createFormSteps(deps, {
    desc: RegistrationFlowSchema,
    render: (flow, _, csrfToken) => render(flow, csrfToken),
    isBesideCode: (method, { active }) => method === active,
  });

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
    const view = viewOf(deps.forms, config, { flow, body: { ...(transientPayload && { transientPayload }) } });
    const asked = await confirmer.begin(registered, method, view, call);
    if (asked.kind === "rejected") return reject(context, asked);
    try {
      return await continueForm({ ...context, method: confirmer.name }, consuming(asked, registered.consume));
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
    continueForm,
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
