import type { JsonObject } from "@bufbuild/protobuf";
import type {
  CreateFlowRequest,
  CreateFlowResponse,
} from "../../../gen/ostiary/registration/v1/registration_service_pb.ts";
import { FlowType } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import { newExchangeCode } from "../redirect/exchange-code.ts";
import { beginFlow } from "../shared/begin-flow.ts";
import { emptyForm, type FlowForm, type FlowRecord, returnToContext } from "../shared/flow.ts";
import { mustHaveNoChallenge } from "../shared/must-have-no-challenge.ts";
import { newFlow } from "../shared/new-flow.ts";
import { requestUrlOf } from "../shared/request.ts";
import { mustBeSelectable, type RegistrationContext, writeRegistrationContext } from "./context.ts";
import type { RegistrationDeps, RegistrationParts } from "./deps.ts";

/** Creates a registration flow. */
export const createCreate = (deps: RegistrationDeps) => {
  const {
    storage: { newFlows },
    sessions: { callers, csrf, devices },
    destinations: { defaultReturnUrl, returnTo, urls },
    forms: { schemas },
    registration: { config, render },
  } = deps;

  return async (request: CreateFlowRequest, call: Call): Promise<CreateFlowResponse> => {
    mustHaveNoChallenge(request.loginChallenge);
    const browser = request.type === FlowType.BROWSER;
    const secret = browser ? csrf.ensure(call) : undefined;
    mustBeEnabled(config);
    const allowed = returnTo.mustShow(request.returnTo);
    const afterVerification = returnTo.mustShow(request.afterVerificationReturnTo, "after_verification_return_to");
    if (await callers.find(call)) throw signedInAlready(returnTo.must(allowed) ?? defaultReturnUrl);
    const schema = mustBeSelectable(schemas, request.identitySchema);

    const type = browser ? "browser" : "api";
    const asked = urls.init("registration", type, {
      return_to: allowed,
      identity_schema: request.identitySchema,
      after_verification_return_to: afterVerification,
    });
    const exchange = !browser && request.returnSessionTokenExchangeCode ? newExchangeCode() : undefined;
    const context: RegistrationContext = { schemaId: schema.id, step: "traits" };
    const flow = newRegistrationFlow(
      deps,
      type,
      requestUrlOf(call, asked),
      context,
      emptyForm,
      secret && csrf.digest(secret),
      {
        ...returnToContext(allowed),
        ...exchange?.context,
      },
    );
    newFlows.consumeOrThrow(call.remoteAddress, devices.nameOf(call));
    await beginFlow(deps, deps.registration.hooks, flow, call);
    const rendered = render(flow, csrf.tokenFor(call, flow.type));
    return {
      $typeName: "ostiary.registration.v1.CreateFlowResponse",
      flow: exchange ? { ...rendered, sessionTokenExchangeCode: exchange.code } : rendered,
      redirectBrowserTo: urls.pageOf(flow) ?? "",
    };
  };
};

/** Refuses registration where the configuration disables it. @throws FLOW_DISABLED */
export const mustBeEnabled = ({ enabled }: RegistrationParts["config"]): void => {
  if (!enabled) throw serviceError("FLOW_DISABLED", { explain: "Registration is disabled by the configuration." });
};

/** Whoever is signed in does not sign up. Browsers go where they wanted to go. */
export const signedInAlready = (location: string) =>
  serviceError("SESSION_ALREADY_AVAILABLE", { explain: "Signed in already: sign out to sign up.", location });

/** A fresh registration flow, not written yet. `further` is what else its context has. */
export const newRegistrationFlow = (
  { storage: { clock }, registration: { config } }: Pick<RegistrationDeps, "storage" | "registration">,
  type: FlowRecord["type"],
  requestUrl: string,
  context: RegistrationContext,
  form: FlowForm,
  csrfDigest: Buffer | undefined,
  further: JsonObject = {},
): FlowRecord =>
  newFlow(
    {
      kind: "registration",
      type,
      state: "choose_method",
      requestUrl,
      csrfDigest,
      form,
      context: { ...writeRegistrationContext(context), ...further },
    },
    { clock, lifespan: config.lifespan },
  );
