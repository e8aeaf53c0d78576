import type { ContinueWith } from "../../gen/ostiary/ui/v1/ui_pb.ts";

/* What an answer tells a client to do next, read by hand like the rest of `seen.ts`. */

/** One thing to do next. */
export interface SeenNext {
  readonly action: string;
  /** The flow to show. */
  readonly flow?: SeenNextFlow;
}

interface SeenNextFlow {
  readonly id: string;
  /** Of a verification flow. */
  readonly verifiableAddress?: string;
  /** Its page: for browsers. */
  readonly url?: string;
}

interface JsonNext {
  readonly action: string;
  readonly flow?: { readonly id: string; readonly verifiable_address?: string; readonly url?: string };
}

/** Reads what REST prints as `continue_with`. */
export const nextOfJson = (json: unknown): readonly SeenNext[] =>
  ((json ?? []) as readonly JsonNext[]).map(({ action, flow }) => ({
    action,
    ...(flow && { flow: nextFlow(flow.id, flow.verifiable_address, flow.url) }),
  }));

/** The name of an action, as REST prints it. */
export const actionOf = ({ next }: ContinueWith): string =>
  (next.case ?? "").replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Reads what Connect and gRPC carry. */
export const nextOfMessages = (list: readonly ContinueWith[]): readonly SeenNext[] =>
  list.map((each) => {
    const { value } = each.next;
    const flow = value && "flow" in value ? value.flow : undefined;
    return {
      action: actionOf(each),
      ...(flow && { flow: nextFlow(flow.id, flow.verifiableAddress, flow.url) }),
    };
  });

const nextFlow = (id: string, address: string | undefined, url: string | undefined): SeenNextFlow => ({
  id,
  ...(address !== undefined && { verifiableAddress: address }),
  ...(url !== undefined && { url }),
});
