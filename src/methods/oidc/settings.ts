import type { JsonObject } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import { OidcMethodSchema } from "../../../gen/ostiary/settings/v1/method_oidc_pb.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { IdentityStore } from "../../identity/store.ts";
import { messages as general, uiText } from "../../ui/messages.ts";
import { type MethodEvent, type Rejected, rejected } from "../contract/result.ts";
import type { Performed, SettingsChange, SettingsInput, SettingsMethod } from "../contract/settings.ts";
import type { AccountLinks } from "./account-links.ts";
import type { AuthorizationRequests } from "./authorization-requests.ts";
import { linksOf, OIDC, unlink } from "./credential.ts";
import { linkAndUnlink } from "./messages.ts";
import type { ProviderNodes } from "./nodes.ts";
import { type ProviderProfile, readProviderProfile } from "./provider-profile.ts";
import type { Provider, Providers } from "./providers.ts";
import { hasLinked, linksNamed, mayLink, mustStayLinked } from "./rules.ts";

/** What the oidc method of the settings flow needs. */
export interface OidcSettingsDeps {
  readonly enabled: boolean;
  readonly identities: IdentityStore;
  readonly providers: Providers;
  readonly nodes: ProviderNodes;
  readonly authorizations: AuthorizationRequests;
  readonly accountLinks: Pick<AccountLinks, "link">;
  /** How many ways to sign in a person has, of any kind. */
  readonly firstFactors: (identity: IdentityRecord) => number;
}

/** What was examined: one of the two. */
type Wanted = { readonly link: Provider; readonly input: SettingsInput<"oidc"> } | { readonly unlink: string };

/**
 * Creates the oidc method of the settings flow. Whether a provider can be linked
 * is said before the session's age is looked at; of unlinking nothing is
 * (docs/compatibility.md, rules 16 and 17). What is counted and what is linked is
 * looked at on the identity that the change is written against, so that of two
 * who unlink at once the second finds what the first has left.
 */
export const createOidcSettings = (deps: OidcSettingsDeps): SettingsMethod<"oidc", Wanted> => {
  const { enabled, identities, providers, nodes, authorizations, accountLinks, firstFactors } = deps;

  const prepareLink = async (
    profile: ProviderProfile,
    { identity, sql }: SettingsChange,
  ): Promise<Performed | Rejected> => {
    const linked = await accountLinks.link(profile, identity, sql);
    if (linked.kind === "rejected") return { ...linked, event: linkedEvent(profile.provider) };
    const { change, event, amr } = linked;
    return { kind: "performed", change, event, amr, active: OIDC };
  };

  const prepareUnlink = async (name: string, { identity, sql }: SettingsChange): Promise<Performed | Rejected> => {
    const links = linksNamed(identity, name);
    const provider = links[0]?.provider ?? name.split(":", 1)[0] ?? "";
    const event = { type: "provider.unlinked", detail: { provider } } as const;
    const stays = mustStayLinked(providers, identity, name, firstFactors(identity));
    if (stays) return { ...rejected([stays.message]), event };
    const stored = await identities.findSecret(sql, identity.id, OIDC);
    return { kind: "performed", change: { credentials: [unlink(stored, links)] }, event };
  };

  return {
    name: OIDC,
    enabled,
    changesFactors: true,

    nodes: ({ identity }) =>
      nodes.settings({
        links: linksOf(identity),
        mayUnlink: firstFactors(identity) > 1,
      }),

    examine: (input, { identity }) => {
      if (input.link !== "" && input.unlink !== "") return rejected([linkAndUnlink()]);
      if (input.unlink !== "") return { kind: "examined", protected: true, examined: { unlink: input.unlink } };
      if (input.link === "") return rejected([{ node: "", text: uiText(general.noSettingsMethod) }]);
      const allowed = mayLink(providers, identity, input.link);
      return allowed.kind === "forbidden"
        ? rejected([allowed.message])
        : { kind: "examined", protected: true, examined: { link: allowed.provider, input } };
    },

    perform: async (wanted, view) => {
      if ("unlink" in wanted) return prepareUnlink(wanted.unlink, view);
      const { link: provider, input } = wanted;
      if (input.idToken === "")
        return authorizations.begin(provider, {
          upstream: input.upstreamParameters,
          choosesAccount: hasLinked(view.identity, provider.id),
        });
      const verified = await view.slow("oidc", () => authorizations.verify(provider, input, {}));
      if (verified.kind === "rejected") return { ...verified, event: linkedEvent(provider.id) };
      const performed = await prepareLink(verified.profile, view);
      return performed.kind === "performed" ? { ...performed, consume: verified.consume } : performed;
    },

    redirect: {
      exchangeCodes: ({ initCode, returnToCode }) => (returnToCode === "" ? undefined : { initCode, returnToCode }),
      handleCallback: async (redirectState, answer, call) => {
        const callbackData = await authorizations.handleCallback(redirectState, answer, call);
        return callbackData.kind === "rejected"
          ? { ...callbackData, event: linkedEvent(providerOf(redirectState)) }
          : callbackData;
      },
      complete: (callbackData, view) => prepareLink(readProviderProfile(callbackData), view),
      resubmit: (redirectState) => create(OidcMethodSchema, { link: providerOf(redirectState) }),
    },
  };
};

const linkedEvent = (provider: string): MethodEvent => ({ type: "provider.linked", detail: { provider } });

const providerOf = (redirectState: JsonObject): string => String(redirectState.provider);
