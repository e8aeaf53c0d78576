import { type DescMessage, type DescMethod, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { serviceError } from "../errors/service-error.ts";
import type { Call, SendingProcedure } from "../lib/call.ts";
import { createAccessCheck } from "./access-check.ts";
import { LAST_WORD_MS } from "./cut-off.ts";
import { compileFieldRules } from "./field-rules.ts";
import { overloaded } from "./overloaded.ts";
import type { ProcedureDeps } from "./procedure.ts";
import { createReadingPace } from "./reading-pace.ts";
import { rpcName } from "./rpc-name.ts";
import { toFailure } from "./to-failure.ts";

/** What `createSendingProcedure` needs. */
export interface SendingProcedureOptions<I extends DescMessage, O extends DescMessage> {
  readonly method: DescMethod & { readonly input: I; readonly output: O };
  /** The implementation. It throws ServiceError for what ends the call; anything else thrown is INTERNAL. */
  readonly send: (request: MessageShape<I>, call: Call) => AsyncIterable<MessageShape<O>>;
  readonly deps: ProcedureDeps;
}

/**
 * Wraps the implementation of an RPC whose answers are a stream into what every protocol calls, as `createProcedure`
 * does for the others. A client that reads too slowly is cut off (reading-pace.ts). Once the server stops, an answer
 * ends with UNAVAILABLE, through every protocol: what was sent until then is not all. A client that does not read
 * that is cut off.
 *
 * @throws Error at once, when the RPC does not say who may call it
 */
export const createSendingProcedure = <I extends DescMessage, O extends DescMessage>(
  options: SendingProcedureOptions<I, O>,
): SendingProcedure<MessageShape<I>, MessageShape<O>> => {
  const { method, send, deps } = options;
  const { callLog, callLimit, stopping } = deps;
  const record = callLog.of(rpcName(method));
  const mustBeAllowed = createAccessCheck({ ...options, ...deps });
  const mustSatisfyRules = compileFieldRules(method.input);
  const mapError = toFailure({ rpc: rpcName(method), callLog });

  const hasStopped = (): boolean => stopping?.aborted === true;

  return async function* procedure(request, call) {
    const startedAt = performance.now();
    const leave = callLimit.enter();
    let failure: Parameters<typeof record>[2];
    let isWhole = call.method === "HEAD";
    const onLate = (): void => {
      failure = serviceError("UNAVAILABLE", { explain: "The answer was read too slowly." });
      call.cut?.();
    };
    const pace = createReadingPace({ onLate });
    const signal = stopping ? AbortSignal.any([call.signal, stopping]) : call.signal;
    let lastWord: NodeJS.Timeout | undefined;
    const onEnd = (): void => {
      if (hasStopped()) lastWord = setTimeout(() => call.cut?.(), LAST_WORD_MS);
    };
    signal.addEventListener("abort", onEnd, { once: true });
    try {
      if (!leave) throw overloaded();
      mustBeAllowed(call);
      mustSatisfyRules(request);
      for await (const message of send(request, { ...call, signal })) {
        const isRead = pace.offer(toBinary(method.output, message).length);
        try {
          yield message;
        } finally {
          isRead();
        }
      }
      if (hasStopped()) throw stops();
      isWhole ||= !call.signal.aborted;
    } catch (error) {
      const { thrown, logged } = mapError(hasStopped() ? stops() : error, call, () => undefined);
      failure = logged;
      throw thrown;
    } finally {
      signal.removeEventListener("abort", onEnd);
      clearTimeout(lastWord);
      // Of an answer that nobody reads on, nothing is thrown here.
      record(call, startedAt, failure ?? (isWhole ? undefined : Code.Canceled));
      leave?.();
    }
  };
};

const stops = () => serviceError("UNAVAILABLE", { explain: "The server stops.", headers: { "retry-after": "1" } });
