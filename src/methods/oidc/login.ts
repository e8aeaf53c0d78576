import type { IdentityRecord } from "../../identity/identity.ts";
import { answersAal } from "../../session/aal.ts";
import { messages as general, uiText } from "../../ui/messages.ts";
import { type AuthenticationResult, withConsume } from "../contract/authentication.ts";
import type { LoginMethod, LoginView } from "../contract/login.ts";
import { rejected } from "../contract/result.ts";
import type { AccountLinks } from "./account-links.ts";
import type { AuthorizationRequests } from "./authorization-requests.ts";
import { linksOf, OIDC } from "./credential.ts";
import type { IdentityUpdates } from "./identity-updates.ts";
import { notProvenAgain } from "./messages.ts";
import type { ProviderNodes } from "./nodes.ts";
import type { ProviderAuthentication } from "./provider-authentication.ts";
import { type ProviderProfile, readProviderProfile } from "./provider-profile.ts";
import type { Providers } from "./providers.ts";

/** What the oidc method of the login flow needs. */
export interface OidcLoginDeps {
  readonly enabled: boolean;
  readonly providers: Providers;
  readonly nodes: ProviderNodes;
  readonly authorizations: AuthorizationRequests;
  readonly providerAuthentication: ProviderAuthentication;
  readonly linkAccount: AccountLinks["linkWaiting"];
  readonly applyUpdate: IdentityUpdates["apply"];
}

/**
 * Creates the oidc method of the login flow. Who is signed in already and proves
 * it again is offered the providers that they have linked and that can show
 * such a proof; people who have nothing else get a code by mail (docs/passwordless.md).
 */
export const createOidcLogin = ({
  enabled,
  providers,
  nodes,
  authorizations,
  providerAuthentication,
  linkAccount,
  applyUpdate,
}: OidcLoginDeps): LoginMethod<"oidc"> => {
  const provesAgain = (identity: IdentityRecord) =>
    new Set(linksOf(identity).flatMap(({ provider }) => (providers.reauthenticates(provider) ? [provider] : [])));

  const complete = (profile: ProviderProfile, { schema, refresh }: LoginView): Promise<AuthenticationResult> =>
    providerAuthentication.complete(profile, schema, { mustBeFresh: refresh });

  return {
    name: OIDC,
    enabled,

    answers: (requestedAal) => answersAal(requestedAal, "first"),

    isBesideIdentifier: true,

    offer: (owner) => {
      if (owner === undefined) return true;
      const linked = linksOf(owner).flatMap(({ provider }) => (providers.get(provider) ? [provider] : []));
      return linked.length > 0 ? linked : undefined;
    },

    nodes: ({ requestedAal, refresh, signedIn, accountLink, offers }) => {
      if (requestedAal === 2) return [];
      if (accountLink?.method === OIDC)
        return nodes.linkAccount(
          String(accountLink.submittedValues.provider),
          onlyOf(accountLink.submittedValues.only),
        );
      return nodes.login(refresh && signedIn ? provesAgain(signedIn.identity) : onlyOf(offers?.[OIDC]));
    },

    submitted: () => ({}),

    authenticate: async (input, view) => {
      if (input.provider === "") return rejected([{ node: "", text: uiText(general.noLoginMethod) }]);
      const provider = providers.mustBeOpen(input.provider);
      if (view.refresh && provider.reauthentication === "none") return rejected([notProvenAgain()]);
      if (input.idToken === "")
        return authorizations.begin(provider, { upstream: input.upstreamParameters, reauthenticate: view.refresh });
      const verified = await authorizations.verify(provider, input, { reauthenticate: view.refresh });
      return verified.kind === "rejected"
        ? verified
        : withConsume(await complete(verified.profile, view), verified.consume);
    },

    redirect: {
      handleCallback: authorizations.handleCallback,
      complete: (callbackData, view) => complete(readProviderProfile(callbackData), view),
    },
    linkAccount,
    applyUpdate,
  };
};

const onlyOf = (list: unknown): ReadonlySet<string> | undefined =>
  Array.isArray(list) ? new Set(list.map(String)) : undefined;
