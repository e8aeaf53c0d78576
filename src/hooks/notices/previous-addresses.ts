import type { FindConfigFault, Hook, HookFactory, WrittenContext } from "../phases.ts";
import {
  createNotifyPrevious,
  hasOtherAddresses,
  type PreviousAddressesDeps,
  type Recipients,
} from "./notify-previous.ts";

const known: readonly Recipients[] = ["removed", "all_verified", "all"];

/** What is wrong with the `config` of the hook; undefined when nothing is. */
export const findRecipientsFault: FindConfigFault = (config) => {
  const { recipients = "removed", ...others } = config ?? {};
  const [stray] = Object.keys(others);
  if (stray !== undefined) return `${stray} is no key of notify_previous_addresses`;
  return known.some((one) => one === recipients)
    ? undefined
    : `recipients must be ${known.slice(0, -1).join(", ")} or ${known.at(-1)}`;
};

/**
 * `notify_previous_addresses`: whoever had an address before hears that it was
 * changed. One that was verified gets a link that undoes the change, once and
 * within some time; until then nobody else may have the address
 * (docs/addresses.md).
 */
export const notifyPreviousAddresses =
  (deps: PreviousAddressesDeps): HookFactory =>
  (config) =>
    createPreviousAddressNotices(deps, known.find((one) => one === config?.recipients) ?? "removed");

/** The same as a hook that follows every change; `skips` says of which changes the configured list tells itself. */
export const createPreviousAddressNotices = (
  deps: PreviousAddressesDeps,
  recipients: Recipients | "removed_and_verified",
  skips: (context: WrittenContext) => boolean = () => false,
): Hook => {
  const notifyPrevious = createNotifyPrevious(deps, recipients);
  return {
    // What the others of the list write comes first.
    order: "last",
    inTransaction: async (tx, context) => {
      const { previous } = context;
      if (previous !== undefined && !skips(context)) await notifyPrevious(tx, { ...context, previous });
    },
    afterCommit: async ({ previous, identity }) => {
      if (previous !== undefined && hasOtherAddresses(previous, identity)) deps.courier.wake();
      return undefined;
    },
  };
};
