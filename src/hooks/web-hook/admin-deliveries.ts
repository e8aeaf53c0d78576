import {
  type DropDeliveriesRequest,
  type DropDeliveriesResponse,
  HookAdminService,
  type HookDelivery,
  type ListDeliveriesRequest,
  type ListDeliveriesResponse,
  type ReplayDeliveriesRequest,
  type ReplayDeliveriesResponse,
} from "../../../gen/ostiary/hooks/v1/hook_admin_service_pb.ts";
import { mustBeUuid } from "../../errors/must-be-uuid.ts";
import { readIdToken } from "../../errors/read-id-token.ts";
import { serviceError } from "../../errors/service-error.ts";
import type { Jobs } from "../../jobs/engine.ts";
import type { ListedJob } from "../../jobs/upkeep.ts";
import type { Call } from "../../lib/call.ts";
import type { TextAead } from "../../lib/keyring.ts";
import { operatorName } from "../../lib/operator.ts";
import { defineService } from "../../lib/service.ts";
import { timestamp } from "../../lib/timestamp.ts";
import { webHookKind } from "./job.ts";
import type { QueuedDelivery } from "./web-hook.ts";

/** What operators' calls about deliveries of web hooks need. */
export interface HookDeliveriesDeps {
  readonly jobs: Pick<Jobs, "drop" | "list" | "repeat" | "unpark" | "wake">;
  /** Seals page tokens. */
  readonly pages: TextAead;
  readonly log: { info(data: object, message: string): void };
}

const DEFAULT_PAGE = 50;
const LARGEST_PAGE = 500;
/** Deliveries that are queued in one call. */
const MOST_REPLAYED = 1_000;

/** Creates the HookAdminService. */
export const createHookAdminService = ({ jobs, log, pages }: HookDeliveriesDeps) => {
  const listDeliveries = async (request: ListDeliveriesRequest): Promise<ListDeliveriesResponse> => {
    const size = Math.min(LARGEST_PAGE, request.pageSize || DEFAULT_PAGE);
    const found = await jobs.list({
      kind: webHookKind,
      parked: request.parked,
      after: readIdToken(pages, request.pageToken),
      limit: size + 1,
    });
    const page = found.slice(0, size);
    const last = page.at(-1);
    return {
      $typeName: "ostiary.hooks.v1.ListDeliveriesResponse",
      deliveries: page.map(renderDelivery),
      nextPageToken: found.length > size && last ? pages.seal(last.id) : "",
    };
  };

  const replayDeliveries = async (request: ReplayDeliveriesRequest): Promise<ReplayDeliveriesResponse> => {
    if (request.parked === request.ids.length > 0)
      throw serviceError("INVALID_FIELD", { field: "ids", explain: "Name either ids or parked." });
    const ids = request.ids.map((id) => mustBeUuid(id, "ids"));
    const { queued, last } = request.parked
      ? await jobs.unpark(webHookKind, readIdToken(pages, request.pageToken), MOST_REPLAYED)
      : { queued: await jobs.repeat(webHookKind, ids), last: undefined };
    jobs.wake(webHookKind);
    return {
      $typeName: "ostiary.hooks.v1.ReplayDeliveriesResponse",
      queued,
      nextPageToken: last === undefined ? "" : pages.seal(last),
    };
  };

  const dropDeliveries = async (
    request: DropDeliveriesRequest,
    { admission }: Pick<Call, "admission">,
  ): Promise<DropDeliveriesResponse> => {
    const ids = request.ids.map((id) => mustBeUuid(id, "ids"));
    const dropped = await jobs.drop(webHookKind, ids);
    log.info({ dropped, operator: operatorName(admission) }, "an operator dropped deliveries of web hooks");
    jobs.wake(webHookKind);
    return { $typeName: "ostiary.hooks.v1.DropDeliveriesResponse", dropped };
  };

  return defineService(HookAdminService, {
    listDeliveries: { run: listDeliveries },
    replayDeliveries: { run: replayDeliveries },
    dropDeliveries: { run: dropDeliveries },
  });
};

/** Headers, body and the query of the URL may hold secrets: they stay where they are. */
const renderDelivery = (job: ListedJob): HookDelivery => {
  const { id, attempts, createdAt, identityId = "", lastError, parkedAt, payload } = job;
  const config = (payload as unknown as QueuedDelivery | undefined)?.config;
  const url = typeof config?.url === "string" ? URL.parse(config.url) : null;
  return {
    $typeName: "ostiary.hooks.v1.HookDelivery",
    id,
    hookId: typeof config?.id === "string" ? config.id : "",
    url: url === null ? "" : `${url.origin}${url.pathname}`,
    identityId,
    attempts,
    lastError,
    createdAt: timestamp(createdAt),
    ...(parkedAt && { parkedAt: timestamp(parkedAt) }),
  };
};
