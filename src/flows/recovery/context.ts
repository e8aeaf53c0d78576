import type { JsonObject } from "@bufbuild/protobuf";
import type { FlowRecord } from "../shared/flow.ts";

const SKIP_SETTINGS = "skip_settings";

/** What the context of a flow keeps of whether the person goes on without the settings. */
export const keepSkipSettings = (skips: boolean): JsonObject => (skips ? { [SKIP_SETTINGS]: true } : {});

/** Whether the person goes to `return_to` at once. */
export const skipsSettings = ({ context }: Pick<FlowRecord, "context">): boolean => context[SKIP_SETTINGS] === true;
