import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

let names: Readonly<Record<string, string>> | undefined;

/**
 * What the make of an authenticator is called, by its AAGUID; empty where nobody knows. The list is read once somebody
 * asks. It is a name for people, and proves nothing: authenticators say of themselves what they like.
 */
export const nameOfModel = (aaguid: string): string => {
  names ??= JSON.parse(readFileSync(fileURLToPath(import.meta.resolve("aaguids/aaguids.json")), "utf8")) as Record<
    string,
    string
  >;
  return Object.hasOwn(names, aaguid) ? (names[aaguid] ?? "") : "";
};
