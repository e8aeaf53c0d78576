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
