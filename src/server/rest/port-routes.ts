import type { Route } from "./http-rule.ts";

/** Which paths a port answers, and where it sends what belongs to the other. */
export interface PortRoutes {
  /** The routes of this port by the pattern they are registered with. */
  readonly routes: ReadonlyMap<string, readonly Route[]>;
  /**
   * Patterns of the other port that must be sent there before a parameter of ours swallows them, and one more of each
   * first segment, so that the port knows the segment (route-path.ts). What is no route is sent there as well.
   */
  readonly notHere: readonly string[];
  /** Where a path that is not answered here belongs; undefined: nowhere. */
  readonly otherPort: (url: string) => string | undefined;
}

/** The routes of both ports, as seen from one of them. */
export interface PortRoutesDeps {
  readonly port: "public" | "admin";
  /** Base URL of the other port; undefined: nobody is sent there. */
  readonly otherBaseUrl: string | undefined;
  readonly here: readonly Route[];
  readonly there: readonly Route[];
}

const prefix = "/admin";

/**
 * Works out the paths of a port. The admin port answers with and without
 * `/admin`, and sends whatever lies beside a public path to the public port;
 * the public port sends everything under `/admin` to the admin port, if its
 * address is for others to know.
 */
export const createPortRoutes = ({ port, otherBaseUrl, here, there }: PortRoutesDeps): PortRoutes => {
  const routes = new Map<string, Route[]>();
  for (const route of here) {
    for (const pattern of port === "admin" ? spellings(route.path.pattern) : [route.path.pattern]) {
      const others = routes.get(pattern);
      if (others === undefined) routes.set(pattern, [route]);
      else others.push(route);
    }
  }
  const base = otherBaseUrl?.replace(/\/+$/, "");
  const beside = new Set(there.map((route) => firstSegment(route.path.pattern)));
  const foreign = port === "admin" ? there.flatMap((route) => spellings(route.path.pattern)) : [];
  const ours = [...routes.keys()].map((pattern) => pattern.split("/"));
  const begun = new Set([...routes.keys()].map(firstSegment));
  const notHere = foreign.filter((pattern) => {
    if (routes.has(pattern)) return false;
    const isFirst = !begun.has(firstSegment(pattern));
    begun.add(firstSegment(pattern));
    const segments = pattern.split("/");
    return isFirst || ours.some((others) => overlap(segments, others));
  });
  return {
    routes,
    notHere: [...new Set(notHere)],
    otherPort: (url) => {
      if (base === undefined) return undefined;
      const isPrefixed = url === prefix || url.startsWith(`${prefix}/`) || url.startsWith(`${prefix}?`);
      if (port === "public") return isPrefixed ? base + url : undefined;
      const path = isPrefixed ? url.slice(prefix.length) : url;
      return beside.has(firstSegment(path)) ? base + path : undefined;
    },
  };
};

const spellings = (pattern: string): string[] => {
  const bare = pattern.startsWith(`${prefix}/`) ? pattern.slice(prefix.length) : pattern;
  return [bare, prefix + bare];
};

/** Whether a path can be of two patterns, by their segments. */
export const overlap = (ones: readonly string[], others: readonly string[]): boolean =>
  ones.length === others.length &&
  ones.every((one, at) => one === others[at] || one.startsWith(":") || others[at]?.startsWith(":") === true);

const firstSegment = (path: string): string => path.split(/[/?#]/, 2)[1] ?? "";
