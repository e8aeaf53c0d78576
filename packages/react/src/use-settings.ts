import { type Client, createSettings, type Settings, type SettingsFlow } from "@ostiary/client";
import { useMemo } from "react";
import { type FlowOptions, type FlowState, useFlow } from "./use-flow.ts";

/** What a submit of a settings flow answers. */
export type SettingsSaved = Extract<Awaited<ReturnType<Settings["submit"]>>, { readonly ok: true }>["value"];

/** What a new settings flow is created with. */
type Create = NonNullable<Parameters<Settings["create"]>[0]>;

/** A settings flow on the screen. */
export interface SettingsState extends FlowState<SettingsFlow> {
  /** Applies the change that waited for the person to sign in again. */
  readonly resume: (id: string) => Promise<void>;
}

/** Shows and changes the signed-in person's account. */
export const useSettings = (
  client: Client,
  options: FlowOptions<SettingsFlow, SettingsSaved, Create> = {},
): SettingsState => {
  const settings = useMemo(() => createSettings(client), [client]);
  const state = useFlow<SettingsFlow, SettingsSaved, Create>(settings, { next: ({ flow }) => flow, ...options });
  const { show } = state;
  const resume = async (id: string): Promise<void> => {
    const result = await settings.resume(id);
    if (result.ok) show(result.value.flow);
    else show(undefined, result.failure);
  };
  return { ...state, resume };
};
