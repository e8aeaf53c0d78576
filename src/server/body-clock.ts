import type { NodeRequest } from "../lib/intake.ts";

/** Since when the server waits for the next piece of a body, in the time of `performance.now()`. */
interface BodyClock {
  /** Undefined while it does not wait: it has not yet done with what came. */
  waitingSince: number | undefined;
}

const clocks = new WeakMap<object, BodyClock>();

/** What is timed: over HTTP/2 the stream, which the server knows before there is a request. */
const timed = (request: NodeRequest): object => ("stream" in request ? request.stream : request);

/** Has the time limit of a body hold for each of its pieces, instead of for all of it. */
export const timePieces = (request: NodeRequest): BodyClock => {
  const clock: BodyClock = { waitingSince: performance.now() };
  clocks.set(timed(request), clock);
  return clock;
};

/** Since when a body is waited for that has begun then; undefined: it is not waited for now. */
export const waitedSince = (body: object, began: number): number | undefined => {
  const clock = clocks.get(body);
  return clock === undefined ? began : clock.waitingSince;
};
