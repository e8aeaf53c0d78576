import { type AddressPolicy, hostnameOf, isPublicName } from "./address-policy.ts";

/** What the configuration says of connections to other servers. */
export interface AddressRulesOptions {
  /** Development: plain HTTP may go anywhere. */
  readonly dev?: boolean;
  /** Hosts that the configuration names must be public as well. */
  readonly disallowPrivate?: boolean;
  /** URLs that `disallowPrivate` does not hold for: `*` stands for anything but dots and slashes, `**` for anything. */
  readonly exceptions?: readonly string[];
}

/** Which addresses a URL may lead to. */
export interface AddressRules {
  /** `isConfigured`: the host was named by the configuration, not by another server. */
  addressesOf(url: URL, isConfigured: boolean): "any" | "public";
  /** The same for what must not cross the public Internet in the clear. Undefined: the URL is not asked at all. */
  policyOf(url: URL, isConfigured: boolean): AddressPolicy | undefined;
  /** Whether a URL's scheme will do for its host: https, or plain HTTP within a private network. */
  isSafe(url: string): boolean;
}

/**
 * Creates the rules. A host that the configuration names may be anywhere,
 * unless private networks are ruled out; one that another server names must be
 * on the public Internet. Plain HTTP does not cross that, except in development.
 */
export const createAddressRules = ({
  dev = false,
  disallowPrivate = false,
  exceptions = [],
}: AddressRulesOptions = {}): AddressRules => {
  const isExcepted = exceptions.map(toExpression);
  const rules: AddressRules = {
    isSafe: (text) => {
      const url = URL.parse(text);
      return url?.protocol === "https:" || (url?.protocol === "http:" && (dev || !isPublicName(hostnameOf(url))));
    },
    addressesOf: (url, isConfigured) => {
      const mayBePrivate =
        isConfigured &&
        (!disallowPrivate || isExcepted.some((expression) => expression.test(`${url.origin}${url.pathname}`)));
      return mayBePrivate ? "any" : "public";
    },
    policyOf: (url, isConfigured) => {
      if (!rules.isSafe(url.href)) return undefined;
      const addresses = rules.addressesOf(url, isConfigured);
      if (url.protocol === "https:" || dev) return addresses;
      return addresses === "public" ? undefined : "private";
    },
  };
  return rules;
};

const toExpression = (pattern: string): RegExp => {
  const parts = pattern
    .split(/(\*\*|\*)/)
    .map((part) => (part === "**" ? ".*" : part === "*" ? "[^./]*" : part.replace(/[\\^$.|?+()[\]{}]/g, "\\$&")));
  return new RegExp(`^${parts.join("")}$`);
};
