import type { Page } from "./page.ts";

/** What a request for a page is answered with. `cookies` are `Set-Cookie` lines. */
export type Answer =
  | {
      readonly kind: "page";
      readonly status: number;
      readonly page: Page;
      readonly cookies: readonly string[];
      readonly retryAfter?: string | undefined;
    }
  | { readonly kind: "redirect"; readonly location: string; readonly cookies: readonly string[] };

/** Answers with a page. */
export const show = (page: Page, cookies: readonly string[] = []): Answer => ({
  kind: "page",
  status: 200,
  page,
  cookies,
});

/** Redirects the browser; `location` is absolute, or relative to `<public>/hosted/`. */
export const goTo = (location: string, cookies: readonly string[] = []): Answer => ({
  kind: "redirect",
  location,
  cookies,
});
