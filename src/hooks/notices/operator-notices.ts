import type { Sql } from "../../db/sql.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { Call } from "../../lib/call.ts";
import { createNotifyPrevious, type PreviousAddressesDeps } from "./notify-previous.ts";

/** A change of somebody by an operator. */
interface OperatorChange {
  readonly before: IdentityRecord;
  readonly after: IdentityRecord;
  readonly call: Call;
  /** False: the message has no link that undoes the change. It is sent in any case. */
  readonly isUndoable: boolean;
}

/**
 * Creates the messages to whoever had the addresses that an operator changes: that passes no flow
 * (docs/addresses.md).
 */
export const createOperatorNotices = (deps: PreviousAddressesDeps) => {
  const notifyPrevious = createNotifyPrevious(deps, "removed_and_verified");
  return {
    /** Queues them, in the transaction of the change and after the person is written. */
    notify: (tx: Sql, { before, after, call, isUndoable }: OperatorChange): Promise<void> =>
      notifyPrevious(tx, {
        call,
        flow: { requestUrl: call.url },
        identity: after,
        previous: before,
        transientPayload: undefined,
        isUndoable,
      }),
    /** Has them sent, once the change is committed. */
    wake: (): void => deps.courier.wake(),
  };
};
