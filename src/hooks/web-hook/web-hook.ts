import type { JsonObject } from "@bufbuild/protobuf";
import type { Sql } from "../../db/sql.ts";
import { type ServiceError, serviceError } from "../../errors/service-error.ts";
import { uuid4 } from "../../lib/ids.ts";
import type { JsonnetEngine } from "../../lib/jsonnet/engine.ts";
import { runFunction } from "../../lib/jsonnet/run-function.ts";
import type { ReceiverAnswer, SendRequest } from "../../lib/outbound/send-request.ts";
import { outgoingHeaders } from "../../lib/trace.ts";
import type {
  BeforeContext,
  ChangeContext,
  Hook,
  HookFactory,
  HookPlace,
  HookRejected,
  HookRevised,
} from "../phases.ts";
import { readMessages } from "./answer.ts";
import { readWebHookConfig, type WebHookConfig } from "./config.ts";
import type { HookContexts } from "./context.ts";
import { createPrepareRequest, type PreparedRequest } from "./request.ts";
import { readRevision } from "./revision.ts";

/** What `web_hook` needs. */
export interface WebHookDeps {
  readonly contexts: HookContexts;
  readonly engine: JsonnetEngine;
  /** Whether there is an identity schema of this id. */
  readonly hasSchema: (id: string) => boolean;
  /** Programs of bodies, by the URL that the configuration names them with. */
  readonly programs: ReadonlyMap<string, string>;
  readonly send: SendRequest;
  /** Queues a request that is delivered in the background; in the transaction of the change, if there is one. */
  readonly enqueue: (sql: Sql | undefined, delivery: QueuedDelivery) => Promise<void>;
  /** Has what was queued delivered at once. */
  readonly wake: () => void;
  readonly log: { warn(data: object, message: string): void };
}

/** A queued delivery. */
export interface QueuedDelivery {
  /** The hook's `config`, with which its request is made. */
  readonly config: JsonObject;
  readonly ctx: JsonObject;
  readonly headers: Readonly<Record<string, string>>;
  /** Deliveries of one receiver about one person are made one after the other. */
  readonly identityId: string | undefined;
}

/** A request that was answered, or that the program cancelled. */
type Delivered = (ReceiverAnswer & { readonly kind: "answered" }) | { readonly kind: "cancelled" };

/** Makes the requests of a hook; also for deliveries in the background. */
export const createRequests = (
  config: WebHookConfig,
  { engine, programs }: Pick<WebHookDeps, "engine" | "programs">,
): ((ctx: JsonObject, headers: Readonly<Record<string, string>>) => Promise<PreparedRequest>) => {
  if (config.body === undefined) return createPrepareRequest(config, undefined);
  const program = programs.get(config.body);
  if (program === undefined) throw new TypeError("the program of a web_hook was not read at the start");
  return createPrepareRequest(config, (ctx) => runFunction(engine, program, ctx));
};

/**
 * `web_hook`: asks or tells another server (docs/hooks.md). Where the answer is
 * parsed or may interrupt, and at every sign-in, that happens before the change
 * is written; otherwise after it. Where the answer is ignored it is queued with
 * the change and delivered in the background.
 */
export const webHook =
  (deps: WebHookDeps): HookFactory =>
  (raw, place) => {
    const config = readWebHookConfig(raw);
    if (!("url" in config)) throw new TypeError("a web_hook was not checked at the start");
    return createHook(config, raw ?? {}, place, deps);
  };

const createHook = (config: WebHookConfig, raw: JsonObject, place: HookPlace, deps: WebHookDeps): Hook => {
  const { contexts, enqueue, hasSchema, log, send } = deps;
  const prepare = createRequests(config, deps);
  const name = config.id ?? new URL(config.url).host;

  const headersOf = ({ call }: BeforeContext): Readonly<Record<string, string>> => ({
    ...outgoingHeaders(call),
    "ory-webhook-request-id": call.requestId,
    "ory-webhook-trigger-id": uuid4(),
  });

  const failed = (reason: string, timeout = false): ServiceError => {
    log.warn({ hook: name, flow: place.flow, reason }, "a web hook failed");
    return serviceError(timeout ? "UPSTREAM_TIMED_OUT" : "UPSTREAM_FAILED", {
      explain: timeout
        ? "A server that is asked about this did not answer in time."
        : "A server that is asked about this cannot be reached, or did not answer rightly.",
    });
  };

  /** @throws UPSTREAM_FAILED, UPSTREAM_TIMED_OUT */
  const deliver = async (context: BeforeContext | ChangeContext, signal?: AbortSignal): Promise<Delivered> => {
    const prepared = await prepare(contexts.of(context), headersOf(context));
    if (prepared.kind === "cancelled") return prepared;
    if (prepared.kind === "failed") throw failed(prepared.reason);
    const answer = await send(prepared.request, signal);
    if (answer.kind !== "answered") throw failed(answer.reason, answer.kind === "timeout");
    return answer;
  };

  /** Why the receiver refuses; undefined: it does not. @throws UPSTREAM_FAILED */
  const refusalOf = (answer: Delivered): HookRejected | undefined => {
    if (answer.kind === "cancelled" || isSuccess(answer.status)) return undefined;
    const messages = config.canInterrupt || config.parsesResponse ? readMessages(answer.text) : undefined;
    if (messages === undefined || answer.status < 400) throw failed(`it answered ${answer.status}`);
    return { kind: "rejected", messages };
  };

  const revisionOf = (answer: Delivered): HookRevised | undefined => {
    if (answer.kind === "cancelled" || !config.parsesResponse || answer.status !== 200) return undefined;
    const revision = readRevision(answer.text, { flow: place.flow, hasSchema });
    if (typeof revision === "string") throw failed(revision);
    return revision && { kind: "revised", revision };
  };

  const queue = async (sql: Sql | undefined, context: BeforeContext | ChangeContext): Promise<void> =>
    enqueue(sql, {
      config: raw,
      ctx: contexts.of(context),
      headers: headersOf(context),
      identityId: "identity" in context ? context.identity.id : undefined,
    });

  if (place.when === "before")
    return {
      before: async (context) => {
        if (config.ignoresResponse) return queue(undefined, context);
        const refused = refusalOf(await deliver(context, context.call.signal));
        if (refused)
          throw serviceError("FLOW_REFUSED", { explain: refused.messages.map(({ text }) => text.text).join(" ") });
      },
    };
  if (config.ignoresResponse)
    return {
      order: "queued",
      inTransaction: (tx, context) => queue(tx, context),
      afterCommit: async () => {
        deps.wake();
        return [];
      },
    };
  if (config.canInterrupt || config.parsesResponse || place.flow === "login")
    return {
      beforePersist: async (context) => {
        const answer = await deliver(context, context.call.signal);
        return refusalOf(answer) ?? revisionOf(answer);
      },
    };
  return {
    afterCommit: async (context) => {
      refusalOf(await deliver(context));
      return [];
    },
  };
};

const isSuccess = (status: number): boolean => status >= 200 && status < 300;
