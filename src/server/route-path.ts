import { cleanPath } from "../lib/clean-path.ts";

/**
 * Creates what makes the path of a request the path of a route: it is cleaned,
 * and the path of `baseUrl` removed, for a proxy that leaves it on. Where a
 * route begins like the base path, only what is a route without it loses it.
 *
 * Nobody is redirected for it: most clients would turn a POST into a GET.
 *
 * @param isRouted whether any route begins like this path
 */
export const createRoutePath = (
  baseUrl: string | undefined,
  isRouted: (path: string) => boolean,
): ((url: string) => string) => {
  const prefix = baseUrl === undefined ? "" : new URL(baseUrl).pathname.replace(/\/+$/, "");
  if (prefix === "") return cleanPath;
  return (url) => {
    const clean = cleanPath(url);
    if (!clean.startsWith(prefix)) return clean;
    const rest = clean.slice(prefix.length);
    return rest.startsWith("/") && isRouted(rest) ? rest : clean;
  };
};
