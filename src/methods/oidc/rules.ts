import type { IdentityRecord } from "../../identity/identity.ts";
import type { FormMessage } from "../../ui/stored-message.ts";
import { linksOf } from "./credential.ts";
import { cannotLink, cannotUnlink, lastFirstFactor } from "./messages.ts";
import type { Provider, Providers } from "./providers.ts";

/** Why something cannot be done to a person's links. */
export interface Forbidden {
  readonly kind: "forbidden";
  readonly message: FormMessage;
}

const forbidden = (message: FormMessage): Forbidden => ({ kind: "forbidden", message });

/**
 * The provider to link, if the person may: it is there, for everybody, and not
 * linked yet (one account of each provider; docs/compatibility.md, rule 16).
 */
export const mayLink = (
  providers: Providers,
  identity: Pick<IdentityRecord, "credentials">,
  id: string,
): { readonly kind: "provider"; readonly provider: Provider } | Forbidden => {
  const provider = providers.get(id);
  if (!provider || provider.organizationId !== undefined || linksOf(identity).some((entry) => entry.provider === id))
    return forbidden(cannotLink());
  return { kind: "provider", provider };
};

/**
 * Why a provider cannot be unlinked; undefined: it can. Somebody with one way
 * gets that answer before anything else (docs/compatibility.md, rule 17).
 *
 * @param firstFactors how many first factors the person has, of every kind
 */
export const mustStayLinked = (
  providers: Providers,
  identity: Pick<IdentityRecord, "credentials">,
  id: string,
  firstFactors: number,
): Forbidden | undefined => {
  if (firstFactors < 2) return forbidden(lastFirstFactor());
  const links = linksOf(identity).filter((entry) => entry.provider === id && entry.organization === undefined);
  if (links.length === 0 || !providers.get(id)) return forbidden(cannotUnlink());
  // Every link of the provider goes.
  return firstFactors - links.length < 1 ? forbidden(lastFirstFactor()) : undefined;
};
