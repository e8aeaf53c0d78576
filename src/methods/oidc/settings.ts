import type { JsonObject } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import { OidcMethodSchema } from "../../../gen/ostiary/settings/v1/method_oidc_pb.ts";
import type { Database } from "../../db/sql.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import type { IdentityStore } from "../../identity/store.ts";
import { messages as general, uiText } from "../../ui/messages.ts";
import { type Prepared, type Rejected, rejected, type SettingsInput, type SettingsMethod, type SettingsView } from "../method.ts";
import { link, linksOf, OIDC, type TokenCipher, unlink } from "./credential.ts";
import { type Known, readKnown } from "./known.ts";
import { linkAndUnlink } from "./messages.ts";
import type { ProviderNodes } from "./nodes.ts";
import type { Provider, Providers } from "./providers.ts";
import type { RoundTrips } from "./round-trips.ts";
import { mayLink, mustStayLinked } from "./rules.ts";

/** What the oidc method of the settings flow needs. */
export interface OidcSettingsDeps {
  readonly enabled: boolean;
  readonly db: Database;
  readonly identities: IdentityStore;
  readonly providers: Providers;
  readonly nodes: ProviderNodes;
  readonly trips: RoundTrips;
  readonly cipher: TokenCipher;
  /** How many ways to sign in a person has, of any kind. */
  readonly waysIn: (identity: IdentityRecord) => number;
}

/** What was examined: one of the two. */
type Wanted = { readonly link: Provider; readonly input: SettingsInput<"oidc"> } | { readonly unlink: string };

/**
 * Creates the oidc method of the settings flow. Whether a provider can be linked
 * is told before the session's age is looked at; of unlinking nothing is
 * (contract, settings 3.3.6 and 3.0). What is counted and what is linked is
 * looked at on the identity that the change is written against, so that of two
 * who unlink at once the second finds what the first has left.
 */
export const createOidcSettings = (deps: OidcSettingsDeps): SettingsMethod<"oidc", Wanted> => {
  const { enabled, db, identities, providers, nodes, trips, cipher, waysIn } = deps;

  const prepareLink = async (known: Known, { identity }: SettingsView): Promise<Prepared | Rejected> => {
    const { provider, subject, tokens, level } = known;
    const event = { type: "provider.linked", detail: { provider } };
    const allowed = mayLink(providers, identity, provider);
    if (allowed.kind === "forbidden") return { ...rejected([allowed.message]), event };
    const kept = await identities.findSecret(db, identity.id, OIDC);
    return {
      kind: "prepared",
      change: { credentials: [link(kept, { provider, subject, tokens }, cipher)] },
      event,
      proof: { method: OIDC, aal: level, provider },
      active: OIDC,
    };
  };

  const prepareUnlink = async (provider: string, { identity }: SettingsView): Promise<Prepared | Rejected> => {
    const event = { type: "provider.unlinked", detail: { provider } };
    const stays = mustStayLinked(providers, identity, provider, waysIn(identity));
    if (stays) return { ...rejected([stays.message]), event };
    const kept = await identities.findSecret(db, identity.id, OIDC);
    return { kind: "prepared", change: { credentials: [unlink(kept, provider)] }, event };
  };

  return {
    name: OIDC,
    enabled,

    nodes: ({ identity }) => nodes.settings({ linked: new Set(linksOf(identity).map(({ provider }) => provider)), mayUnlink: waysIn(identity) > 1 }),

    examine: (input, { identity }) => {
      if (input.link !== "" && input.unlink !== "") return rejected([linkAndUnlink()]);
      if (input.unlink !== "") return { kind: "examined", protected: true, examined: { unlink: input.unlink } };
      if (input.link === "") return rejected([{ node: "", text: uiText(general.noSettingsMethod) }]);
      const allowed = mayLink(providers, identity, input.link);
      return allowed.kind === "forbidden" ? rejected([allowed.message]) : { kind: "examined", protected: true, examined: { link: allowed.provider, input } };
    },

    prepare: async (wanted, view) => {
      if ("unlink" in wanted) return prepareUnlink(wanted.unlink, view);
      const { link: provider, input } = wanted;
      if (input.idToken === "") return trips.leave(provider, { upstream: input.upstreamParameters });
      const verified = await trips.verify(provider, input, {});
      if (verified.kind === "rejected") return { ...verified, event: { type: "provider.linked", detail: { provider: provider.id } } };
      const prepared = await prepareLink(verified.known, view);
      return prepared.kind === "prepared" ? { ...prepared, claim: verified.claim } : prepared;
    },

    elsewhere: {
      codes: ({ initCode, returnToCode }) => (returnToCode === "" ? undefined : { initCode, returnToCode }),
      receive: async (memory, answer, call) => {
        const received = await trips.receive(memory, answer, call);
        return received.kind === "rejected" ? { ...received, event: { type: "provider.linked", detail: { provider: providerOf(memory) } } } : received;
      },
      arrive: (received, view) => prepareLink(readKnown(received), view),
      again: (memory) => create(OidcMethodSchema, { link: providerOf(memory) }),
    },
  };
};

const providerOf = (memory: JsonObject): string => String(memory.provider);
