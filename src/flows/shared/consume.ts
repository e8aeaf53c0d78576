import type { Sql } from "../../db/sql.ts";
import { type Consume, type Rejected, rejected } from "../../methods/contract/result.ts";
import { messages, uiText } from "../../ui/messages.ts";

/** A single-use token was consumed by another request. */
export const alreadyConsumed: Rejected = rejected([
  { node: "", text: uiText(messages.invalid, { reason: "This was used already. Please start again." }) },
]);

/** Rolls a transaction back whose single-use token was consumed by another request. */
export class AlreadyConsumed extends Error {
  override readonly name = "AlreadyConsumed";
}

/** Consumes a single-use token, if there is one. @throws AlreadyConsumed */
export const consumeOrThrow = async (tx: Sql, consume: Consume | undefined): Promise<void> => {
  if (consume && !(await consume(tx))) throw new AlreadyConsumed("used already");
};
