import type { JsonObject } from "@bufbuild/protobuf";
import type { Call } from "../../lib/call.ts";
import type { Rejected } from "./result.ts";

/*
 * What is proven elsewhere: the method sends the person away, and the flow
 * remembers for it until they come back. The method knows where to, and what
 * the answer is worth; the flow knows who went and to what end.
 */

/**
 * The browser must go elsewhere and will come back with an answer: to a sign-in
 * provider, say. The flow keeps what the method must remember meanwhile, on the
 * server and encrypted.
 */
export interface RedirectRequest {
  readonly kind: "redirect";
  /** @param state unguessable; what comes back with the answer and leads here again */
  begin(state: string): Promise<Redirect | Rejected>;
}

/** Where to, and what to remember until the answer comes. */
export interface Redirect {
  readonly kind: "redirect";
  readonly location: string;
  readonly redirectState: JsonObject;
}

/** The answer that a browser came back with, by the names of its parameters. */
export type CallbackParams = Readonly<Record<string, string>>;

/** An answer that holds, as plain data: it may wait, encrypted, until an app fetches it. */
export interface CallbackResult {
  readonly kind: "callback";
  readonly callbackData: JsonObject;
}

/** Reads answers from elsewhere: slow, and without a person. What comes of it is the flow's `arrive`. */
export interface CallbackHandler {
  handleCallback(redirectState: JsonObject, answer: CallbackParams, call: Call): Promise<CallbackResult | Rejected>;
}

/** What a native app completes with: the code of its flow, and that which its browser came back with. */
export interface ExchangeCodes {
  readonly initCode: string;
  readonly returnToCode: string;
}
