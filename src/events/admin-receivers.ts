import type {
  EventReceiver,
  ListReceiversRequest,
  ListReceiversResponse,
} from "../../gen/ostiary/events/v1/event_admin_service_pb.ts";
import { createEventsToRelay } from "../audit/events-to-relay.ts";
import type { ReceiverConfig } from "../config/events-config.ts";
import type { Sql } from "../db/sql.ts";
import { unknownPage } from "../errors/read-id-token.ts";
import { serviceError } from "../errors/service-error.ts";
import type { Jobs } from "../jobs/engine.ts";
import type { TextAead } from "../lib/keyring.ts";
import { deliveryKind, type Outbox, receiverOf } from "./outbox.ts";
import type { ReceiverStates } from "./receiver-states.ts";

/** What looking at receivers needs. */
export interface EventReceiversDeps {
  readonly db: Sql;
  readonly jobs: Pick<Jobs, "counts" | "list">;
  readonly outbox: Pick<Outbox, "receivers">;
  /** Seals page tokens. */
  readonly pages: TextAead;
  readonly states: Pick<ReceiverStates, "isEnded">;
}

/** The receivers of the configuration, and those that deliveries are still there to. */
export interface EventReceivers {
  listReceivers(request: ListReceiversRequest): Promise<ListReceiversResponse>;
  /** @throws INVALID_FIELD for one that the configuration does not have */
  mustBeConfigured(name: string): ReceiverConfig;
  /** The kind of the deliveries to a receiver. @throws INVALID_FIELD for one that neither of the two knows */
  mustHaveDeliveries(name: string): Promise<string>;
}

type Counts = Pick<EventReceiver, "parked" | "unqueued" | "waiting">;

const none: Counts = { waiting: 0n, parked: 0n, unqueued: 0n };
const DEFAULT_PAGE = 50;
const LARGEST_PAGE = 500;

/** Creates the `EventReceivers`. */
export const createEventReceivers = ({ db, jobs, outbox, pages, states }: EventReceiversDeps): EventReceivers => {
  const configured = new Set(outbox.receivers.map(({ name }) => name));
  const eventsToRelay = createEventsToRelay();

  const isThere = async (kind: string): Promise<boolean> => {
    for (const parked of [false, true])
      if ((await jobs.list({ kind, parked, after: undefined, limit: 1 })).length > 0) return true;
    return false;
  };

  /** How many deliveries wait or were set aside, and how many could not be queued, by receiver. */
  const countDeliveries = async (): Promise<ReadonlyMap<string, Counts>> => {
    const counts = new Map([...configured].map((name) => [name, none]));
    for (const [name, count] of await eventsToRelay.countAside(db))
      counts.set(name, { ...none, unqueued: BigInt(count) });
    for (const { kind, parked, count } of await jobs.counts()) {
      const name = receiverOf(kind);
      if (name === undefined) continue;
      const before = counts.get(name) ?? none;
      counts.set(name, { ...before, [parked ? "parked" : "waiting"]: BigInt(count) });
    }
    return counts;
  };

  return {
    async listReceivers({ pageSize, pageToken }) {
      const size = Math.min(LARGEST_PAGE, pageSize || DEFAULT_PAGE);
      const after = pageToken === "" ? "" : pages.open(pageToken);
      if (after === undefined) throw unknownPage();
      const counts = await countDeliveries();
      const names = [...counts.keys()].filter((name) => name > after).toSorted();
      const receivers: EventReceiver[] = [];
      for (const name of names.slice(0, size)) {
        receivers.push({
          $typeName: "ostiary.events.v1.EventReceiver",
          name,
          configured: configured.has(name),
          ended: configured.has(name) && (await states.isEnded(name)),
          ...(counts.get(name) ?? none),
        });
      }
      return {
        $typeName: "ostiary.events.v1.ListReceiversResponse",
        receivers,
        nextPageToken: names.length > size ? pages.seal(receivers.at(-1)?.name ?? "") : "",
      };
    },

    mustBeConfigured: (name) => {
      const receiver = outbox.receivers.find((one) => one.name === name);
      if (receiver !== undefined) return receiver;
      throw serviceError("INVALID_FIELD", {
        field: "receiver",
        explain: "No receiver of the configuration has this name: nothing can be delivered to it.",
      });
    },

    async mustHaveDeliveries(name) {
      const kind = deliveryKind(name);
      if (configured.has(name) || (receiverOf(kind) !== undefined && (await isThere(kind)))) return kind;
      throw serviceError("INVALID_FIELD", {
        field: "receiver",
        explain: "No receiver of the configuration has this name, nor are there deliveries to one that had it.",
      });
    },
  };
};
