import type { IncomingHttpHeaders } from "node:http";

/**
 * How well a media type is asked for: its weight, then how exactly it is named (2 exactly, 1 by its family, 0 as
 * anything).
 */
interface Fit {
  readonly q: number;
  readonly exactness: number;
}

const none: Fit = { q: 0, exactness: -1 };
const weight = /^q=((?:0|1)(?:\.\d{0,3})?)$/i;

// Clients send the same few headers over and over.
const answers = new Map<string, boolean>();
const maxCachedAnswers = 256;
const maxCachedLength = 512;

/** True when `Accept` prefers JSON to HTML; a tie, and nothing that fits, is HTML. */
export const acceptsJson = (headers: IncomingHttpHeaders): boolean => {
  const accept = headers.accept ?? "";
  if (accept === "application/json") return true;
  if (accept === "") return false;
  const known = answers.get(accept);
  if (known !== undefined) return known;
  const answer = prefersJson(accept);
  if (accept.length <= maxCachedLength) {
    if (answers.size >= maxCachedAnswers) answers.clear();
    answers.set(accept, answer);
  }
  return answer;
};

/** The same, or a body that is declared as nothing but JSON. */
export const isJson = (headers: IncomingHttpHeaders): boolean =>
  headers["content-type"] === "application/json" || acceptsJson(headers);

const prefersJson = (accept: string): boolean => {
  let html = none;
  let json = none;
  for (const range of accept.split(",")) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const q = weightOf(parameters);
    html = better(html, { q, exactness: exactness(type, "text") }, type === "text/html");
    json = better(json, { q, exactness: exactness(type, "application") }, type === "application/json");
  }
  return json.q > html.q || (json.q === html.q && json.exactness > html.exactness);
};

const weightOf = (parameters: readonly string[]): number => {
  const given = parameters.find((parameter) => parameter.startsWith("q="));
  if (given === undefined) return 1;
  // A weight that cannot be read asks for nothing.
  return Number(weight.exec(given)?.[1] ?? 0);
};

const exactness = (type: string, family: string): number => {
  if (type === "*/*") return 0;
  return type === `${family}/*` ? 1 : -1;
};

const better = (best: Fit, range: Fit, exact: boolean): Fit => {
  const fit = exact ? { q: range.q, exactness: 2 } : range;
  if (fit.exactness < 0 || fit.q === 0) return best;
  return fit.q > best.q || (fit.q === best.q && fit.exactness > best.exactness) ? fit : best;
};
