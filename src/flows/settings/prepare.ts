import type { JsonObject } from "@bufbuild/protobuf";
import type { SettingsMethod } from "../../methods/contract/settings.ts";
import type { FlowRecord } from "../shared/flow.ts";
import type { SettingsDeps, SettingsParts } from "./deps.ts";

/** What methods store in a flow is sealed by these. */
export interface PrepareDeps {
  readonly forms: Pick<SettingsDeps["forms"], "sealedContext">;
  readonly settings: Pick<SettingsParts, "methods">;
}

/** The context of a new flow, with what methods store from the start. */
export const prepare = (deps: PrepareDeps, flow: Pick<FlowRecord, "id" | "context">): JsonObject =>
  preparing(deps).reduce(
    (context, { name, prepare }) => deps.forms.sealedContext.seal({ ...flow, context }, name, prepare()),
    flow.context,
  );

/**
 * The context of a flow after a saved change. What other methods prepared stays, so that a QR code that was scanned
 * is still valid; whatever else was stored is removed, and the method that was used prepares again.
 */
export const prepareAgain = (deps: PrepareDeps, flow: FlowRecord, used: string): JsonObject => {
  const all = preparing(deps);
  const others = all.filter(({ name }) => name !== used);
  const context = deps.forms.sealedContext.only(
    flow,
    others.map(({ name }) => name),
  );
  const mine = all.find(({ name }) => name === used);
  return mine ? deps.forms.sealedContext.seal({ ...flow, context }, used, mine.prepare()) : context;
};

const preparing = ({ settings: { methods } }: PrepareDeps) =>
  Object.values<SettingsMethod>(methods as Readonly<Record<string, SettingsMethod>>).flatMap(
    ({ name, enabled, prepare }) => (enabled && prepare ? [{ name, prepare }] : []),
  );
