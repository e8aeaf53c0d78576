import type { UiNode } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { messages as general, uiText } from "../../ui/messages.ts";
import { inputNode, submitNode } from "../../ui/node.ts";
import { identifierOf, OIDC, type ProviderLink } from "./credential.ts";
import { messages } from "./messages.ts";
import type { Provider } from "./providers.ts";

/** The buttons of the providers, made once. */
export interface ProviderNodes {
  /**
   * Settings: `unlink` of what is linked (if one may), `link` of the rest. Of several accounts of one provider each has
   * a button of its own, whose value is `provider:subject`. Of what is linked the label's context says
   * since when, and what the account is called there, as far as that is known.
   */
  settings(state: { readonly links: readonly ProviderLink[]; readonly mayUnlink: boolean }): readonly UiNode[];
  /** Login: every provider, or those that a known person has linked. */
  login(only?: ReadonlySet<string>): readonly UiNode[];
  /** Login that links the provider `without`: the others, to authenticate. */
  linkAccount(without: string, only?: ReadonlySet<string>): readonly UiNode[];
  registration(): readonly UiNode[];
  /** Registration that goes on with one provider. */
  continueRegistration(provider: string): readonly UiNode[];
}

/** Creates the buttons of providers that everybody may use. */
export const createProviderNodes = (open: readonly Provider[]): ProviderNodes => {
  const several = new Set(open.filter(({ severalAccounts }) => severalAccounts).map(({ id }) => id));
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

  /** The shared button, unless there is more to say of the link. */
  const unlinkNode = ({ id, label }: Provider, link: ProviderLink, value: string = id): UiNode | undefined => {
    const { linked_at, account } = link;
    if (value === id && linked_at === undefined && account === undefined) return unlinks.get(id);
    const context = { provider: label, ...(linked_at && { linked_at }), ...(account && { account }) };
    return inputNode({
      group: OIDC,
      name: "unlink",
      type: "submit",
      value,
      label: uiText(messages.unlink, context),
    });
  };
  const unlinksOf = (linked: readonly ProviderLink[]): readonly UiNode[] =>
    open.flatMap((provider) => {
      const found = linked.filter((entry) => entry.provider === provider.id);
      const [only] = found;
      if (only !== undefined && found.length === 1) return unlinkNode(provider, only) ?? [];
      return found.flatMap((entry) => unlinkNode(provider, entry, identifierOf(entry)) ?? []);
    });

  return {
    settings: ({ links: linked, mayUnlink }) => [
      ...(mayUnlink ? unlinksOf(linked) : []),
      ...pick(links, (id) => several.has(id) || !linked.some((entry) => entry.provider === id)),
    ],
    login: (only) => pick(logins, (id) => only?.has(id) ?? true),
    linkAccount: (without, only) => pick(accountLink, (id) => id !== without && (only?.has(id) ?? true)),
    registration: () => [...registrations.values()],
    continueRegistration: (provider) => pick(goOns, (id) => id === provider),
  };
};
