import type { WireIdentity } from "./wire.ts";

/** How a person is called on screen: by their first address, else by the first text among their traits, else by id. */
export const nameOf = (identity: WireIdentity | null | undefined): string =>
  identity?.verifiable_addresses?.[0]?.value ?? firstText(identity?.traits) ?? identity?.id ?? "";

const firstText = (value: unknown): string | undefined => {
  if (typeof value === "string") return value === "" ? undefined : value;
  if (typeof value !== "object" || value === null) return undefined;
  for (const member of Object.values(value)) {
    const text = firstText(member);
    if (text !== undefined) return text;
  }
  return undefined;
};
