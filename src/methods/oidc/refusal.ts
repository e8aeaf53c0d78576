/** Why a provider's answer is refused. */
export type RefusalReason =
  /** The person said no, or the provider did. */
  | "denied"
  /** The provider reports an error of its own or in how it was asked. */
  | "provider_error"
  /** The provider cannot be reached, or not in time. */
  | "unavailable"
  /** The provider, or what is configured of it, is not as it should be. */
  | "misconfigured"
  /** The answer is not to the question that was asked: state, or another provider's. */
  | "state"
  | "issuer"
  /** There is no code, or it is not good any more. */
  | "no_code"
  | "code"
  /** The ID token: missing, unreadable, or one of its checks. */
  | "no_id_token"
  | "malformed"
  | "algorithm"
  | "signature"
  | "audience"
  | "expired"
  | "issued_at"
  | "nonce"
  /** What is said of the person cannot be used. */
  | "claims"
  /** The tokens are longer than what is stored of a link. */
  | "tokens";

/** A refused answer. Nothing is written then. */
export interface Refused {
  readonly kind: "refused";
  readonly reason: RefusalReason;
  /** For the log: what was wrong, without tokens, codes and claims. */
  readonly explain: string;
}

/** Creates a refusal. */
export const refused = (reason: RefusalReason, explain: string): Refused => ({ kind: "refused", reason, explain });

/** What is no answer of a provider at all: a request that is not made, or comes back too large. */
export class ProviderFetchError extends Error {
  override readonly name = "ProviderFetchError";
  readonly reason: "unavailable" | "misconfigured";

  constructor(reason: "unavailable" | "misconfigured", message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = reason;
  }
}
