import { randomUUID } from "node:crypto";
import type { DescMethod, DescMethodServerStreaming, Message } from "@bufbuild/protobuf";
import { ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import type { FastifyInstance } from "fastify";
import { scope as scopeOption } from "../../../gen/ostiary/options/v1/options_pb.ts";
import { ServiceError } from "../../errors/service-error.ts";
import type { Protocol } from "../../lib/call.ts";
import type { SendingRpc } from "../../lib/service.ts";
import type { LockedRoute } from "../admin-lock/lock-port.ts";
import type { LoggedCall } from "../call-log.ts";
import { compileFieldRules } from "../field-rules.ts";
import { optionOf } from "../option-of.ts";
import type { ProcedureDeps } from "../procedure.ts";
import { rpcName } from "../rpc-name.ts";
import { toFailure } from "../to-failure.ts";
import { toConnectError } from "./to-connect-error.ts";

/** An RPC of operators whose answers are a stream. */
export interface BoundSending {
  readonly method: DescMethodServerStreaming;
  readonly send: SendingRpc<DescMethodServerStreaming>["send"];
  readonly deps: Pick<ProcedureDeps, "callLog" | "callLimit">;
}

/**
 * Adds an RPC whose answers are a stream to the routes of the library, which asks
 * for the next answer once the one before was read. Who may call it is
 * up to the lock of the port; see `lockSending`.
 */
export const routeSending =
  ({ method, send, deps }: BoundSending) =>
  (router: ConnectRouter): void => {
    const { callLimit, callLog } = deps;
    const record = callLog.of(rpcName(method));
    const mustSatisfyRules = compileFieldRules(method.input);
    const mapError = toFailure({ rpc: rpcName(method), callLog });

    async function* answer(request: Message, context: HandlerContext): AsyncGenerator<Message> {
      const startedAt = performance.now();
      const call = callOf(context);
      const leave = callLimit.enter();
      let failure: Parameters<typeof record>[2];
      try {
        if (!leave) throw overloaded();
        mustSatisfyRules(request as never);
        yield* send(request as never, context.signal) as AsyncIterable<Message>;
      } catch (error) {
        const { logged, thrown } = mapError(error, { ...call, signal: context.signal } as never, () => undefined);
        failure = logged;
        throw thrown instanceof ServiceError ? toConnectError(thrown) : thrown;
      } finally {
        record(call, startedAt, failure);
        leave?.();
      }
    }
    router.rpc(method, answer as never);
  };

/** Has the lock of the port ask for the scope of each such RPC. */
export const lockSending = (scope: FastifyInstance, methods: readonly DescMethod[]): void => {
  const scopes = new Map(methods.map((method) => [`/${rpcName(method)}`, optionOf(method, scopeOption)]));
  scope.addHook("onRoute", (route) => {
    const wanted = scopes.get(route.url);
    if (wanted !== undefined) route.config = { ...route.config, scope: wanted } satisfies LockedRoute;
  });
};

const overloaded = (): Error => new ConnectError("too much work at once", 8);

const callOf = ({ protocolName, requestHeader }: HandlerContext): LoggedCall => ({
  protocol: protocolName as Protocol,
  port: "admin",
  requestId: requestHeader.get("x-request-id") ?? randomUUID(),
  headers: Object.fromEntries(requestHeader),
});
