/**
 * Names that no member of free JSON may have, traits among it: they mean something to every JavaScript object, so a
 * careless copy elsewhere could act on them.
 */
export const forbiddenNames: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);
