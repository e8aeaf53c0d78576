import type { DescMessage, DescMethodUnary, MessageShape } from "@bufbuild/protobuf";
import type { Call, Procedure } from "../lib/call.ts";
import type { Clock } from "../lib/clock.ts";
import { createAccessCheck } from "./access-check.ts";
import { type AnswerOnceDeps, createAnswerOnce } from "./answer-once.ts";
import type { CallLimit } from "./call-limit.ts";
import type { CallLog } from "./call-log.ts";
import { compileFieldRules } from "./field-rules.ts";
import { overloaded } from "./overloaded.ts";
import { rpcName } from "./rpc-name.ts";
import { toFailure } from "./to-failure.ts";

/** What all procedures share. */
export interface ProcedureDeps {
  readonly callLog: CallLog;
  readonly callLimit: CallLimit;
  readonly clock: Clock;
  /** Whether the call presents a session, live or not: the flow finds that out in a read of its own. */
  readonly credential: (call: Call) => boolean;
  /** Whether an `Origin` belongs to a site that the configuration names. */
  readonly trustedOrigin: (origin: string) => boolean;
  /** Has requests that carry an id done once; left out, ids are passed over. */
  readonly repeats?: AnswerOnceDeps | undefined;
  /** Aborted once the server stops: answers that are streams end then. Left out, it never does. */
  readonly stopping?: AbortSignal | undefined;
}

/** What `createProcedure` needs. */
export interface ProcedureOptions<I extends DescMessage, O extends DescMessage> {
  readonly method: DescMethodUnary<I, O>;
  /** The implementation. It throws ServiceError for what it decides; anything else thrown is INTERNAL. */
  readonly run: (request: MessageShape<I>, call: Call) => Promise<MessageShape<O>>;
  /** Where a browser signs in before it may make this call. Must not throw. */
  readonly signIn?: ((request: MessageShape<I>, call: Call) => string | undefined) | undefined;
  /** For what another site's page posts to on purpose: a provider's callback. */
  readonly anySite?: boolean | undefined;
  /** For what lets whoever calls in. */
  readonly signsIn?: boolean | undefined;
  readonly deps: ProcedureDeps;
}

/**
 * Wraps the implementation of an RPC into what every protocol calls: log and trace
 * → limits → access → field rules → run → map errors.
 *
 * The procedure throws nothing but ServiceError, or the reason of the call's
 * signal when the client is gone or out of time.
 *
 * @throws Error at once, when the RPC does not say who may call it
 */
export const createProcedure = <I extends DescMessage, O extends DescMessage>(
  options: ProcedureOptions<I, O>,
): Procedure<MessageShape<I>, MessageShape<O>> => {
  const { method, run, signIn, deps } = options;
  const { callLog, callLimit } = deps;
  const record = callLog.of(rpcName(method));
  const mustBeAllowed = createAccessCheck({ ...options, ...deps });
  const mustSatisfyRules = compileFieldRules(method.input);
  const answerOnce = deps.repeats && createAnswerOnce(method, deps.repeats);
  const mapError = toFailure({ rpc: rpcName(method), callLog });

  return async (request, call) => {
    const startedAt = performance.now();
    const leave = callLimit.enter();
    try {
      if (!leave) throw overloaded();
      mustBeAllowed(call);
      mustSatisfyRules(request);
      const answer = await (answerOnce ? answerOnce(request, call, run) : run(request, call));
      record(call, startedAt);
      return answer;
    } catch (error) {
      const failure = mapError(error, call, () => signIn?.(request, call));
      record(call, startedAt, failure.logged);
      throw failure.thrown;
    } finally {
      leave?.();
    }
  };
};
