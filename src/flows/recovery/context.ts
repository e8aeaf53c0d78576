import type { JsonObject } from "@bufbuild/protobuf";
import type { FlowRecord } from "../shared/flow.ts";

const SKIP_SETTINGS = "skip_settings";

/** What the context of a flow keeps of whether the person goes on without the settings. */
export const skipSettingsContext = (skips: boolean): JsonObject => (skips ? { [SKIP_SETTINGS]: true } : {});

/** Whether the person goes to `return_to` at once. */
export const skipsSettings = ({ context }: Pick<FlowRecord, "context">): boolean => context[SKIP_SETTINGS] === true;

const OPERATOR_MADE = "operator_made";

/** Marks the context of a flow that an operator created: its code can be entered in any browser. */
export const operatorMadeContext: JsonObject = { [OPERATOR_MADE]: true };

/** Whether an operator hands the code over. */
export const isOperatorMade = ({ context }: Pick<FlowRecord, "context">): boolean => context[OPERATOR_MADE] === true;
