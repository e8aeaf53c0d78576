import type { FastifyRequest } from "fastify";
import { type Api, createApi, type FetchApi } from "./api.ts";

/** One browser's request for a page. */
export interface Visit {
  readonly api: Api;
  /** A parameter of the address; of repeated ones the first. */
  readonly param: (name: string) => string | undefined;
  /** A cookie, as the browser sent it. */
  readonly cookie: (name: string) => string | undefined;
}

/** Reads a request. */
export const createVisit = (fetchApi: FetchApi, request: FastifyRequest): Visit => {
  const { searchParams } = new URL(request.originalUrl, "http://page.invalid");
  return {
    api: createApi(fetchApi, request),
    param: (name) => searchParams.get(name) || undefined,
    cookie: (name) => {
      for (const pair of (request.headers.cookie ?? "").split(";")) {
        const [given = "", value = ""] = pair.trim().split("=", 2);
        if (given === name) return value;
      }
      return undefined;
    },
  };
};
