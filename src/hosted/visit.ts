import { parseCookie } from "cookie";
import type { FastifyRequest } from "fastify";
import { type Api, createApi, type FetchApi } from "./api.ts";
import { chooseLanguage, languageCookie } from "./language.ts";
import { type Texts, textsOf } from "./texts.ts";

/** One browser's request for a page. */
export interface Visit {
  readonly api: Api;
  /** The texts in the language of this visit. */
  readonly texts: Texts;
  /** The page's own address, relative to the pages. */
  readonly here: string;
  /** A parameter of the address; of repeated ones the first. */
  readonly param: (name: string) => string | undefined;
  /** A cookie; of several of one name the first. */
  readonly cookie: (name: string) => string | undefined;
}

/** Reads a request, whatever its target is: error pages are made of it as well. */
export const createVisit = (fetchApi: FetchApi, request: FastifyRequest): Visit => {
  // What begins with two slashes would be a host to `new URL`, and often none that it can read.
  const target = request.originalUrl.replace(/^\/*/, "/");
  const { pathname, search, searchParams } = new URL(`http://page.invalid${target}`);
  const cookies = parseCookie(request.headers.cookie ?? "");
  const cookie = (name: string): string | undefined => cookies[name];
  return {
    api: createApi(fetchApi, request),
    texts: textsOf(chooseLanguage(cookie(languageCookie), request.headers["accept-language"])),
    here: `${pathname.split("/").at(-1) ?? ""}${search}`,
    param: (name) => searchParams.get(name) || undefined,
    cookie,
  };
};
