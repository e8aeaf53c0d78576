import type { UiNode } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { messages as general, uiText } from "../../ui/messages.ts";
import { submitNode } from "../../ui/node.ts";
import { OIDC } from "./credential.ts";
import { messages } from "./messages.ts";
import type { Provider } from "./providers.ts";

/** The buttons of the providers, made once. */
export interface ProviderNodes {
  /** Settings: `unlink` of what is linked (if one may), `link` of the rest. */
  settings(state: { readonly linked: ReadonlySet<string>; readonly mayUnlink: boolean }): readonly UiNode[];
  /** Login: every provider, or those that a known person has linked. */
  login(only?: ReadonlySet<string>): readonly UiNode[];
  /** Login that links the provider `without`: the others, to prove who one is. */
  linkAccount(without: string, only?: ReadonlySet<string>): readonly UiNode[];
  registration(): readonly UiNode[];
  /** Registration that goes on with one provider. */
  continueRegistration(provider: string): readonly UiNode[];
}

/** Creates the buttons. A provider that is kept for an organization shows for nobody else. */
export const createProviderNodes = (providers: readonly Provider[]): ProviderNodes => {
  const open = providers.filter((provider) => provider.organizationId === undefined);
  const row = (
    name: "link" | "unlink" | "provider",
    label: (provider: Provider) => Parameters<typeof submitNode>[0]["label"],
  ) =>
    new Map(
      open.map((provider) => [
        provider.id,
        submitNode({ group: OIDC, name, value: provider.id, label: label(provider) }),
      ]),
    );

  const links = row("link", ({ label }) => uiText(messages.link, { provider: label }));
  const unlinks = row("unlink", ({ label }) => uiText(messages.unlink, { provider: label }));
  const logins = row("provider", ({ id, label }) => uiText(messages.signInWith, { provider: label, provider_id: id }));
  const accountLink = row("provider", ({ label }) => uiText(messages.confirmWith, { provider: label }));
  const registrations = row("provider", ({ id, label }) =>
    uiText(messages.signUpWith, { provider: label, provider_id: id }),
  );
  const goOns = row("provider", () => uiText(general.signUpContinue));
  const pick = (nodes: ReadonlyMap<string, UiNode>, wanted: (id: string) => boolean) =>
    [...nodes].flatMap(([id, node]) => (wanted(id) ? [node] : []));

  return {
    settings: ({ linked, mayUnlink }) => [
      ...pick(unlinks, (id) => mayUnlink && linked.has(id)),
      ...pick(links, (id) => !linked.has(id)),
    ],
    login: (only) => pick(logins, (id) => only?.has(id) ?? true),
    linkAccount: (without, only) => pick(accountLink, (id) => id !== without && (only?.has(id) ?? true)),
    registration: () => [...registrations.values()],
    continueRegistration: (provider) => pick(goOns, (id) => id === provider),
  };
};
