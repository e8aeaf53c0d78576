import { FlowExpiredSchema } from "../../../gen/ostiary/errors/v1/errors_pb.ts";
import { detail, type ServiceError, serviceError } from "../../errors/service-error.ts";
import { timestamp } from "../../lib/timestamp.ts";
import { type FlowRecord, returnToOf } from "./flow.ts";
import type { FlowUrls } from "./urls.ts";

/** Whether a flow has expired at `now`. */
export const isExpired = (flow: FlowRecord, now: Date): boolean => flow.expiresAt <= now;

/** When a flow was over, as the text of the form that takes its place says it: RFC 3339, and Unix seconds. */
export const expiredAt = ({
  expiresAt,
}: Pick<FlowRecord, "expiresAt">): { readonly expired_at: string; readonly expired_at_unix: number } => ({
  expired_at: expiresAt.toISOString(),
  expired_at_unix: Math.floor(expiresAt.getTime() / 1000),
});

/**
 * For reads: where to begin again.
 *
 * @throws FLOW_EXPIRED
 */
export const mustNotBeExpired = (flow: FlowRecord, now: Date, urls: FlowUrls): void => {
  if (!isExpired(flow, now)) return;
  const returnTo = returnToOf(flow);
  const init = urls.init(flow.kind, flow.type, { return_to: returnTo });
  throw serviceError("FLOW_EXPIRED", {
    explain: "The flow has expired. Create a new one.",
    details:
      flow.type === "api"
        ? { api: init }
        : { redirect_to: init, ...(returnTo !== undefined && { return_to: returnTo }) },
    typed: [
      detail(FlowExpiredSchema, {
        $typeName: "ostiary.errors.v1.FlowExpired",
        expiredAt: timestamp(flow.expiresAt),
        useFlowId: "",
      }),
    ],
  });
};

/** For submits: the flow that takes its place. Browsers go to its page. */
export const replacedBy = (old: FlowRecord, fresh: FlowRecord, now: Date, urls: FlowUrls): ServiceError =>
  serviceError("FLOW_EXPIRED", {
    explain: "The flow has expired. Go on with the new one.",
    siblings: {
      expired_at: old.expiresAt.toISOString(),
      since: (now.getTime() - old.expiresAt.getTime()) * 1_000_000,
      use_flow_id: fresh.id,
    },
    typed: [
      detail(FlowExpiredSchema, {
        $typeName: "ostiary.errors.v1.FlowExpired",
        expiredAt: timestamp(old.expiresAt),
        useFlowId: fresh.id,
      }),
    ],
    location: urls.pageOf(fresh),
  });
