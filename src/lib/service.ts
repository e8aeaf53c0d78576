import type {
  DescMethod,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageShape,
} from "@bufbuild/protobuf";
import type { Call, Received } from "./call.ts";

/** An RPC before the pipeline wraps it. */
export interface Rpc<M extends DescMethod> {
  readonly run: (request: MessageShape<M["input"]>, call: Call) => Promise<MessageShape<M["output"]>>;
  /** Where a browser without a session signs in; left out, it gets the error page. */
  readonly signIn?: (request: MessageShape<M["input"]>, call: Call) => string | undefined;
  /** For what another site's page posts to on purpose. */
  readonly anySite?: boolean;
  /** For what lets whoever calls in: no page of another site makes a browser call it, with or without cookies. */
  readonly signsIn?: boolean;
}

/** An RPC whose requests are a stream, before the pipeline wraps it. */
export interface ReceivingRpc<M extends DescMethod> {
  /** Returns its answer in parts. It reads no faster than the parts are asked for. */
  readonly receive: (
    requests: AsyncIterable<Received<MessageShape<M["input"]>>>,
    call: Call,
  ) => AsyncIterable<MessageShape<M["output"]>>;
  /** Adds a part to what the parts before it make, for protocols that have one answer. */
  readonly merge: (
    sum: MessageShape<M["output"]> | undefined,
    part: MessageShape<M["output"]>,
  ) => MessageShape<M["output"]>;
}

/** An RPC whose answers are a stream, before the pipeline wraps it. */
export interface SendingRpc<M extends DescMethod> {
  /**
   * Returns its answers; each is asked for once the one before was read. It ends soon after the signal of the call is
   * aborted. What it adds to the reply of the call before the first answer goes with that.
   */
  readonly send: (request: MessageShape<M["input"]>, call: Call) => AsyncIterable<MessageShape<M["output"]>>;
}

/** Every RPC of a service, by its local name. */
export type Rpcs<S extends DescService> = {
  readonly [K in keyof S["method"]]: S["method"][K] extends DescMethodUnary<infer I, infer O>
    ? Rpc<DescMethodUnary<I, O>>
    : S["method"][K] extends DescMethodClientStreaming<infer I, infer O>
      ? ReceivingRpc<DescMethodClientStreaming<I, O>>
      : S["method"][K] extends DescMethodServerStreaming<infer I, infer O>
        ? SendingRpc<DescMethodServerStreaming<I, O>>
        : never;
};

/** A service and its implementation, as data. */
export interface ServiceDefinition {
  readonly service: DescService;
  readonly rpcs: Readonly<Record<string, AnyRpc>>;
}

type AnyRpc = Rpc<DescMethod> | ReceivingRpc<DescMethod> | SendingRpc<DescMethod>;

/** Pairs a service with its RPCs; a missing one does not compile. */
export const defineService = <S extends DescService>(service: S, rpcs: Rpcs<S>): ServiceDefinition => ({
  service,
  rpcs: rpcs as Readonly<Record<string, AnyRpc>>,
});
