import type { FastifyRequest } from "fastify";
import type { Answer } from "./answer.ts";
import { plainPage } from "./failed-page.ts";
import type { Visit } from "./visit.ts";

/* What all forms of the pages' own have in common: they are accepted from the pages alone. */

/** The answer to a form that another site sent. */
export const foreign = ({ texts }: Visit): Answer => ({
  kind: "page",
  status: 403,
  page: plainPage(texts, "403", "./", "back_to_start"),
  cookies: [],
});

/**
 * Whether a form was sent by a page of this site. Browsers say so in
 * `Sec-Fetch-Site`, older ones in `Origin`; what says neither is not believed.
 */
export const isFromPage = ({ headers }: FastifyRequest, origin: string): boolean => {
  const site = headers["sec-fetch-site"];
  return site === undefined ? headers.origin === origin : site === "same-origin";
};

/** The fields of a form. */
export const readForm = (body: unknown): URLSearchParams => new URLSearchParams(typeof body === "string" ? body : "");

/** A page of ours to go back to: one name with its parameters, or the start. */
export const placeOf = (back: string | null): string =>
  back !== null && /^[a-z-]+(?:\?[\w.~%&=+:@!$'()*,;/?-]*)?$/i.test(back) ? back : "./";
