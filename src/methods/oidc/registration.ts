import type { JsonObject } from "@bufbuild/protobuf";
import { readTraits } from "../../schema/form.ts";
import { traitNodes } from "../../schema/nodes.ts";
import { messages as general, uiText } from "../../ui/messages.ts";
import { withConsume } from "../contract/authentication.ts";
import type { RegistrationMethod } from "../contract/registration.ts";
import { rejected } from "../contract/result.ts";
import type { AuthorizationRequests } from "./authorization-requests.ts";
import { OIDC } from "./credential.ts";
import type { ProviderNodes } from "./nodes.ts";
import type { ProviderAuthentication } from "./provider-authentication.ts";
import { readProviderProfile } from "./provider-profile.ts";
import type { Providers } from "./providers.ts";
import { registrationProvider, writeRegistrationProvider } from "./registration-provider.ts";

/** What the oidc method of the registration flow needs. */
export interface OidcRegistrationDeps {
  readonly enabled: boolean;
  readonly providers: Providers;
  readonly nodes: ProviderNodes;
  readonly authorizations: AuthorizationRequests;
  readonly providerAuthentication: ProviderAuthentication;
}

/**
 * Creates the oidc method of the registration flow. After an answer that did not
 * do, the form goes on with that provider alone, as recorded; with the traits,
 * where some of them are missing.
 */
export const createOidcRegistration = ({
  enabled,
  providers,
  nodes,
  authorizations,
  providerAuthentication,
}: OidcRegistrationDeps): RegistrationMethod<"oidc"> => ({
  name: OIDC,
  enabled,

  nodes: ({ sealedContext, schema, submittedValues }) => {
    const goesOn = registrationProvider(sealedContext);
    if (goesOn === undefined) return nodes.registration();
    const traits = goesOn.withTraits
      ? traitNodes(schema, { group: "default", values: {}, ...(submittedValues && { submittedValues }) })
      : [];
    return [...traits, ...nodes.continueRegistration(goesOn.provider)];
  },

  submitted: (input, schema) => readTraits(schema, input.traits ?? {}).submittedValues,

  register: async (input, { schema }) => {
    const { traits, submittedValues } = readTraits(schema, input.traits ?? {});
    if (input.provider === "")
      return rejected([{ node: "", text: uiText(general.noRegistrationMethod) }], submittedValues);
    const provider = providers.mustBeOpen(input.provider);
    if (input.idToken === "") return authorizations.begin(provider, { upstream: input.upstreamParameters, traits });
    const verified = await authorizations.verify(provider, input, { traits });
    if (verified.kind === "rejected") return { ...verified, submittedValues };
    return withConsume(await providerAuthentication.complete(verified.profile, schema), verified.consume);
  },

  redirect: {
    handleCallback: async (redirectState, answer, call) => {
      const callbackData = await authorizations.handleCallback(redirectState, answer, call);
      if (callbackData.kind === "callback") return callbackData;
      const provider = String(redirectState.provider);
      // What was submitted before is not asked for again.
      const submitted = redirectState.traits as JsonObject;
      return { ...callbackData, ...writeRegistrationProvider({ provider, withTraits: hasValues(submitted) }) };
    },
    complete: (callbackData, { schema }) => providerAuthentication.complete(readProviderProfile(callbackData), schema),
  },
});

/** Whether anything was submitted: objects of the schema are there in any case. */
const hasValues = (traits: JsonObject): boolean =>
  Object.values(traits).some((value) =>
    typeof value === "object" && value !== null && !Array.isArray(value) ? hasValues(value) : value !== undefined,
  );
