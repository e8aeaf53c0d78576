import type { JsonObject } from "@bufbuild/protobuf";
import { fail } from "../../errors/service-error.ts";
import { readTraits } from "../../schema/form.ts";
import { traitNodes } from "../../schema/nodes.ts";
import { messages as general, uiText } from "../../ui/messages.ts";
import { type RegistrationMethod, rejected, withClaim } from "../method.ts";
import type { Arrivals } from "./arrive.ts";
import { OIDC } from "./credential.ts";
import { readKnown } from "./known.ts";
import type { ProviderNodes } from "./nodes.ts";
import type { Providers } from "./providers.ts";
import type { RoundTrips } from "./round-trips.ts";
import { goesOnWith, writeGoesOnWith } from "./sign-up-form.ts";

/** What the oidc method of the registration flow needs. */
export interface OidcRegistrationDeps {
  readonly enabled: boolean;
  readonly providers: Providers;
  readonly nodes: ProviderNodes;
  readonly trips: RoundTrips;
  readonly arrivals: Arrivals;
}

/**
 * Creates the oidc method of the registration flow. After an answer that did not
 * do, the form goes on with that provider alone, as recorded; with the traits,
 * where some of them are missing.
 */
export const createOidcRegistration = ({ enabled, providers, nodes, trips, arrivals }: OidcRegistrationDeps): RegistrationMethod<"oidc"> => ({
  name: OIDC,
  enabled,

  nodes: ({ flow, schema, shown }) => {
    const goesOn = goesOnWith(flow.context);
    if (goesOn === undefined) return nodes.registration();
    const traits = goesOn.withTraits ? traitNodes(schema, { group: "default", values: {}, ...(shown && { shown }) }) : [];
    return [...traits, ...nodes.goOn(goesOn.provider)];
  },

  typed: (input, schema) => readTraits(schema, input.traits ?? {}).shown,

  enrol: async (input, { schema }) => {
    const { traits, shown } = readTraits(schema, input.traits ?? {});
    if (input.provider === "") return rejected([{ node: "", text: uiText(general.noRegistrationMethod) }], shown);
    const provider = providers.get(input.provider);
    if (provider === undefined || provider.organizationId !== undefined) throw fail("NOT_FOUND", { explain: "There is no sign-in provider of this id." });
    if (input.idToken === "") return trips.leave(provider, { upstream: input.upstreamParameters, traits });
    const verified = await trips.verify(provider, input, { traits });
    if (verified.kind === "rejected") return { ...verified, shown };
    return withClaim(await arrivals.arrive(verified.known, schema), verified.claim);
  },

  elsewhere: {
    receive: async (memory, answer, call) => {
      const received = await trips.receive(memory, answer, call);
      if (received.kind === "received") return received;
      const provider = String(memory.provider);
      // What was typed before is not asked for again.
      const typed = memory.traits as JsonObject;
      return { ...received, context: writeGoesOnWith({ provider, withTraits: hasValues(typed) }) };
    },
    arrive: (received, { schema }) => arrivals.arrive(readKnown(received), schema),
  },
});

/** Whether anything was typed: objects of the schema are there in any case. */
const hasValues = (traits: JsonObject): boolean =>
  Object.values(traits).some((value) => (typeof value === "object" && value !== null && !Array.isArray(value) ? hasValues(value) : value !== undefined));
