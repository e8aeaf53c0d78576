/** Whether a type of event is among `patterns`: names, or beginnings of names followed by `*`. */
export const matchesType = (patterns: readonly string[], type: string): boolean =>
  patterns.some((pattern) => (pattern.endsWith("*") ? type.startsWith(pattern.slice(0, -1)) : pattern === type));
