import { setTimeout as sleep } from "node:timers/promises";
import { type AddressPolicy, hostnameOf } from "../../lib/outbound/address-policy.ts";
import { type AddressRules, createAddressRules } from "../../lib/outbound/address-rules.ts";
import { AddressRefused, createOutboundFetch, type OutboundFetch } from "../../lib/outbound/outbound-fetch.ts";
import { readBody } from "../../lib/outbound/read-body.ts";
import { ProviderFetchError } from "./refusal.ts";

/** What is asked of a provider. */
export interface ProviderRequest {
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | URLSearchParams | undefined;
  /**
   * Hosts that the configuration names for this provider. Any other was named by the provider itself, and must be
   * public.
   */
  readonly configuredHosts?: ReadonlySet<string>;
}

/** Asks a provider. */
export interface ProviderFetch {
  /** Always comes back within its time, with the whole body read. @throws ProviderFetchError */
  (url: string, request: ProviderRequest): Promise<Response>;
  /** Whether a URL may be asked, or a person be sent there: over TLS, or plain HTTP within a private network. */
  readonly isSafe: (url: string) => boolean;
}

/** The network, and what it may take. */
export interface ProviderFetchOptions {
  readonly fetch?: OutboundFetch;
  /** Where connections may go. */
  readonly rules?: AddressRules;
  /** Milliseconds for one try, body included. */
  readonly timeout?: number;
  /** Milliseconds between the tries. */
  readonly pause?: number;
  /** Bytes of an answer. */
  readonly limit?: number;
}

/** Failures in which nothing has reached the server: even what must happen once may be tried again. */
const notSent = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/**
 * Creates the function for requests to providers: to the hosts that the
 * configuration names, or public ones, over TLS (plain HTTP within private
 * networks only), with a time limit, an answer of limited size, no
 * redirects, and one more try when the connection failed or, for a request
 * that may be repeated, the server did. A request that timed out is not
 * repeated, because the person is waiting.
 */
export const createProviderFetch = (options: ProviderFetchOptions = {}): ProviderFetch => {
  const {
    fetch: send = createOutboundFetch(),
    rules = createAddressRules(),
    timeout = 5000,
    pause = 100,
    limit = 1_048_576,
  } = options;

  const once = async (
    url: string,
    { method, headers, body }: ProviderRequest,
    policy: AddressPolicy,
  ): Promise<Response> => {
    const signal = AbortSignal.timeout(timeout);
    const response = await send(url, {
      method,
      signal,
      policy,
      ...(headers && { headers: { ...headers } }),
      ...(body !== undefined && { body }),
    });
    const bytes = await readBody(response, limit);
    if (bytes === undefined) throw new ProviderFetchError("unavailable", `the answer is larger than ${limit} bytes`);
    return new Response(hasNoBody(response.status) ? null : bytes, {
      status: response.status,
      statusText: response.statusText,
      headers: response.headers,
    });
  };

  const ask = async (url: string, request: ProviderRequest): Promise<Response> => {
    const policy = policyOf(url, request.configuredHosts);
    const repeatable = request.method === "GET" || request.method === "HEAD";
    try {
      const response = await once(url, request, policy);
      if (response.status < 500 || !repeatable) return response;
    } catch (error) {
      if (!mayRepeat(error, repeatable)) throw unreachable(url, error);
    }
    await sleep(pause);
    try {
      return await once(url, request, policy);
    } catch (error) {
      throw unreachable(url, error);
    }
  };

  const policyOf = (text: string, configuredHosts: ReadonlySet<string> | undefined): AddressPolicy => {
    const url = URL.parse(text);
    const policy = url === null ? undefined : rules.policyOf(url, configuredHosts?.has(hostnameOf(url)) ?? false);
    if (policy === undefined)
      throw new ProviderFetchError(
        "misconfigured",
        "only https:// is asked, and http:// at a configured host of a private network",
      );
    return policy;
  };

  return Object.assign(ask, { isSafe: rules.isSafe });
};

const mayRepeat = (error: unknown, repeatable: boolean): boolean => {
  if (error instanceof ProviderFetchError || error instanceof AddressRefused || isTimeout(error)) return false;
  return repeatable || notSent.has(codeOf(error));
};

const isTimeout = (error: unknown): boolean =>
  error instanceof Error && (error.name === "TimeoutError" || error.name === "AbortError");

const codeOf = (error: unknown): string => {
  const { cause, code } = error as { readonly cause?: unknown; readonly code?: unknown };
  if (typeof code === "string") return code;
  return typeof cause === "object" && cause !== null ? codeOf(cause) : "";
};

/** Names the host, never the query: a code or a secret may stand there. */
const unreachable = (url: string, error: unknown): ProviderFetchError => {
  if (error instanceof ProviderFetchError) return error;
  if (error instanceof AddressRefused)
    return new ProviderFetchError("misconfigured", `${error.message}, and the configuration does not name it`, error);
  const why = isTimeout(error) ? "did not answer in time" : `cannot be reached (${codeOf(error) || "network error"})`;
  return new ProviderFetchError("unavailable", `${new URL(url).host} ${why}`, error);
};

const hasNoBody = (status: number): boolean => status === 204 || status === 205 || status === 304;
