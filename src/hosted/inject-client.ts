import type { FastifyInstance } from "fastify";
import type { FetchApi } from "./api.ts";

/** Statuses that `Response` takes no body with. */
const bodiless = new Set([204, 205, 304]);

/**
 * Creates the client that calls the API of the very process, through its HTTP
 * routes but not through a socket.
 *
 * @param app the Fastify app that the REST protocol is mounted on
 */
export const createInjectClient =
  (app: Pick<FastifyInstance, "inject">): FetchApi =>
  async (path, { method, headers, body, remoteAddress }) => {
    const answer = await app.inject({
      method,
      url: path,
      headers,
      ...(body !== undefined && { payload: body }),
      remoteAddress,
    });
    const said = new Headers();
    for (const [name, value] of Object.entries(answer.headers)) {
      for (const line of Array.isArray(value) ? value : [value])
        if (line !== undefined) said.append(name, String(line));
    }
    return new Response(bodiless.has(answer.statusCode) ? null : answer.payload, {
      status: answer.statusCode,
      headers: said,
    });
  };
