/** Slashes in a row, and dot segments, encoded or not. */
const UNCLEAN = /\/\/|\/(?:\.|%2e){1,2}(?:\/|$)/i;

/**
 * Cleans the path of a URL as Go's mux does (https://pkg.go.dev/net/http#ServeMux):
 * slashes in a row are one, dot segments are resolved, a slash at the end stays.
 * A base URL that ends in a slash makes clients ask for `//self-service/…`. The
 * query stays as it is.
 */
export const cleanPath = (url: string): string => {
  const end = url.search(/[?#]/);
  const path = end < 0 ? url : url.slice(0, end);
  if (path.startsWith("/") && !UNCLEAN.test(path)) return url;
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    const plain = segment.replace(/%2e/gi, ".");
    if (plain === "..") segments.pop();
    else if (plain !== "." && segment !== "") segments.push(segment);
  }
  const slash = segments.length > 0 && /(?:\/|\/(?:\.|%2e){1,2})$/i.test(path) ? "/" : "";
  return `/${segments.join("/")}${slash}${end < 0 ? "" : url.slice(end)}`;
};
