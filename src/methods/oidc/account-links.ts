import type { JsonObject } from "@bufbuild/protobuf";
import type { Sql } from "../../db/sql.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { IdentityStore } from "../../identity/store.ts";
import type { LinkedAccount } from "../contract/authentication.ts";
import { type Rejected, rejected } from "../contract/result.ts";
import { identifierOf, OIDC } from "./credential.ts";
import { cannotLink } from "./messages.ts";
import type { LinkProvider } from "./new-link.ts";
import { type ProviderProfile, readProviderProfile } from "./provider-profile.ts";
import type { Providers } from "./providers.ts";
import { isLinkedAlready, mayLink } from "./rules.ts";

/** Links accounts of providers to people, in settings and by signing in: by the same rules. */
export interface AccountLinks {
  /** What linking changes. That somebody else has linked the account shows as it is written. */
  link(profile: ProviderProfile, owner: IdentityRecord, sql: Sql): Promise<LinkedAccount | Rejected>;
  /** The same for what has waited for the sign-in of its owner. Somebody else may have linked the account meanwhile. */
  linkWaiting(linkState: JsonObject, owner: IdentityRecord, tx: Sql): Promise<LinkedAccount | Rejected>;
}

/** Creates it. */
export const createAccountLinks = ({
  identities,
  providers,
  linkProvider,
}: {
  readonly identities: Pick<IdentityStore, "findByIdentifier" | "findSecret">;
  readonly providers: Providers;
  readonly linkProvider: LinkProvider;
}): AccountLinks => {
  const link: AccountLinks["link"] = async (profile, owner, sql) => {
    const { provider } = profile;
    const allowed = mayLink(providers, owner, provider);
    if (allowed.kind === "forbidden") return rejected([allowed.message]);
    if (isLinkedAlready(owner, profile)) return rejected([cannotLink()]);
    const stored = await identities.findSecret(sql, owner.id, OIDC);
    return {
      kind: "linked",
      change: { credentials: [linkProvider(stored, profile)] },
      // Whoever links an account has shown nothing that was known of them: it raises no session.
      amr: { method: OIDC, aal: "aal1", provider },
      event: { type: "provider.linked", detail: { provider } },
    };
  };

  return {
    link,
    linkWaiting: async (linkState, owner, tx) => {
      const profile = readProviderProfile(linkState);
      const isLinked = (await identities.findByIdentifier(tx, OIDC, [identifierOf(profile)])) !== undefined;
      return isLinked ? rejected([cannotLink()]) : link(profile, owner, tx);
    },
  };
};
