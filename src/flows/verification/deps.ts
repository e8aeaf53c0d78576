import type { AddressFlowConfig } from "../../config/address-flow-config.ts";
import type { VerificationMethods } from "../../methods/contract/verification.ts";
import type { ProofDeps } from "../proof/deps.ts";
import type { FlowDestinations, FlowForms, FlowStorage } from "../shared/deps.ts";
import type { RenderVerification } from "./render.ts";

/** What the steps of the verification flow need. */
export interface VerificationDeps
  extends ProofDeps,
    Pick<FlowStorage, "audit">,
    FlowDestinations,
    Pick<FlowForms, "schemas" | "hooks" | "hookFlow"> {
  readonly config: AddressFlowConfig;
  readonly methods: VerificationMethods;
  /** Base URL of links, without a slash at its end; undefined: that of the public port. */
  readonly linkBase: string | undefined;
  readonly render: RenderVerification;
}
