import type { JsonObject } from "@bufbuild/protobuf";
import type { CreateFlowRequest, CreateFlowResponse } from "../../../gen/ostiary/login/v1/login_service_pb.ts";
import { FlowType } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import { sessionAal } from "../../session/aal.ts";
import type { Caller } from "../../session/caller.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { newExchangeCode } from "../redirect/exchange-code.ts";
import { beginFlow } from "../shared/begin-flow.ts";
import { emptyForm, type FlowForm, type FlowRecord, returnToContext } from "../shared/flow.ts";
import { formOf } from "../shared/form.ts";
import { mustHaveNoChallenge } from "../shared/must-have-no-challenge.ts";
import { newFlow } from "../shared/new-flow.ts";
import { requestUrlOf } from "../shared/request.ts";
import { firstStep, type LoginPurpose, writeLoginContext } from "./context.ts";
import type { LoginDeps } from "./deps.ts";

/** Creates a login flow (docs/compatibility.md, rule 6). */
export const createCreate = (deps: LoginDeps) => {
  const {
    sessions: { callers, csrf },
    destinations: { defaultReturnUrl, returnTo, urls },
    login: { render },
  } = deps;

  return async (request: CreateFlowRequest, call: Call): Promise<CreateFlowResponse> => {
    mustHaveNoChallenge(request.loginChallenge);
    const browser = request.type === FlowType.BROWSER;
    const secret = browser ? csrf.ensure(call) : undefined;
    const requestedAal = levelOf(request.aal);
    const caller = await callers.find(call);
    if (requestedAal === 2 && caller === undefined)
      throw serviceError("AAL1_REQUIRED", { explain: "A second factor was asked for, but nobody is signed in." });
    const allowed = returnTo.mustShow(request.returnTo);
    // Without a session there is nothing to refresh: it is a first sign-in.
    const purpose: LoginPurpose = {
      refresh: request.refresh && caller !== undefined,
      requestedAal,
      via: request.via,
    };
    if (caller) mustHaveReason(caller, purpose, returnTo.must(allowed) ?? defaultReturnUrl);

    const type = browser ? "browser" : "api";
    const asked = urls.init("login", type, {
      refresh: request.refresh ? "true" : "",
      aal: request.aal,
      return_to: allowed,
      via: request.via,
    });
    const exchange = !browser && request.returnSessionTokenExchangeCode ? newExchangeCode() : undefined;
    const flow = newLoginFlow(
      deps,
      type,
      requestUrlOf(call, asked),
      { ...purpose, step: firstStep(deps.login.config, purpose) },
      firstForm(purpose),
      secret && csrf.digest(secret),
      {
        ...returnToContext(allowed),
        ...exchange?.context,
      },
    );
    limitNewFlows(deps, caller, call);
    await beginFlow(deps, deps.login.hooks, flow, call, caller);
    const rendered = render(flow, caller, csrf.tokenFor(call, flow.type));
    return {
      $typeName: "ostiary.login.v1.CreateFlowResponse",
      flow: exchange ? { ...rendered, sessionTokenExchangeCode: exchange.code } : rendered,
      redirectBrowserTo: urls.pageOf(flow) ?? "",
    };
  };
};

/** `aal1` is the default; the rules of the request let nothing else but `aal2` through. */
const levelOf = (aal: string): 1 | 2 => (aal === "aal2" ? 2 : 1);

/**
 * A person who is signed in has a budget of their own, and so has a known device, beside those who share its network.
 *
 * @throws RATE_LIMITED
 */
const limitNewFlows = (
  { storage: { newFlows }, sessions: { devices } }: LoginDeps,
  caller: Caller | undefined,
  call: Call,
): void => newFlows.consumeOrThrow(call.remoteAddress, caller?.identity.id ?? devices.nameOf(call));

/**
 * Signed in already is a reason not to log in, unless to prove it again or to
 * reach a higher level. Browsers go where they wanted to go.
 *
 * @throws SESSION_ALREADY_AVAILABLE
 */
export const mustHaveReason = (caller: Caller, { refresh, requestedAal }: LoginPurpose, location: string): void => {
  if (refresh || requestedAal > sessionAal(caller)) return;
  throw serviceError("SESSION_ALREADY_AVAILABLE", {
    explain: "Signed in already. Use refresh=true to authenticate again.",
    location,
  });
};

const firstForm = ({ refresh, requestedAal }: LoginPurpose): FlowForm => {
  if (requestedAal === 2) return formOf([{ node: "", text: uiText(messages.completeSecondFactor) }]);
  return refresh ? formOf([{ node: "", text: uiText(messages.confirmIdentity) }]) : emptyForm;
};

/** A fresh login flow, not written yet. `further` is what else its context has. */
export const newLoginFlow = (
  { storage: { clock }, login: { config } }: Pick<LoginDeps, "storage" | "login">,
  type: FlowRecord["type"],
  requestUrl: string,
  context: Parameters<typeof writeLoginContext>[0],
  form: FlowForm,
  csrfDigest: Buffer | undefined,
  further: JsonObject = {},
): FlowRecord =>
  newFlow(
    {
      kind: "login",
      type,
      state: "choose_method",
      requestUrl,
      csrfDigest,
      form,
      context: { ...writeLoginContext(context), ...further },
    },
    { clock, lifespan: config.lifespan },
  );
