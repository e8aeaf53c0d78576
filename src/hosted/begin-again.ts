import { type Answer, goTo } from "./answer.ts";
import { type PageKind, queryText } from "./api-urls.ts";
import { plainPage } from "./failed-page.ts";
import type { Visit } from "./visit.ts";

/*
 * A form that belongs to another browser, or to one that has lost its
 * anti-CSRF cookie, is replaced by a new one. A browser that refuses cookies
 * would go in circles that way: the new form is as foreign to it as the old
 * one. So a cookie counts the rounds, and a parameter says that there must be
 * such a cookie.
 */

/** Replaces forms, and gives up when that leads nowhere. */
export interface BeginAgain {
  /** For a form that the API does not show to this browser: off to a new one. */
  readonly next: (kind: PageKind, visit: Visit, returnTo: string | undefined) => Answer;
  /** On the way there: why it would be no use; undefined when it may go on. */
  readonly stopped: (kind: PageKind, visit: Visit) => Answer | undefined;
}

const rounds = 3;
/** Seconds after which a round is forgotten. */
const roundMaxAge = 30;

/**
 * Creates the replacement of forms, which counts its rounds in a cookie.
 *
 * @param secureCookies false only in development, over plain HTTP
 */
export const createBeginAgain = (secureCookies: boolean): BeginAgain => {
  const name = secureCookies ? "__Host-hosted_rounds" : "hosted_rounds";
  const past = (visit: Visit): number | undefined => {
    const text = visit.cookie(name);
    return text !== undefined && /^\d$/.test(text) ? Number(text) : undefined;
  };
  return {
    next: (kind, visit, returnTo) => {
      const round = Math.min((past(visit) ?? 0) + 1, 9);
      const cookie =
        `${name}=${round}; Path=/; Max-Age=${roundMaxAge}; HttpOnly; ` +
        `SameSite=Lax${secureCookies ? "; Secure" : ""}`;
      return goTo(`${kind}${queryText({ round: String(round), return_to: returnTo })}`, [cookie]);
    },
    stopped: (kind, visit) => {
      if (visit.param("round") === undefined) return undefined;
      const done = past(visit);
      if (done !== undefined && done <= rounds) return undefined;
      return {
        kind: "page",
        status: 400,
        page: plainPage(visit.texts, done === undefined ? "cookies" : "rounds", kind, "error.try_again"),
        cookies: [],
      };
    },
  };
};
