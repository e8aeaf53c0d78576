import { fail } from "../../errors/service-error.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import { messages as general, uiText } from "../../ui/messages.ts";
import { type Arrived, type LoginMethod, type LoginView, rejected, withClaim } from "../method.ts";
import type { Arrivals } from "./arrive.ts";
import { linksOf, OIDC } from "./credential.ts";
import { type Known, readKnown } from "./known.ts";
import { notProvenAgain } from "./messages.ts";
import type { ProviderNodes } from "./nodes.ts";
import type { Provider, Providers } from "./providers.ts";
import type { RoundTrips } from "./round-trips.ts";

/** What the oidc method of the login flow needs. */
export interface OidcLoginDeps {
  readonly enabled: boolean;
  readonly providers: Providers;
  readonly nodes: ProviderNodes;
  readonly trips: RoundTrips;
  readonly arrivals: Arrivals;
}

/**
 * Creates the oidc method of the login flow. Who is signed in already and proves
 * it again is offered the providers that they have linked and that can show
 * such a proof; people who have no other way in are to get a code by mail, once
 * there is a courier.
 */
export const createOidcLogin = ({ enabled, providers, nodes, trips, arrivals }: OidcLoginDeps): LoginMethod<"oidc"> => {
  const provesAgain = (identity: IdentityRecord) =>
    new Set(linksOf(identity).flatMap(({ provider }) => ((providers.get(provider)?.proves ?? "none") === "none" ? [] : [provider])));

  const mustBeKnown = (id: string): Provider => {
    const provider = providers.get(id);
    if (provider === undefined || provider.organizationId !== undefined) throw fail("NOT_FOUND", { explain: "There is no sign-in provider of this id." });
    return provider;
  };

  const arrive = (known: Known, { schema, refresh }: LoginView): Promise<Arrived> => arrivals.arrive(known, schema, { mustBeFresh: refresh });

  return {
    name: OIDC,
    enabled,

    nodes: ({ requestedAal, refresh, signedIn, confirms }) => {
      if (requestedAal === 2) return [];
      if (confirms?.method === OIDC) return nodes.confirm(String(confirms.shown.provider), onlyOf(confirms.shown.only));
      return nodes.login(refresh && signedIn ? provesAgain(signedIn.identity) : undefined);
    },

    typed: () => ({}),

    prove: async (input, view) => {
      if (input.provider === "") return rejected([{ node: "", text: uiText(general.noLoginMethod) }]);
      const provider = mustBeKnown(input.provider);
      if (view.refresh && provider.proves === "none") return rejected([notProvenAgain()]);
      if (input.idToken === "") return trips.leave(provider, { upstream: input.upstreamParameters, reauthenticate: view.refresh });
      const verified = await trips.verify(provider, input, { reauthenticate: view.refresh });
      return verified.kind === "rejected" ? verified : withClaim(await arrive(verified.known, view), verified.claim);
    },

    elsewhere: { receive: trips.receive, arrive: (received, view) => arrive(readKnown(received), view) },
    confirm: arrivals.confirm,
  };
};

const onlyOf = (list: unknown): ReadonlySet<string> | undefined => (Array.isArray(list) ? new Set(list.map(String)) : undefined);
