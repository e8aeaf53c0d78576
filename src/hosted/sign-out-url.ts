import type { Api } from "./api.ts";
import { safeUrl } from "./safe-url.ts";

/** Asks for the link that signs this browser out; undefined when nobody is signed in. */
export const findSignOutUrl = async (api: Api): Promise<string | undefined> => {
  const got = await api.get<{ readonly logout_url?: string }>("/self-service/logout/browser");
  return got.kind === "ok" ? safeUrl(got.body.logout_url ?? "") : undefined;
};
