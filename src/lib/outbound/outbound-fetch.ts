import { lookup as systemLookup } from "node:dns";
import * as http from "node:http";
import * as https from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { type AddressPolicy, admits, hostnameOf } from "./address-policy.ts";

/** A request to another server. */
export interface OutboundRequest {
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | URLSearchParams;
  /** Ends the request and the reading of its answer. */
  readonly signal: AbortSignal;
  readonly policy: AddressPolicy;
  /**
   * Whether a request that is not repeatable may go over a connection that is open already. If that turns out to be
   * closing, the request is sent again over a fresh one, so that a receiver may see it twice.
   */
  readonly reuse?: boolean;
}

/** Sends a request and gives the answer as soon as its headers are there. Follows no redirect. */
export type OutboundFetch = (url: string, request: OutboundRequest) => Promise<Response>;

/** A host has an address that the policy does not admit; no connection was made. */
export class AddressRefused extends Error {
  override readonly name = "AddressRefused";
  readonly code = "EADDRREFUSED";

  constructor(hostname: string, policy: AddressPolicy) {
    super(policy === "public" ? `${hostname} is in a private network` : `${hostname} is on the public Internet`);
  }
}

/** What a test may put in the place of the system's resolver. */
export interface OutboundOptions {
  readonly lookup?: typeof systemLookup;
}

/**
 * Creates the way to other servers, on node:http. A name is resolved once for
 * each connection, every address of it is checked, and the connection goes to
 * one of those: what the name resolves to a moment later does not matter. A
 * connection that is used again was made under the same policy.
 */
export const createOutboundFetch = ({ lookup = systemLookup }: OutboundOptions = {}): OutboundFetch => {
  const routes = {
    any: createRoute("any", lookup),
    public: createRoute("public", lookup),
    private: createRoute("private", lookup),
  };

  const fetch: OutboundFetch = (text, sent) => {
    const { method, headers = {}, body, signal, policy, reuse = false } = sent;
    const url = new URL(text);
    const hostname = hostnameOf(url);
    // Nothing is looked up for a host that is an address already.
    if (isIP(hostname) !== 0 && !admits(policy, hostname)) return Promise.reject(new AddressRefused(hostname, policy));
    const route = routes[policy];
    const isTls = url.protocol === "https:";
    return new Promise((resolve, reject) => {
      const options: https.RequestOptions = {
        method,
        headers: {
          ...(body instanceof URLSearchParams && { "content-type": "application/x-www-form-urlencoded;charset=UTF-8" }),
          ...headers,
        },
        signal,
        lookup: route.lookup,
        // What may happen once only goes over a connection of its own: an idle one may just be closing.
        agent: reuse || method === "GET" || method === "HEAD" ? route[isTls ? "tls" : "plain"] : false,
      };
      const request = isTls ? https.request(url, options) : http.request(url, options);
      request.on("response", (answer) => resolve(toResponse(answer, signal)));
      request.on("error", (error: NodeJS.ErrnoException) => {
        if (signal.aborted) return reject(signal.reason);
        if (reuse && request.reusedSocket && error.code === "ECONNRESET")
          return resolve(fetch(text, { ...sent, reuse: false }));
        return reject(error);
      });
      request.end(body?.toString());
    });
  };
  return fetch;
};

const createRoute = (policy: AddressPolicy, lookup: typeof systemLookup) => ({
  lookup: checkedLookup(policy, lookup),
  plain: new http.Agent({ keepAlive: true }),
  tls: new https.Agent({ keepAlive: true }),
});

/** Looks a host up, and refuses one that has an address which the policy does not admit. */
export const checkedLookup =
  (policy: AddressPolicy, lookup: typeof systemLookup = systemLookup): LookupFunction =>
  (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      const [first] = found ?? [];
      if (error !== null || first === undefined) return callback(error ?? new Error(`${hostname} has no address`), []);
      if (!found.every(({ address }) => admits(policy, address)))
        return callback(new AddressRefused(hostname, policy), []);
      return options.all === true ? callback(null, found) : callback(null, first.address, first.family);
    });
  };

const toResponse = (answer: http.IncomingMessage, signal: AbortSignal): Response => {
  const status = answer.statusCode ?? 0;
  const headers = new Headers();
  for (let at = 0; at + 1 < answer.rawHeaders.length; at += 2)
    headers.append(answer.rawHeaders[at] ?? "", answer.rawHeaders[at + 1] ?? "");
  if (status === 204 || status === 205 || status === 304) {
    answer.resume();
    return new Response(null, { status, headers });
  }
  return new Response(ReadableStream.from(bytesOf(answer, signal)) as ReadableStream<Uint8Array>, { status, headers });
};

/** The body. One that the signal ended ends with its reason. */
async function* bytesOf(answer: http.IncomingMessage, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of answer) yield chunk as Buffer;
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
}
