import type { Via } from "./extension.ts";

/* Which of the identifiers and addresses of traits a message can go to. */

/** What traits are good for, normalised: the part of `Uses` that people are found by. */
interface FoundBy {
  readonly identifiers: Readonly<Record<string, readonly string[]>>;
  readonly verifiable: readonly { readonly via: string; readonly value: string }[];
  readonly recovery: readonly { readonly via: string; readonly value: string }[];
}

/** An address, normalised. */
interface ReachableAddress {
  readonly via: Via;
  readonly value: string;
}

/** How an address is reached, by how it looks. */
export const viaOfValue = (value: string): Via => (value.includes("@") ? "email" : "sms");

/**
 * Every address that traits have, each once: what is verified or brings an account back, and whatever people sign in
 * with that a message can go to. Of an identifier without an at sign the schema alone tells whether it is a number.
 */
export const reachableIn = ({
  identifiers: { code = [], ...others },
  verifiable,
  recovery,
}: FoundBy): readonly ReachableAddress[] => {
  const addresses = [...verifiable, ...recovery];
  const values = [
    ...addresses.map(({ value }) => value),
    ...code,
    ...Object.values(others)
      .flat()
      .filter((value) => viaOfValue(value) === "email"),
  ];
  const viaOf = (value: string): Via => {
    const known = addresses.find((address) => address.value === value);
    return known === undefined ? viaOfValue(value) : known.via === "sms" ? "sms" : "email";
  };
  return [...new Set(values)].map((value) => ({ via: viaOf(value), value }));
};

/** Those of them that nobody vouches for: where accounts are hidden, nobody else learns whether somebody has one. */
export const unprovenIn = (
  traits: FoundBy,
  verified: readonly { readonly value: string }[] = [],
): readonly ReachableAddress[] =>
  reachableIn(traits).filter(({ value }) => !verified.some((address) => address.value === value));

/** The identifiers and addresses of traits whose value fits. */
export const usesWhere = (
  { identifiers, verifiable, recovery }: FoundBy,
  fits: (value: string) => boolean,
): FoundBy => ({
  identifiers: Object.fromEntries(Object.entries(identifiers).map(([type, list]) => [type, list.filter(fits)])),
  verifiable: verifiable.filter(({ value }) => fits(value)),
  recovery: recovery.filter(({ value }) => fits(value)),
});
