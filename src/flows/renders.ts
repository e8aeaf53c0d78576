import type { DescMessage, JsonObject, MessageShape } from "@bufbuild/protobuf";
import { LoginFlowSchema } from "../../gen/ostiary/login/v1/flow_pb.ts";
import { RecoveryFlowSchema } from "../../gen/ostiary/recovery/v1/flow_pb.ts";
import { RegistrationFlowSchema } from "../../gen/ostiary/registration/v1/flow_pb.ts";
import { SettingsFlowSchema } from "../../gen/ostiary/settings/v1/flow_pb.ts";
import { VerificationFlowSchema } from "../../gen/ostiary/verification/v1/flow_pb.ts";
import type { Core } from "../core.ts";
import type { Methods } from "../methods/module.ts";
import { createPrinters } from "../server/rest/encode.ts";
import type { SignedIn } from "../session/session.ts";
import { createAddressFlowRenders } from "./address-flows.ts";
import { createRenderLogin } from "./login/render.ts";
import { createRenderRegistration } from "./registration/render.ts";
import { createRenderSettings } from "./settings/render.ts";
import type { FlowDestinations } from "./shared/deps.ts";
import { createHookFlows } from "./shared/hook-flow.ts";
import type { SealedContext } from "./shared/sealed-context.ts";

/** What the views of flows are made with. */
export interface FlowRendersDeps {
  readonly core: Pick<Core, "config" | "schemas">;
  readonly methods: Methods;
  readonly destinations: FlowDestinations;
  readonly sealedContext: SealedContext;
  /** Whether messages can be sent to phones. */
  readonly takesPhoneNumbers: boolean;
  /** Whether browsers can be trusted to stand in for a second factor. */
  readonly trustsDevices: boolean;
  /** Whether a second factor has to be set up before anything else. */
  readonly mustEnrol: (signedIn: SignedIn) => boolean;
}

/** Creates the views of every flow: as messages of the contract, as JSON of REST, and as hooks see them. */
export const createFlowRenders = (deps: FlowRendersDeps) => {
  const { core, methods, destinations, sealedContext, takesPhoneNumbers, trustsDevices, mustEnrol } = deps;
  const { config, schemas } = core;
  const { style } = config.selfservice.flows.registration;
  const { urls } = destinations;
  const parts = { schemas, sealedContext, urls };
  const render = {
    ...createAddressFlowRenders(core, methods, destinations, takesPhoneNumbers),
    settings: createRenderSettings({ ...parts, methods: methods.settings, mustEnrol }),
    login: createRenderLogin({ ...parts, methods: methods.login, trustsDevices }),
    registration: createRenderRegistration({ ...parts, methods: methods.registration, style }),
  };
  const printers = createPrinters();
  const print = <Desc extends DescMessage>(desc: Desc, message: MessageShape<Desc>) =>
    JSON.parse(printers.of(desc)(message)) as JsonObject;
  const hookFlow = createHookFlows({
    settings: (flow, who) => (who ? print(SettingsFlowSchema, render.settings(flow, who, "")) : {}),
    login: (flow, who) => print(LoginFlowSchema, render.login(flow, who, "")),
    registration: (flow) => print(RegistrationFlowSchema, render.registration(flow, "")),
    verification: (flow) => print(VerificationFlowSchema, render.verification(flow, "")),
    recovery: (flow) => print(RecoveryFlowSchema, render.recovery(flow, "")),
  });
  return { render, print, hookFlow };
};
