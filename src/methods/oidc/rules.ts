import type { IdentityRecord } from "../../identity/identity.ts";
import type { FormMessage } from "../../ui/stored-message.ts";
import { identifierOf, linksOf, type ProviderLink } from "./credential.ts";
import { cannotLink, cannotUnlink, lastFirstFactor } from "./messages.ts";
import type { Provider, Providers } from "./providers.ts";

/** Why something cannot be done to a person's links. */
export interface Forbidden {
  readonly kind: "forbidden";
  readonly message: FormMessage;
}

const forbidden = (message: FormMessage): Forbidden => ({ kind: "forbidden", message });

/** Whether the person has linked an account of a provider. */
export const hasLinked = (identity: Pick<IdentityRecord, "credentials">, provider: string): boolean =>
  linksOf(identity).some((entry) => entry.provider === provider);

/**
 * The provider to link, if the person may: it is there, for everybody, and they have none of it or may have several
 * (docs/compatibility.md, rule 16).
 */
export const mayLink = (
  providers: Providers,
  identity: Pick<IdentityRecord, "credentials">,
  id: string,
): { readonly kind: "provider"; readonly provider: Provider } | Forbidden => {
  const provider = providers.open.find((one) => one.id === id);
  return provider !== undefined && (provider.severalAccounts || !hasLinked(identity, id))
    ? { kind: "provider", provider }
    : forbidden(cannotLink());
};

/** Whether the person has linked this very account already. */
export const isLinkedAlready = (
  identity: Pick<IdentityRecord, "credentials">,
  { provider, subject }: Pick<ProviderLink, "provider" | "subject">,
): boolean => linksOf(identity).some((entry) => entry.provider === provider && entry.subject === subject);

/**
 * The links that a name means: the id of a provider all of that provider's, `provider:subject` the one to that account.
 * An organization's are none of the person's to unlink.
 */
export const linksNamed = (identity: Pick<IdentityRecord, "credentials">, name: string): readonly ProviderLink[] =>
  linksOf(identity).filter(
    (entry) => entry.organization === undefined && (entry.provider === name || identifierOf(entry) === name),
  );

/**
 * Why a provider cannot be unlinked; undefined: it can. Somebody with one way
 * gets that answer before anything else (docs/compatibility.md, rule 17).
 *
 * @param name as in `linksNamed`
 * @param firstFactors how many first factors the person has, of every kind
 */
export const mustStayLinked = (
  providers: Providers,
  identity: Pick<IdentityRecord, "credentials">,
  name: string,
  firstFactors: number,
): Forbidden | undefined => {
  if (firstFactors < 2) return forbidden(lastFirstFactor());
  const links = linksNamed(identity, name);
  const [first] = links;
  if (first === undefined || !providers.get(first.provider)) return forbidden(cannotUnlink());
  return firstFactors - links.length < 1 ? forbidden(lastFirstFactor()) : undefined;
};
