import type { JsonObject } from "@bufbuild/protobuf";
import type { UpstreamParameters } from "../../../gen/ostiary/oidc/v1/oidc_pb.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import type { CallbackHandler, RedirectRequest } from "../contract/redirect.ts";
import { type Consume, type Rejected, rejected } from "../contract/result.ts";
import {
  type AuthorizationState,
  newAuthorizationState,
  readAuthorizationState,
  writeAuthorizationState,
} from "./authorization-state.ts";
import { renderClaims } from "./claims.ts";
import type { Completed, ProviderTokens } from "./client.ts";
import { isFreshAuthentication, levelOf } from "./freshness.ts";
import { refusalMessage } from "./messages.ts";
import type { Nonces } from "./nonces.ts";
import { type ProviderProfile, writeProviderProfile } from "./provider-profile.ts";
import type { Provider, Providers } from "./providers.ts";
import { type Refused, refused } from "./refusal.ts";
import { filterUpstream } from "./upstream-parameters.ts";

/** What a person wants of a provider. */
export interface AuthorizationOptions {
  readonly upstream?: UpstreamParameters | undefined;
  /** They are to authenticate again. */
  readonly reauthenticate?: boolean;
  /** They have linked an account of the provider, and want another one. */
  readonly choosesAccount?: boolean;
  /** What they filled in, and what is to be stored beside. */
  readonly traits?: JsonObject;
}

/** What was learned from an ID token that an app brought. */
export interface Verified {
  readonly kind: "verified";
  readonly profile: ProviderProfile;
  readonly consume: Consume;
}

/** Sends people to providers and reads what comes of it; the same for every flow. */
export interface AuthorizationRequests extends CallbackHandler {
  begin(provider: Provider, options: AuthorizationOptions): RedirectRequest;
  /** Reads an ID token that an app got by itself, with a nonce of ours in it. */
  verify(
    provider: Provider,
    sent: { readonly idToken: string; readonly idTokenNonce: string },
    options: AuthorizationOptions,
  ): Promise<Verified | Rejected>;
}

/** Creates the authorization requests. */
export const createAuthorizationRequests = ({
  providers,
  nonces,
  clock,
  log,
}: {
  readonly providers: Providers;
  readonly nonces: Nonces;
  readonly clock: Clock;
  readonly log: Log;
}): AuthorizationRequests => {
  /** What exactly was wrong is for the log: it would help whoever tries things out. */
  const refuse = (provider: string, { reason, explain }: Refused): Rejected => {
    log.warn({ provider, reason, explain }, "the answer of a sign-in provider was not accepted");
    return { ...rejected([refusalMessage(reason)]), ...(reason === "unavailable" && { transient: true }) };
  };

  const profileOf = (
    provider: Provider,
    { claims, tokens }: Completed,
    authorization: Pick<AuthorizationState, "startedAt">,
    reauthentication: Provider["reauthentication"],
    options: AuthorizationOptions,
  ): ProviderProfile => ({
    provider: provider.id,
    subject: claims.sub,
    level: levelOf(provider.config, claims),
    isFresh:
      options.reauthenticate === true &&
      isFreshAuthentication(reauthentication, claims, authorization as AuthorizationState),
    claims: renderClaims(claims),
    tokens: provider.config.store_tokens ? tokens : undefined,
    traits: options.traits ?? {},
  });

  return {
    begin: (provider, { upstream, reauthenticate = false, choosesAccount = false, traits = {} }) => ({
      kind: "redirect",
      begin: async (state) => {
        const authorization = newAuthorizationState(provider.redirectUri, clock, state);
        const parameters = filterUpstream(upstream ? namesOf(upstream) : {});
        const redirected = await provider.client.authorizationUrl({
          authorization,
          upstream: parameters,
          reauthenticate,
          choosesAccount,
        });
        if (redirected.kind === "refused") return refuse(provider.id, redirected);
        return {
          kind: "redirect",
          location: redirected.location,
          redirectState: {
            provider: provider.id,
            authorization: writeAuthorizationState(authorization),
            reauthenticate,
            traits,
          },
        };
      },
    }),

    handleCallback: async (redirectState, answer) => {
      const { provider: id, reauthenticate, traits } = redirectState as unknown as RedirectState;
      const provider = providers.get(id);
      if (provider === undefined)
        return refuse(id, {
          kind: "refused",
          reason: "misconfigured",
          explain: "the configuration does not have this provider any more",
        });
      // The address says as well whose answer it is (RFC 9700 4.4): a code of one provider is never sent to another.
      if ((answer.provider ?? "") !== (provider.config.pkce === "force" ? "" : provider.id))
        return refuse(id, {
          kind: "refused",
          reason: "issuer",
          explain: "the answer came to the address of another provider",
        });
      const authorization = readAuthorizationState(answer.state ?? "", redirectState.authorization);
      if (authorization === undefined)
        return refuse(id, {
          kind: "refused",
          reason: "state",
          explain: "the stored state cannot be decrypted any more",
        });
      const { provider: _, ...params } = answer;
      const completed = storable(provider, await provider.client.complete(new URLSearchParams(params), authorization));
      if (completed.kind === "refused") return refuse(id, completed);
      return {
        kind: "callback",
        callbackData: writeProviderProfile(
          profileOf(provider, completed, authorization, provider.reauthentication, { reauthenticate, traits }),
        ),
      };
    },

    verify: async (provider, { idToken, idTokenNonce }, options) => {
      const nonce = nonces.read(idTokenNonce);
      if (nonce === undefined)
        return refuse(provider.id, {
          kind: "refused",
          reason: "nonce",
          explain: "the nonce was not issued by this server, or is too old",
        });
      const completed = storable(provider, await provider.client.completeNative(idToken, idTokenNonce));
      if (completed.kind === "refused") return refuse(provider.id, completed);
      // Nobody was asked to prompt: only a time proves anything.
      const reauthentication = provider.reauthentication === "none" ? "none" : "auth_time";
      return {
        kind: "verified",
        profile: profileOf(provider, completed, { startedAt: nonce.issuedAt }, reauthentication, options),
        consume: nonce.consume,
      };
    },
  };
};

/** Most characters of the tokens of a link: they wait in a flow until its owner has proven an address or signed in. */
const LONGEST_TOKENS = 65_536;

/** Refuses tokens that are to be stored and are too long for it. */
const storable = ({ config }: Provider, completed: Completed | Refused): Completed | Refused =>
  completed.kind === "completed" && config.store_tokens && lengthOf(completed.tokens) > LONGEST_TOKENS
    ? refused("tokens", `the tokens are longer than ${LONGEST_TOKENS} characters: store_tokens could be false`)
    : completed;

const lengthOf = ({ idToken = "", accessToken = "", refreshToken = "" }: ProviderTokens): number =>
  idToken.length + accessToken.length + refreshToken.length;

/** The state of an authorization request that the callback needs. */
interface RedirectState {
  readonly provider: string;
  readonly reauthenticate: boolean;
  readonly traits: JsonObject;
}

const namesOf = ({ hd, prompt, authType, acrValues, loginHint }: UpstreamParameters) =>
  Object.fromEntries(
    Object.entries({ hd, prompt, auth_type: authType, acr_values: acrValues, login_hint: loginHint }).filter(
      ([, value]) => value !== "",
    ),
  );
