import type { AfterConfig, HookConfig } from "./hook-config.ts";

/** Verification and recovery: a message goes to an address, and what it says comes back. */
export interface AddressFlowConfig {
  readonly enabled: boolean;
  readonly ui_url: string;
  readonly lifespan: number;
  readonly use: "code" | "link";
  readonly notify_unknown_recipients: boolean;
  readonly before: readonly HookConfig[];
  readonly after: AfterConfig;
}
