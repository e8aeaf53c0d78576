export { FlowForm, type FlowFormProps, FormGroups, type FormGroupsProps } from "./flow-form.tsx";
export { Messages, type MessagesProps, NodeInput, type NodeInputProps } from "./node-input.tsx";
export { SettingsForm, type SettingsFormProps } from "./settings-form.tsx";
export { type FlowCalls, type FlowOptions, type FlowState, useFlow } from "./use-flow.ts";
export { type SignedIn, useLogin } from "./use-login.ts";
export { type SignedUp, useRegistration } from "./use-registration.ts";
export { type SettingsSaved, type SettingsState, useSettings } from "./use-settings.ts";
