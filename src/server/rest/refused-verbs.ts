import findMyWay from "find-my-way";
import { overlap } from "./port-routes.ts";

/** The verbs that the protocol looks at; it has no route for any other. */
export const verbs = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const;

/** Verbs of which a path that has none of them says which it has. */
const answered: readonly string[] = [...verbs, "OPTIONS"];

/** Verbs by the pattern of their path; a pattern of the other port has none. */
export type VerbsByPattern = ReadonlyMap<string, readonly string[]>;

/**
 * The patterns that need routes which refuse: for each verb of another pattern that would answer in its place, as
 * `/identities/:p0` would answer `GET /identities/import`. A pattern of the other port has one route at least, so that
 * its first segment is known (route-path.ts).
 */
export const refusedVerbs = (verbsByPattern: VerbsByPattern): ReadonlyMap<string, readonly string[]> => {
  const all = [...verbsByPattern].map(([pattern, own]) => ({ pattern, own, segments: pattern.split("/") }));
  const open = all.filter(({ pattern, own }) => own.length > 0 && pattern.includes(":"));
  const refused = new Map<string, readonly string[]>();
  for (const { pattern, own, segments } of all) {
    const others = open.filter((other) => other.pattern !== pattern && overlap(segments, other.segments));
    const verbsOfOthers = new Set(others.flatMap((other) => other.own).filter((verb) => !own.includes(verb)));
    if (verbsOfOthers.size > 0) refused.set(pattern, [...verbsOfOthers]);
    else if (own.length === 0) refused.set(pattern, ["GET"]);
  }
  return refused;
};

/**
 * The paths that patterns have where their last parameter is empty, as `/schemas/` is of `/schemas/:p0`: nothing is
 * there.
 */
export const withoutLastParameter = (patterns: Iterable<string>): readonly string[] =>
  [...patterns]
    .filter((pattern) => LAST_PARAMETER.test(pattern))
    .map((pattern) => pattern.replace(LAST_PARAMETER, "/"));

const LAST_PARAMETER = /\/:[^/]*$/;

/**
 * The verbs of a path that has a route beside the protocol, as health checks have, for a request that none of them
 * takes. Undefined: there is none, or one that answers this verb found nothing.
 */
export const verbsBeside = (
  hasRoute: (verb: (typeof verbs)[number], path: string) => boolean,
  verb: string,
  url: string,
): readonly string[] | undefined => {
  if (!answered.includes(verb)) return undefined;
  const path = url.split(/[?#]/, 1)[0] ?? url;
  const own: readonly string[] = verbs.filter((each) => hasRoute(each, path));
  return own.length === 0 || own.includes(verb) ? undefined : own;
};

/**
 * Creates the search for the verbs of a path, for a request that no route takes. Undefined: the path is unknown, or of
 * the other port, or the verb is one that no path has.
 */
export const createFindVerbs = (
  verbsByPattern: VerbsByPattern,
): ((verb: string, url: string) => readonly string[] | undefined) => {
  let found: findMyWay.Instance<findMyWay.HTTPVersion.V1> | undefined;
  // Built for the first such request, not at the start.
  const router = () => {
    if (found !== undefined) return found;
    found = findMyWay({ maxParamLength: Number.MAX_SAFE_INTEGER });
    for (const [pattern, own] of verbsByPattern) found.on("GET", pattern, () => undefined, own);
    return found;
  };
  return (verb, url) => {
    if (!answered.includes(verb)) return undefined;
    const own = router().find("GET", url)?.store as readonly string[] | undefined;
    return own?.length ? own : undefined;
  };
};
