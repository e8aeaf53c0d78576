import type { ReadableMessage, RenderedMessage } from "../render.ts";

/** How an attempt to deliver a message ended. */
export type DeliveryResult =
  | { readonly kind: "sent" }
  | {
      readonly kind: "failed";
      /** For the operator: never what the message says, nor what another server says of it. */
      readonly reason: string;
      /** Whether trying again is useless. */
      readonly isPermanent: boolean;
      /** Milliseconds to wait at least, where the other server asked for it. */
      readonly after?: number;
    };

/** Sends messages of one channel. */
export interface Delivery {
  /** Delivers a message, or says why not. Ends soon after `signal` is aborted. */
  deliver(message: ReadableMessage, rendered: RenderedMessage, signal: AbortSignal): Promise<DeliveryResult>;
  /** Ends its connections. */
  close(): void;
}

/** An attempt that failed and may do better another time. */
export const failedFor = (reason: string): DeliveryResult => ({ kind: "failed", reason, isPermanent: false });
