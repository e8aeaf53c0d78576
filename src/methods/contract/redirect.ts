import type { JsonObject } from "@bufbuild/protobuf";
import type { Call } from "../../lib/call.ts";
import type { Rejected } from "./result.ts";

/*
 * Redirects to another site and their callbacks (RFC 6749, section 4.1). The
 * method knows where to redirect and what a callback is worth; the flow stores
 * the state in between and knows who was redirected.
 */

/** The browser must be redirected to another site, which calls back: a sign-in provider. */
export interface RedirectRequest {
  readonly kind: "redirect";
  /** @param state unguessable; the callback brings it back, and it finds what was stored */
  begin(state: string): Promise<Redirect | Rejected>;
}

/** A redirect to another site. */
export interface Redirect {
  readonly kind: "redirect";
  /** Absolute URL. */
  readonly location: string;
  /** What `handleCallback` needs. The flow stores it on the server, encrypted. */
  readonly redirectState: JsonObject;
}

/** The parameters of a callback, by name. */
export type CallbackParams = Readonly<Record<string, string>>;

/** A callback that holds, as plain data: it may wait, encrypted, until a native app fetches its result. */
export interface CallbackResult {
  readonly kind: "callback";
  readonly callbackData: JsonObject;
}

/** Reads callbacks: slow, and without a person. The flow's method makes something of the result by `complete`. */
export interface CallbackHandler {
  handleCallback(redirectState: JsonObject, params: CallbackParams, call: Call): Promise<CallbackResult | Rejected>;
}

/** What a native app completes with: the code of its flow, and the one that its browser came back with. */
export interface ExchangeCodes {
  readonly initCode: string;
  readonly returnToCode: string;
}
