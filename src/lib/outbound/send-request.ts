import { startDeadline } from "../deadline.ts";
import type { AddressRules } from "./address-rules.ts";
import { AddressRefused, type OutboundFetch } from "./outbound-fetch.ts";
import { readBody } from "./read-body.ts";

/** A request to a receiver. Plain data. */
export interface ReceiverRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** What came of a request. `reason` is for the log: no URL, no secret. */
export type ReceiverAnswer =
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly text: string;
      readonly retryAfter: string | undefined;
    }
  | { readonly kind: "timeout"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string };

/** Sends a request and reads its whole answer. Never throws, but for the reason of `signal`. */
export type SendRequest = (request: ReceiverRequest, signal?: AbortSignal) => Promise<ReceiverAnswer>;

/** What sending needs. */
export interface SendRequestDeps {
  readonly fetch: OutboundFetch;
  readonly rules: AddressRules;
  /** Milliseconds for the request and its answer. */
  readonly timeout: number;
  /** Bytes of an answer. */
  readonly limit: number;
}

/**
 * Creates what sends requests to receivers: over connections that stay open,
 * to addresses that `clients.http` admits, with a time limit and an answer of
 * limited size. No redirect is followed.
 */
export const createSendRequest =
  ({ fetch, rules, timeout, limit }: SendRequestDeps): SendRequest =>
  async ({ url, method, headers, body }, signal) => {
    const policy = rules.policyOf(new URL(url), true);
    if (policy === undefined) return { kind: "failed", reason: "plain http to the public Internet is not asked" };
    const deadline = startDeadline(timeout, signal);
    try {
      const response = await fetch(url, {
        method,
        headers,
        ...(body !== undefined && { body }),
        signal: deadline.signal,
        policy,
        reuse: true,
      });
      const read = await readBody(response, limit);
      if (read === undefined) return { kind: "failed", reason: `the answer is larger than ${limit} bytes` };
      const retryAfter = response.headers.get("retry-after") ?? undefined;
      return { kind: "answered", status: response.status, text: read.toString("utf8"), retryAfter };
    } catch (error) {
      signal?.throwIfAborted();
      if (deadline.isOver()) return { kind: "timeout", reason: `no answer within ${timeout} ms` };
      if (error instanceof AddressRefused) return { kind: "failed", reason: "its address is not admitted" };
      return { kind: "failed", reason: `no connection (${(error as NodeJS.ErrnoException).code ?? "network error"})` };
    } finally {
      deadline.end();
    }
  };
