import type { CredentialMerging } from "../contract/merging.ts";
import { addLinks, linksOf, OIDC } from "./credential.ts";

/** All accounts at sign-in providers are transferred, with the tokens that are stored of them. */
export const oidcMerging: CredentialMerging = {
  type: OIDC,
  merge: ({ identity, secret }, into) => {
    const links = linksOf(identity);
    if (links.length === 0 || secret === undefined) return { parts: [] };
    return {
      change: addLinks(into.secret, secret),
      parts: links.map(({ provider, account, subject }) => ({ name: `${provider}: ${account ?? subject}` })),
    };
  },
};
