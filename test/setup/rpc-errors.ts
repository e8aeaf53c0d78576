import { type DescMethod, getOption } from "@bufbuild/protobuf";
import { type Reason, ReasonSchema } from "../../gen/ostiary/errors/v1/errors_pb.ts";
import { common_errors, rpc_errors } from "../../gen/ostiary/errors/v1/rpc_errors_pb.ts";

import type { ObservedError } from "./observed-errors.ts";
import { protoMethods } from "./proto-image.ts";

/** The reasons that an RPC lists, as the log writes them: `FLOW_EXPIRED`. */
export interface ListedErrors {
  /** In its own option. */
  readonly own: ReadonlySet<string>;
  /** In the option of its service. */
  readonly common: ReadonlySet<string>;
}

const nameOf = (reason: Reason): string => ReasonSchema.value[reason]?.localName ?? String(reason);

/** Reads which errors an RPC lists. */
export const rpcErrors = (method: DescMethod): ListedErrors => ({
  own: new Set(getOption(method, rpc_errors).reasons.map(nameOf)),
  common: new Set(getOption(method.parent, common_errors).reasons.map(nameOf)),
});

/** Every error that some RPC lists: of its own, or of its service. */
export const listedErrors = (): ReadonlySet<ObservedError> =>
  new Set(
    protoMethods.flatMap((method) => {
      const { own, common } = rpcErrors(method);
      return [...own, ...common].map((reason) => `${method.parent.typeName}/${method.name} ${reason}`);
    }),
  );

/** An error that an RPC lists and that no test reaches. */
interface Unreached {
  readonly reason: string;
  /** Full names; left out, every RPC that lists it. */
  readonly rpcs?: readonly string[];
  readonly why: string;
}

/**
 * What a whole run should have reached and did not, and what is said to be
 * unreached (test/contract/unreached-errors.json) and was reached after all. An
 * error that all RPCs of a service have in common needs one RPC to reach it.
 */
export const missedErrors = (observed: ReadonlySet<ObservedError>, accepted: readonly Unreached[]): string[] => {
  const faults: string[] = [];
  const reasonsSeen = new Set([...observed].map((each) => each.split(" ")[1]));
  const excuses = new Map(accepted.map((each) => [each, 0]));
  const missed = (rpc: string, reason: string) => {
    const excuse = accepted.find(
      (each) => each.reason === reason && (each.rpcs === undefined || each.rpcs.includes(rpc)),
    );
    if (excuse) excuses.set(excuse, (excuses.get(excuse) ?? 0) + 1);
    else faults.push(`${rpc} lists ${reason}, and no test reaches it`);
  };
  for (const method of protoMethods) {
    const rpc = `${method.parent.typeName}/${method.name}`;
    const { own, common } = rpcErrors(method);
    for (const reason of own) if (!observed.has(`${rpc} ${reason}`)) missed(rpc, reason);
    for (const reason of common) if (!reasonsSeen.has(reason)) missed(rpc, reason);
  }
  for (const [{ reason, rpcs }, uses] of excuses)
    if (uses < (rpcs?.length ?? 1))
      faults.push(`${reason} is reached, or not listed any more: take it out of test/contract/unreached-errors.json`);
  return faults;
};
