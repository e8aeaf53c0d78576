import type { JsonObject } from "@bufbuild/protobuf";
import { digestOf, isSameDigest } from "../../lib/digest.ts";
import { randomToken } from "../../lib/ids.ts";
import { type FlowRecord, returnToContext, returnToOf } from "../shared/flow.ts";

/*
 * A native app that sends a person to a provider through the system browser gets one code when it creates the flow and
 * another one when the browser returns. Only who has both fetches the result.
 */

/** Member of a flow's context with the digest of the code that its app has. */
const EXCHANGE = "exchange";
const INIT_LENGTH = 64;

/** Makes the code of a native app's flow, and the context of the flow with its digest. */
export const newExchangeCode = (): { readonly code: string; readonly context: JsonObject } => {
  const code = randomToken(INIT_LENGTH);
  return { code, context: { [EXCHANGE]: digestOf(code) } };
};

/** Whether a code is the one that the flow's app got. */
export const isExchangeCodeOf = ({ context }: Pick<FlowRecord, "context">, code: string): boolean =>
  isSameDigest(context[EXCHANGE], digestOf(code));

/** Whether the app of this flow has a code to fetch a session with. */
export const hasExchangeCode = ({ context }: Pick<FlowRecord, "context">): boolean =>
  typeof context[EXCHANGE] === "string";

/** The part of a flow's context that a flow in its place gets as well: where it ends, and the code of its app. */
export const sameEnd = ({ context }: Pick<FlowRecord, "context">): JsonObject => ({
  ...returnToContext(returnToOf({ context })),
  ...(context[EXCHANGE] !== undefined && { [EXCHANGE]: context[EXCHANGE] }),
});
