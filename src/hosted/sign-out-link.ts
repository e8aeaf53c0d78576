import type { Api } from "./api.ts";
import { type Content, html } from "./html.ts";
import { safeUrl } from "./safe-url.ts";

/** The link that signs this browser out; nothing when nobody is signed in. */
export const signOutLink = async (api: Api): Promise<Content> => {
  const got = await api.get<{ readonly logout_url?: string }>("/self-service/logout/browser");
  const url = got.kind === "ok" ? safeUrl(got.body.logout_url ?? "") : undefined;
  return url !== undefined && html`<p class="links"><a href="${url}">Sign out</a></p>`;
};
