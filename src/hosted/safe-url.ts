/**
 * A URL that may stand in a page: relative, `http:` or `https:`, and for images
 * `data:image/…`. Anything else, `javascript:` above all, becomes `undefined`,
 * which leaves the attribute out.
 */
export const safeUrl = (url: string, use: "link" | "image" = "link"): string | undefined => {
  if (!URL.canParse(url, "https://page.invalid/")) return undefined;
  const { protocol } = new URL(url, "https://page.invalid/");
  if (protocol === "http:" || protocol === "https:") return url;
  return use === "image" && /^data:image\//i.test(url) ? url : undefined;
};
