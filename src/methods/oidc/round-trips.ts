import type { JsonObject } from "@bufbuild/protobuf";
import type { UpstreamParameters } from "../../../gen/ostiary/oidc/v1/oidc_pb.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import type { Leave, Receiving } from "../elsewhere.ts";
import { type Claim, type Rejected, rejected } from "../method.ts";
import { presentClaims } from "./claims.ts";
import type { Completed } from "./client.ts";
import { isFreshProof, levelOf } from "./freshness.ts";
import { type Known, writeKnown } from "./known.ts";
import { refusalMessage } from "./messages.ts";
import type { Nonces } from "./nonces.ts";
import type { Provider, Providers } from "./providers.ts";
import type { Refused } from "./refusal.ts";
import { newTrip, readTrip, type Trip, writeTrip } from "./trip.ts";
import { filterUpstream } from "./upstream-parameters.ts";

/** What a person wants of a provider. */
export interface Wish {
  readonly upstream?: UpstreamParameters | undefined;
  /** They are to prove again who they are. */
  readonly reauthenticate?: boolean;
  /** What they filled in, and what is to be kept beside. */
  readonly traits?: JsonObject;
}

/** What was learned from an ID token that an app brought. */
export interface Verified {
  readonly kind: "verified";
  readonly known: Known;
  readonly claim: Claim;
}

/** Sends people to providers and reads what comes of it; the same for every flow. */
export interface RoundTrips extends Receiving {
  leave(provider: Provider, wish: Wish): Leave;
  /** Reads an ID token that an app got by itself, with a nonce of ours in it. */
  verify(provider: Provider, sent: { readonly idToken: string; readonly idTokenNonce: string }, wish: Wish): Promise<Verified | Rejected>;
}

/** Creates the trips. */
export const createRoundTrips = ({
  providers,
  nonces,
  clock,
  log,
}: {
  readonly providers: Providers;
  readonly nonces: Nonces;
  readonly clock: Clock;
  readonly log: Log;
}): RoundTrips => {
  /** What exactly was wrong is for the log: it would help whoever tries things out. */
  const refuse = (provider: string, { reason, explain }: Refused): Rejected => {
    log.warn({ provider, reason, explain }, "the answer of a sign-in provider was not taken");
    return rejected([refusalMessage(reason)]);
  };

  const known = (provider: Provider, { claims, tokens }: Completed, trip: Pick<Trip, "startedAt">, proves: Provider["proves"], wish: Wish): Known => ({
    provider: provider.id,
    subject: claims.sub,
    level: levelOf(provider.config, claims),
    isFresh: wish.reauthenticate === true && isFreshProof(proves, claims, trip as Trip),
    claims: presentClaims(claims),
    tokens: provider.config.store_tokens ? tokens : undefined,
    traits: wish.traits ?? {},
  });

  return {
    leave: (provider, { upstream, reauthenticate = false, traits = {} }) => ({
      kind: "leave",
      leave: async (state) => {
        const trip = newTrip(provider.redirectUri, clock, state);
        const parameters = filterUpstream(upstream ? namesOf(upstream) : {});
        const away = await provider.client.authorizationUrl({ trip, upstream: parameters, reauthenticate });
        if (away.kind === "refused") return refuse(provider.id, away);
        return { kind: "away", location: away.location, memory: { provider: provider.id, trip: writeTrip(trip), reauthenticate, traits } };
      },
    }),

    receive: async (memory, answer) => {
      const { provider: id, reauthenticate, traits } = memory as unknown as Memory;
      const provider = providers.get(id);
      if (provider === undefined) return refuse(id, { kind: "refused", reason: "misconfigured", explain: "the configuration has this provider no more" });
      // The address says as well whose answer it is (RFC 9700 4.4): a code of one provider is never taken to another.
      if ((answer.provider ?? "") !== (provider.config.pkce === "force" ? "" : provider.id))
        return refuse(id, { kind: "refused", reason: "issuer", explain: "the answer came to the address of another provider" });
      const trip = readTrip(answer.state ?? "", memory.trip);
      if (trip === undefined) return refuse(id, { kind: "refused", reason: "state", explain: "what was remembered cannot be read any more" });
      const { provider: _, ...params } = answer;
      const completed = await provider.client.complete(new URLSearchParams(params), trip);
      if (completed.kind === "refused") return refuse(id, completed);
      return { kind: "received", received: writeKnown(known(provider, completed, trip, provider.proves, { reauthenticate, traits })) };
    },

    verify: async (provider, { idToken, idTokenNonce }, wish) => {
      const nonce = nonces.read(idTokenNonce);
      if (nonce === undefined) return refuse(provider.id, { kind: "refused", reason: "nonce", explain: "the nonce is none of ours, or too old" });
      const completed = await provider.client.completeNative(idToken, idTokenNonce);
      if (completed.kind === "refused") return refuse(provider.id, completed);
      // Nobody was asked to prompt: only a time proves anything.
      const proves = provider.proves === "none" ? "none" : "auth_time";
      return { kind: "verified", known: known(provider, completed, { startedAt: nonce.issuedAt }, proves, wish), claim: nonce.claim };
    },
  };
};

/** What is remembered of a trip. */
interface Memory {
  readonly provider: string;
  readonly reauthenticate: boolean;
  readonly traits: JsonObject;
}

const namesOf = ({ hd, prompt, authType, acrValues, loginHint }: UpstreamParameters) =>
  Object.fromEntries(Object.entries({ hd, prompt, auth_type: authType, acr_values: acrValues, login_hint: loginHint }).filter(([, value]) => value !== ""));
