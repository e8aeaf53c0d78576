import { FlowReplacedSchema } from "../../../gen/ostiary/errors/v1/errors_pb.ts";
import type { UiText } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { detail, type ServiceError, serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import { beginFlow } from "../shared/begin-flow.ts";
import type { FlowForms } from "../shared/deps.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { formOf } from "../shared/form.ts";
import type { ProofDeps } from "./deps.ts";

/** Writes the flow that takes the place of one that cannot be used any more, with the reason in its form. */
export type ReplaceFlow = (
  old: FlowRecord,
  reason: UiText,
  call: Call,
) => Promise<{ readonly fresh: FlowRecord; readonly error: ServiceError }>;

/**
 * Creates it.
 *
 * @param freshOf makes a flow of the same kind with the same end, not written yet
 * @param details what the error says beside: how a client continues
 */
export const createReplaceFlow =
  (
    deps: Pick<ProofDeps, "csrf" | "db" | "flows" | "newFlows" | "urls"> & Pick<FlowForms, "hookFlow" | "hooks">,
    freshOf: (old: FlowRecord, csrfDigest: Buffer | undefined) => FlowRecord,
    details?: (fresh: FlowRecord) => Readonly<Record<string, unknown>> | undefined,
  ): ReplaceFlow =>
  async (old, reason, call) => {
    const { csrf, newFlows, urls } = deps;
    newFlows.consumeOrThrow(call.remoteAddress);
    const secret = csrf.rotate(call);
    const plain = freshOf(old, old.type === "browser" ? csrf.digest(secret) : undefined);
    const fresh: FlowRecord = { ...plain, active: old.active, form: formOf([{ node: "", text: reason }]) };
    await beginFlow(deps, fresh, call);
    const more = details?.(fresh);
    const error = serviceError("FLOW_REPLACED", {
      explain: "The flow cannot be used any more. Go on with the new one.",
      ...(more && { details: more }),
      siblings: { use_flow_id: fresh.id },
      typed: [detail(FlowReplacedSchema, { $typeName: "ostiary.errors.v1.FlowReplaced", useFlowId: fresh.id })],
      location: urls.page(fresh.kind, fresh.id),
    });
    return { fresh, error };
  };
