import { lookup as systemLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { Agent, Client, type Dispatcher } from "undici";
import { type AddressPolicy, admits, hostnameOf } from "./address-policy.ts";
import { createConnector } from "./connector.ts";
import { toResponse } from "./to-response.ts";

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

/**
 * Sends a request and returns the answer as soon as its headers are there. Follows no redirect.
 *
 * @throws AddressRefused; the reason of the signal; Error with a `code` where no answer came, or one that is not HTTP
 */
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

/** Milliseconds for a connection. An attempt whose request has ended meanwhile ends by this. */
const CONNECT_MS = 10_000;

/**
 * Creates the way to other servers, on undici. A name is resolved once for
 * each connection, every address of it is checked, and the connection goes to
 * one of those: what the name resolves to a moment later does not matter. A
 * connection that is used again was made under the same policy. Idle
 * connections end after some seconds and do not hold up the end of the process.
 */
export const createOutboundFetch = ({ lookup = systemLookup }: OutboundOptions = {}): OutboundFetch => {
  const routes = {
    any: createRoute("any", lookup),
    public: createRoute("public", lookup),
    private: createRoute("private", lookup),
  };

  return async (text, request) => {
    const { method, policy, reuse = false, signal } = request;
    const url = new URL(text);
    const hostname = hostnameOf(url);
    // Nothing is looked up for a host that is an address already.
    if (isIP(hostname) !== 0 && !admits(policy, hostname)) throw new AddressRefused(hostname, policy);
    const route = routes[policy];
    // What may happen once only goes over a connection of its own: an idle one may just be closing.
    if (!reuse && method !== "GET" && method !== "HEAD") return route.sendAlone(url, request);
    try {
      return await send(route.shared, url, request);
    } catch (error) {
      if (reuse && !signal.aborted && route.wasClosing(error)) return route.sendAlone(url, request);
      throw error;
    }
  };
};

const createRoute = (policy: AddressPolicy, lookup: typeof systemLookup) => {
  const { connect, wasClosing } = createConnector({ lookup: checkedLookup(policy, lookup), timeout: CONNECT_MS });
  return {
    shared: new Agent({ connect }),
    wasClosing,
    /** Over a connection that is made for it and closed after its answer. */
    sendAlone: async (url: URL, request: OutboundRequest): Promise<Response> => {
      const client = new Client(url.origin, { connect, pipelining: 0 });
      try {
        const response = await send(client, url, request);
        // Waits for the rest of the answer.
        client.close(() => undefined);
        return response;
      } catch (error) {
        client.destroy(() => undefined);
        throw error;
      }
    },
  };
};

const send = async (dispatcher: Dispatcher, url: URL, request: OutboundRequest): Promise<Response> => {
  const { method, headers = {}, body, signal } = request;
  signal.throwIfAborted();
  const answer = dispatcher.request({
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method: method as Dispatcher.HttpMethod,
    headers: {
      ...(url.username !== "" && { authorization: basicOf(url) }),
      ...(body instanceof URLSearchParams && { "content-type": "application/x-www-form-urlencoded;charset=UTF-8" }),
      ...headers,
    },
    body: body?.toString() ?? null,
    signal,
  });
  return toResponse(await orAborted(answer, signal));
};

/** undici does not look at the signal of a request that waits for its connection. */
const orAborted = async <T>(answer: Promise<T>, signal: AbortSignal): Promise<T> => {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([answer, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
};

const basicOf = ({ username, password }: URL): string =>
  `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString("base64")}`;

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
