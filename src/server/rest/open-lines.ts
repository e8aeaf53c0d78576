import { Readable } from "node:stream";
import type { Message } from "@bufbuild/protobuf";
import { ServiceError, serviceError } from "../../errors/service-error.ts";
import type { Call } from "../../lib/call.ts";
import { errorObject } from "./error-object.ts";

/** How the parts of an answer become lines. */
export interface LinesOptions {
  /** Returns the text of a part: whole lines, or nothing. */
  readonly print: (part: Message) => string;
  readonly call: Pick<Call, "signal">;
  /** Stands in the error that ends an answer. */
  readonly requestId: string | string[] | undefined;
}

/**
 * Begins an answer of lines, and gives what it is read from. An error before the first part is thrown, so that it can
 * be answered as everywhere; one that comes later is the last line. However the reading ends, the parts end with it: at
 * once, in the middle or after the last line, also where nobody ever read. It is the one place in server/ that steps
 * what others produce by hand: a generator that waits at its `yield`, or was not begun, ends nothing by itself.
 *
 * @throws ServiceError
 */
export const openLines = async (
  answer: AsyncIterable<Message>,
  { print, call, requestId }: LinesOptions,
): Promise<Readable> => {
  const parts = answer[Symbol.asyncIterator]();
  const first = await parts.next();

  async function* lines(): AsyncGenerator<string> {
    try {
      for (let part = first; part.done !== true; part = await parts.next()) {
        const text = print(part.value);
        if (text !== "") yield text;
      }
    } catch (error) {
      // Nobody hears it.
      if (call.signal.aborted) return;
      const failure = error instanceof ServiceError ? error : serviceError("INTERNAL");
      yield `${JSON.stringify({ error: errorObject(failure, requestId) })}\n`;
    }
  }
  return Readable.from(lines(), { objectMode: false }).once("close", () => {
    parts.return?.().catch(() => undefined);
  });
};
