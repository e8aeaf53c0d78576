import { Code, ConnectError } from "@connectrpc/connect";
import { type ServiceError, serviceError } from "../errors/service-error.ts";
import type { NodeRequest } from "../lib/intake.ts";
import type { BodyBudget, BodyShare } from "./body-budget.ts";
import { dropRest } from "./drop-rest.ts";
import { overloaded } from "./overloaded.ts";

/** How much of a body is read. */
export interface Allowance {
  /** Bytes, as far as was asked. A plain member: accessors of single objects live until the next full collection. */
  bytes: number;
  /** Asks whether the caller may send more. @throws BODY_TOO_LARGE, SESSION_INACTIVE */
  readonly widen: () => Promise<void>;
}

/** What `readBody` needs to know. */
export interface ReadBodyOptions {
  readonly allowance: Allowance;
  readonly budget: BodyBudget;
  readonly network: string;
  /** Bytes that the body may be longer than its message. */
  readonly room: number;
}

/** A body, and what it takes of the budget. */
export interface ReadBody {
  readonly data: Buffer;
  readonly share: BodyShare;
}

const smallest = 4_096;

/** What has been read of a body before it comes. */
const nothing = Buffer.alloc(0);

/**
 * Reads a body whole, into one buffer that grows with what has come: neither a
 * length that was announced nor many small pieces take more than was sent. How
 * long it may take is the listener's business.
 *
 * @throws BODY_TOO_LARGE, SESSION_INACTIVE, OVERLOADED as soon as it is known;
 *   the rest is dropped
 * @throws ConnectError when the client is gone
 */
export const readBody = (
  request: NodeRequest,
  { allowance, budget, network, room }: ReadBodyOptions,
): Promise<ReadBody> =>
  new Promise((resolve, reject) => {
    let data: Buffer = nothing;
    let [size, over, ended] = [0, false, false];
    /** What came while it was asked whether there may be more: a stream may have more on its way when it is paused. */
    let waiting: Buffer[] | undefined;
    const share = budget.open(network, () => stop(overloaded()));

    const onData = (chunk: Buffer) => {
      if (waiting !== undefined) waiting.push(chunk);
      else if (size + chunk.length <= allowance.bytes + room) take(chunk);
      else ask([chunk]);
    };
    const ask = (chunks: Buffer[]) => {
      waiting = chunks;
      request.pause();
      allowance.widen().then(() => {
        const came = waiting ?? [];
        waiting = undefined;
        for (const chunk of came) if (!over) onData(chunk);
        if (over || waiting !== undefined) return;
        if (ended) onEnd();
        else request.resume();
      }, stop);
    };
    /** Has a buffer that the next piece fits into; the first piece is mostly the only one, and stays as it is. */
    const makeRoom = (chunk: Buffer): boolean => {
      const needed = size + chunk.length;
      if (needed <= data.length) return true;
      const most = allowance.bytes + room;
      const capacity =
        size === 0 ? chunk.length : Math.max(needed, Math.min(Math.max(2 * data.length, smallest), most));
      if (!share?.grow(capacity - data.length)) return false;
      const larger = size === 0 ? chunk : enlarged(data, size, capacity);
      data = larger ?? data;
      return larger !== undefined;
    };
    const take = (chunk: Buffer) => {
      if (!makeRoom(chunk)) return stop(overloaded());
      if (size > 0) chunk.copy(data, size);
      size += chunk.length;
    };
    const onEnd = () => {
      ended = true;
      if (waiting !== undefined) return;
      over = true;
      share?.settle();
      resolve({ data: data.subarray(0, size), share: share as BodyShare });
    };
    // A listener that is called after the body has ended does nothing: removing it costs more than leaving it.
    // Each request is closed in the end, and an error costs its stack.
    const onGone = () => {
      if (!over) stop(new ConnectError("the client is gone", Code.Canceled));
    };
    const leave = () => {
      over = true;
      request.off("data", onData).off("end", onEnd).off("error", onGone).off("close", onGone);
    };
    const stop = (error: unknown) => {
      if (over) return;
      leave();
      share?.close();
      dropRest(request);
      reject(error);
    };

    if (share === undefined) return stop(overloaded());
    request.on("error", onGone).on("close", onGone);
    const listen = () => {
      if (!over) request.on("data", onData).on("end", onEnd);
    };
    // A length that is announced is judged before anything is read.
    const announced = Number(request.headers["content-length"]);
    const isTooMuch = () => announced > allowance.bytes + room;
    if (isTooMuch()) allowance.widen().then(() => (isTooMuch() ? stop(tooLarge(allowance.bytes)) : listen()), stop);
    else listen();
  });

/**
 * The same bytes with room for more; undefined where the system has no memory for them: what a listener throws ends the
 * process.
 */
const enlarged = (data: Buffer, size: number, capacity: number): Buffer | undefined => {
  try {
    const larger = Buffer.allocUnsafeSlow(capacity);
    data.copy(larger, 0, 0, size);
    return larger;
  } catch {
    return undefined;
  }
};

/** A message over the limit. */
export const tooLarge = (bytes: number): ServiceError =>
  serviceError("BODY_TOO_LARGE", { explain: `The message is larger than ${bytes} bytes.` });
