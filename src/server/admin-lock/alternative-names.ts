/** A name of a certificate. */
export interface AlternativeName {
  /** `DNS`, `URI`, `email`, `IP Address`, … */
  readonly kind: string;
  readonly value: string;
}

/** One entry: a kind, and a value, which node writes as a JSON string if it has a comma, a quote or a backslash. */
const entry = /([A-Za-z][A-Za-z ]*):("(?:[^"\\]|\\.)*"|[^",\\]*)(?:, |$)/y;

/**
 * Reads the subjectAltName of a certificate as node has it: `DNS:a.example, URI:"https://x/, DNS:b.example"` has two
 * names.
 *
 * @returns undefined when it is none, so that nothing of it may be believed
 */
export const readAlternativeNames = (text: string): readonly AlternativeName[] | undefined => {
  const names: AlternativeName[] = [];
  const reader = new RegExp(entry);
  while (reader.lastIndex < text.length) {
    const [, kind, value] = reader.exec(text) ?? [];
    const plain = value?.startsWith('"') ? unquoted(value) : value;
    if (kind === undefined || plain === undefined) return undefined;
    names.push({ kind, value: plain });
  }
  return names;
};

const unquoted = (value: string): string | undefined => {
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === "string" ? parsed : undefined;
  } catch {
    return undefined;
  }
};
