import { serviceError } from "../errors/service-error.ts";
import { forbiddenNames } from "../lib/forbidden-names.ts";

/** UTF-16 units. The longest thing a person sends, a passkey's attestation, is a few thousand. */
const maxText = 65_536;
const maxDepth = 32;
const maxValues = 10_000;

/** How long a path is shown: it is made of names that the client chose. */
const shown = 200;

/** Checks that a text is well-formed Unicode, for no store keeps half a surrogate pair. @throws INVALID_FIELD */
export const checkText = (text: string, path: string): void => {
  if (!text.isWellFormed()) throw invalidField(path, "is not well-formed Unicode");
};

const checkShortText = (text: string, path: string): void => {
  if (text.length > maxText) throw invalidField(path, "is too long");
  checkText(text, path);
};

/** Checks the paths of a field mask: as many and as long as free JSON may be. @throws INVALID_FIELD */
export const checkPaths = (paths: readonly string[], path: string): void => {
  if (paths.length > maxValues) throw invalidField(path, "has too many paths");
  for (const [index, text] of paths.entries()) checkShortText(text, `${path}.paths.${index}`);
};

/** Checks free JSON: its depth, size, texts and names. @throws INVALID_FIELD */
export const checkJson = (value: unknown, path: string): void => {
  let left = maxValues;
  const walk = (item: unknown, at: string, depth: number) => {
    left -= 1;
    if (left < 0) throw invalidField(path, "has too many values");
    if (typeof item !== "object" || item === null) return checkScalar(item, at);
    if (depth > maxDepth) throw invalidField(at, "is nested too deeply");
    // The keys of an array are its indices.
    for (const key of Object.keys(item)) {
      const child = `${at}.${key}`;
      if (forbiddenNames.has(key)) throw invalidField(child, "has a name that is not allowed");
      checkShortText(key, child);
      walk((item as Readonly<Record<string, unknown>>)[key], child, depth + 1);
    }
  };
  walk(value, path, 1);
};

const checkScalar = (value: unknown, path: string): void => {
  if (typeof value === "string") checkShortText(value, path);
  if (typeof value === "number" && !Number.isFinite(value)) throw invalidField(path, "is not a number that JSON has");
};

/** A field that breaks a rule: `what` follows its name. */
export const invalidField = (path: string, what: string) => {
  const field = path.length > shown ? `${path.slice(0, shown)}…` : path;
  return serviceError("INVALID_FIELD", {
    field: field.toWellFormed(),
    explain: `The field ${field.toWellFormed()} ${what}.`,
  });
};
