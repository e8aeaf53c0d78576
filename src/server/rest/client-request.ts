import type { FastifyRequest } from "fastify";
import { createClientAddress } from "../client-address.ts";
import { unambiguousUrl } from "./query.ts";

/** Where a request came from and what it was addressed to. */
export interface ClientRequest {
  /** Absolute URL as the client wrote it, in a form that every reader takes apart alike. */
  readonly url: string;
  /** IP address of the client. */
  readonly remoteAddress: string;
}

/** Creates the function that returns the client of a request. */
export const createClientRequestOf = (config: {
  readonly base_url: string;
  readonly trusted_proxies: readonly string[];
}): ((request: FastifyRequest) => ClientRequest) => {
  const addressOf = createClientAddress(config.trusted_proxies);
  const ownHost = new URL(config.base_url).host;

  return (request) => {
    const { ip: remoteAddress, proto, host } = addressOf(request.raw);
    return {
      url: `${proto}://${host || ownHost}${unambiguousUrl(request.originalUrl)}`,
      remoteAddress,
    };
  };
};
