export {
  type CallOptions,
  type Challenge,
  type Client,
  type ClientOptions,
  createClient,
  type TokenStore,
} from "./client.ts";
export {
  type Failure,
  type FlowExpired,
  type FlowReplaced,
  type FormRejected,
  type InvalidField,
  type ReasonName,
  type RefreshRequired,
  type Result,
  type StepUpRequired,
  toFailure,
  type Unreached,
} from "./failure.ts";
export { createFlows, type Flows, type Refused, type Submitted } from "./flows.ts";
export {
  type DivNode,
  type Form,
  type FormNode,
  formOf,
  type ImageNode,
  type InputNode,
  inputOf,
  type LinkNode,
  nodesOf,
  type ScriptNode,
  type TextNode,
  type WithForm,
} from "./form.ts";
export { createLogin, type Login, type LoginFlow } from "./login.ts";
export { createRecovery, type Recovery, type RecoveryFlow } from "./recovery.ts";
export { createRegistration, type Registration, type RegistrationFlow } from "./registration.ts";
export { createRestTransport, type RestTransportOptions } from "./rest/transport.ts";
export { createSessions, type Session, type Sessions } from "./sessions.ts";
export { createSettings, nextPlace, type Settings, type SettingsFlow } from "./settings.ts";
export type { Text } from "./text.ts";
export type { FormValues } from "./values.ts";
export { createVerification, type Verification, type VerificationFlow } from "./verification.ts";
