/** How events reach other servers and operators. */
export interface EventsConfig {
  /** Whether events get a place in the stream that operators watch. */
  readonly stream: { readonly enabled: boolean };
  readonly delivery: {
    /** Milliseconds for a request and its answer. */
    readonly timeout: number;
    /** Requests at once to one receiver, on each node. 0: others deliver. */
    readonly concurrency: number;
  };
  readonly receivers: readonly ReceiverConfig[];
}

/** A server that receives events. */
export interface ReceiverConfig {
  /** Lower-case letters, digits and `_`. */
  readonly name: string;
  readonly url: string;
  /** Names of types, or the beginnings of names followed by `*`. */
  readonly types: readonly string[];
  readonly format: "ostiary" | "cloudevents";
  /** `whsec_…` signs with HMAC (v1), `whsk_…` with Ed25519 (v1a). All of them sign. */
  readonly secrets: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds before each further attempt. */
  readonly retry: readonly number[];
}
