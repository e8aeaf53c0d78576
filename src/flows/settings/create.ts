import type { JsonObject } from "@bufbuild/protobuf";
import type { CreateFlowRequest, CreateFlowResponse } from "../../../gen/ostiary/settings/v1/settings_service_pb.ts";
import { FlowType } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import type { Call } from "../../lib/call.ts";
import type { Caller } from "../../session/caller.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { newExchangeCode } from "../redirect/exchange-code.ts";
import { beginFlow } from "../shared/begin-flow.ts";
import { emptyForm, type FlowForm, type FlowRecord, returnToContext } from "../shared/flow.ts";
import { formOf } from "../shared/form.ts";
import { newFlow } from "../shared/new-flow.ts";
import { requestUrlOf } from "../shared/request.ts";
import type { SettingsDeps, SettingsParts } from "./deps.ts";
import { type PrepareDeps, prepare } from "./prepare.ts";

/** Creates a settings flow: two statements, the session's read and the insert. */
export const createCreate = (deps: SettingsDeps) => {
  const {
    storage: { newFlows },
    sessions: { callers, csrf },
    destinations: { returnTo, urls },
    settings: { config, render },
  } = deps;

  return async (request: CreateFlowRequest, call: Call): Promise<CreateFlowResponse> => {
    const type = request.type === FlowType.BROWSER ? "browser" : "api";
    if (type === "browser") csrf.ensure(call);
    const caller = await callers.must(call);
    const allowed = returnTo.mustShow(request.returnTo);
    const requestUrl = requestUrlOf(call, urls.init("settings", type, { return_to: allowed }));
    callers.aal.mustReach(
      caller,
      config.required_aal,
      type === "browser" && allowed !== undefined ? requestUrl : undefined,
    );

    newFlows.consumeOrThrow(call.remoteAddress, caller.identity.id);
    const exchange = type === "api" && request.returnSessionTokenExchangeCode ? newExchangeCode() : undefined;
    const flow = newSettingsFlow(deps, caller, type, requestUrl, firstForm(deps, caller), {
      ...returnToContext(allowed),
      ...exchange?.context,
    });
    await beginFlow(deps, deps.settings.hooks, flow, call, caller);
    const rendered = render(flow, caller, csrf.tokenFor(call, flow.type));
    return {
      $typeName: "ostiary.settings.v1.CreateFlowResponse",
      flow: exchange ? { ...rendered, sessionTokenExchangeCode: exchange.code } : rendered,
      redirectBrowserTo: urls.pageOf(flow) ?? "",
    };
  };
};

/** Says it where a second factor has to be set up before anything else. */
const firstForm = ({ sessions: { callers } }: SettingsDeps, caller: Caller): FlowForm =>
  callers.aal.enrolment(caller) ? formOf([{ node: "", text: uiText(messages.secondFactorRequired) }]) : emptyForm;

/** What `newSettingsFlow` needs. */
export interface NewSettingsFlowDeps extends PrepareDeps {
  readonly storage: Pick<SettingsDeps["storage"], "clock">;
  readonly settings: Pick<SettingsParts, "config" | "methods">;
}

/**
 * A fresh settings flow of the caller, not written yet. `context` is what it has beside its form and what methods
 * store from the start.
 */
export const newSettingsFlow = (
  deps: NewSettingsFlowDeps,
  { identity }: Pick<Caller, "identity">,
  type: FlowRecord["type"],
  requestUrl: string,
  form: FlowForm = emptyForm,
  context: JsonObject = {},
): FlowRecord => {
  const flow = newFlow(
    { kind: "settings", type, identityId: identity.id, state: "show_form", requestUrl, form, context },
    { clock: deps.storage.clock, lifespan: deps.settings.config.lifespan },
  );
  return { ...flow, context: prepare(deps, flow) };
};
