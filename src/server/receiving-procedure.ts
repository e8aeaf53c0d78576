import type { DescMessage, DescMethod, MessageShape } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { ServiceError } from "../errors/service-error.ts";
import type { Call, Received, ReceivingProcedure } from "../lib/call.ts";
import { createAccessCheck } from "./access-check.ts";
import { compileFieldRules } from "./field-rules.ts";
import { overloaded } from "./overloaded.ts";
import type { ProcedureDeps } from "./procedure.ts";
import { rpcName } from "./rpc-name.ts";
import { toFailure } from "./to-failure.ts";

/** What `createReceivingProcedure` needs. */
export interface ReceivingProcedureOptions<I extends DescMessage, O extends DescMessage> {
  readonly method: DescMethod & { readonly input: I; readonly output: O };
  /** The implementation. It throws ServiceError for what ends the call; anything else thrown is INTERNAL. */
  readonly receive: (requests: AsyncIterable<Received<MessageShape<I>>>, call: Call) => AsyncIterable<MessageShape<O>>;
  readonly deps: ProcedureDeps;
}

type Usable<I> = Extract<Received<I>, { readonly kind: "message" }>;

/**
 * Wraps the implementation of an RPC whose requests are a stream into what every protocol calls, as `createProcedure`
 * does for the others. The rules of fields hold for each message on its own: one that breaks them is given on as
 * unusable.
 *
 * @throws Error at once, when the RPC does not say who may call it
 */
export const createReceivingProcedure = <I extends DescMessage, O extends DescMessage>(
  options: ReceivingProcedureOptions<I, O>,
): ReceivingProcedure<MessageShape<I>, MessageShape<O>> => {
  const { method, receive, deps } = options;
  const { callLog, callLimit } = deps;
  const record = callLog.of(rpcName(method));
  const mustBeAllowed = createAccessCheck({ ...options, ...deps });
  const mustSatisfyRules = compileFieldRules(method.input);
  const mapError = toFailure({ rpc: rpcName(method), callLog });

  async function* checked(
    requests: AsyncIterable<Received<MessageShape<I>>>,
  ): AsyncGenerator<Received<MessageShape<I>>> {
    for await (const received of requests) yield received.kind === "message" ? check(received) : received;
  }
  const check = (received: Usable<MessageShape<I>>): Received<MessageShape<I>> => {
    try {
      mustSatisfyRules(received.message);
      return received;
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      return { kind: "unusable", error, message: received.message };
    }
  };

  return async function* procedure(requests, call) {
    const startedAt = performance.now();
    const leave = callLimit.enter();
    let failure: Parameters<typeof record>[2];
    let isWhole = call.method === "HEAD";
    try {
      if (!leave) throw overloaded();
      mustBeAllowed(call);
      yield* receive(checked(requests), call);
      isWhole ||= !call.signal.aborted;
    } catch (error) {
      const { thrown, logged } = mapError(error, call, () => undefined);
      failure = logged;
      throw thrown;
    } finally {
      // Of an answer that nobody reads on, nothing is thrown here.
      record(call, startedAt, failure ?? (isWhole ? undefined : Code.Canceled));
      leave?.();
    }
  };
};
