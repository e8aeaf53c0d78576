import type { JsonObject } from "@bufbuild/protobuf";
import type { CreateFlowRequest, CreateFlowResponse } from "../../../gen/ostiary/settings/v1/settings_service_pb.ts";
import { FlowType } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import type { Call } from "../../lib/call.ts";
import type { Caller } from "../../session/caller.ts";
import { newExchangeCode } from "../elsewhere.ts";
import { emptyForm, type FlowForm, type FlowRecord, keepReturnTo } from "../flow.ts";
import { newFlow } from "../new-flow.ts";
import { mustNameType, requestUrlOf } from "../request.ts";
import type { SettingsDeps } from "./deps.ts";

/** Creates a settings flow: two statements, the session's read and the insert. */
export const createCreate = (deps: SettingsDeps) => {
  const { db, callers, config, csrf, flows, returnTo, urls, present } = deps;

  return async (request: CreateFlowRequest, call: Call): Promise<CreateFlowResponse> => {
    mustNameType(request.type);
    const type = request.type === FlowType.BROWSER ? "browser" : "api";
    if (type === "browser") csrf.ensure(call);
    const caller = await callers.must(call);
    const shown = returnTo.mustShow(request.returnTo);
    const requestUrl = requestUrlOf(call, urls.init("settings", type, { return_to: shown }));
    callers.mustSatisfyAal(caller, config.required_aal, type === "browser" && shown !== undefined ? requestUrl : undefined);

    const exchange = type === "api" && request.returnSessionTokenExchangeCode ? newExchangeCode() : undefined;
    const flow = newSettingsFlow(deps, caller, type, requestUrl, emptyForm, { ...keepReturnTo(shown), ...exchange?.context });
    await flows.insert(db, flow);
    const presented = present(flow, caller, csrf.tokenFor(call, flow.type));
    return {
      $typeName: "ostiary.settings.v1.CreateFlowResponse",
      flow: exchange ? { ...presented, sessionTokenExchangeCode: exchange.code } : presented,
      redirectBrowserTo: urls.pageOf(flow) ?? "",
    };
  };
};

/** A fresh settings flow of the caller, not written yet. `kept` is what it remembers. */
export const newSettingsFlow = (
  { clock, config }: Pick<SettingsDeps, "clock" | "config">,
  { identity }: Caller,
  type: FlowRecord["type"],
  requestUrl: string,
  form: FlowForm = emptyForm,
  kept: JsonObject = {},
): FlowRecord =>
  newFlow({ kind: "settings", type, identityId: identity.id, state: "show_form", requestUrl, form, context: kept }, { clock, lifespan: config.lifespan });
