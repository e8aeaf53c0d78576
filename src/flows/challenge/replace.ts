import { FlowReplacedSchema } from "../../../gen/ostiary/errors/v1/errors_pb.ts";
import type { UiText } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { detail, type ServiceError, serviceError } from "../../errors/service-error.ts";
import type { HookRunner } from "../../hooks/runner.ts";
import type { Call } from "../../lib/call.ts";
import { beginFlow } from "../shared/begin-flow.ts";
import type { FlowDeps } from "../shared/deps.ts";
import { expiredAt, replacedBy } from "../shared/expired.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { formOf } from "../shared/form.ts";

/** Writes a flow in the place of one that cannot be used any more, and returns the error that names it. */
export interface Replacement {
  replace(flow: FlowRecord, reason: UiText, call: Call): Promise<ServiceError>;
  replaceExpired(flow: FlowRecord, call: Call): Promise<ServiceError>;
  /** What a message has that came too late. */
  expired(flow: FlowRecord): UiText;
}

/** What a kind of flow does differently in it. */
export interface ReplacementParts {
  readonly hooks: HookRunner;
  /** Makes a flow of the same kind with the same end, not written yet. */
  freshOf(old: FlowRecord, csrfDigest: Buffer | undefined): FlowRecord;
  /** What the error says beside: how a client continues. */
  details?(fresh: FlowRecord): Readonly<Record<string, unknown>> | undefined;
  /** The text that says when the flow was over. */
  expiredText(at: ReturnType<typeof expiredAt>): UiText;
}

/** Creates the function; see `Replacement`. */
export const createReplacement = (
  deps: FlowDeps,
  { hooks, freshOf, details, expiredText }: ReplacementParts,
): Replacement => {
  const {
    storage: { clock, newFlows },
    sessions: { csrf },
    destinations: { urls },
  } = deps;

  const write = async (old: FlowRecord, reason: UiText, call: Call): Promise<FlowRecord> => {
    newFlows.consumeOrThrow(call.remoteAddress);
    const secret = csrf.rotate(call);
    const plain = freshOf(old, old.type === "browser" ? csrf.digest(secret) : undefined);
    const fresh: FlowRecord = { ...plain, active: old.active, form: formOf([{ node: "", text: reason }]) };
    await beginFlow(deps, hooks, fresh, call);
    return fresh;
  };

  const expired: Replacement["expired"] = (flow) => expiredText(expiredAt(flow));

  return {
    expired,

    replace: async (flow, reason, call) => {
      const fresh = await write(flow, reason, call);
      const more = details?.(fresh);
      return serviceError("FLOW_REPLACED", {
        explain: "The flow cannot be used any more. Go on with the new one.",
        ...(more && { details: more }),
        siblings: { use_flow_id: fresh.id },
        typed: [detail(FlowReplacedSchema, { $typeName: "ostiary.errors.v1.FlowReplaced", useFlowId: fresh.id })],
        location: urls.page(fresh.kind, fresh.id),
      });
    },

    replaceExpired: async (flow, call) => replacedBy(flow, await write(flow, expired(flow), call), clock.now(), urls),
  };
};
