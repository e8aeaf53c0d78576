import { SettingsService } from "../gen/ostiary/settings/v1/settings_service_pb.ts";
import type { CallOptions, Client } from "./client.ts";
import type { Result } from "./failure.ts";
import { createFlows, type Flows } from "./flows.ts";

export type { SettingsFlow } from "../gen/ostiary/settings/v1/flow_pb.ts";

/** A signed-in person changes their own account. */
export interface Settings extends Flows<typeof SettingsService> {
  /** Applies the change that was parked until the person authenticated again; answers the flow if there is none. */
  readonly resume: (id: string, call?: CallOptions) => ReturnType<typeof resume>;
}

const resume = (client: Client, id: string, call?: CallOptions) =>
  client.call(SettingsService.method.resumeFlow, { flow: id }, call);

/** Creates what calls settings flows. */
export const createSettings = (client: Client): Settings => ({
  ...createFlows(client, SettingsService),
  resume: (id, call) => resume(client, id, call),
});

/** Where a change of settings leads a browser; undefined where it stays. */
export const nextPlace = (answer: Result<{ readonly redirectBrowserTo: string }>): string | undefined =>
  answer.ok && answer.value.redirectBrowserTo !== "" ? answer.value.redirectBrowserTo : undefined;
