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

/** What a whole run showed of the errors that RPCs list. */
export interface MissedErrors {
  /** Listed, and reached by no test. */
  readonly missed: readonly string[];
  /** Accepted as unreached, and reached after all or listed no more. */
  readonly reached: readonly string[];
}

/**
 * Compares what a whole run reached with what the RPCs list, but for what
 * test/contract/unreached-errors.json says is unreached. An error that all RPCs
 * of a service have in common needs one RPC to reach it.
 */
export const missedErrors = (observed: ReadonlySet<ObservedError>, accepted: readonly Unreached[]): MissedErrors => {
  const missed: string[] = [];
  const reasonsSeen = new Set([...observed].map((each) => each.split(" ")[1]));
  const uses = new Map<Unreached, string[]>(accepted.map((each) => [each, []]));
  const miss = (rpc: string, reason: string) => {
    const entry = accepted.find((each) => each.reason === reason && (each.rpcs?.includes(rpc) ?? true));
    if (entry) uses.get(entry)?.push(rpc);
    else missed.push(`${rpc} lists ${reason}, and no test reaches it`);
  };
  for (const method of protoMethods) {
    const rpc = `${method.parent.typeName}/${method.name}`;
    const { own, common } = rpcErrors(method);
    for (const reason of own) if (!observed.has(`${rpc} ${reason}`)) miss(rpc, reason);
    for (const reason of common) if (!reasonsSeen.has(reason)) miss(rpc, reason);
  }
  const reached = [...uses].flatMap(([{ reason, rpcs }, used]) =>
    rpcs === undefined
      ? used.length === 0
        ? [`${reason} is reached everywhere`]
        : []
      : rpcs.filter((rpc) => !used.includes(rpc)).map((rpc) => `${rpc} reaches ${reason}`),
  );
  return { missed, reached };
};
