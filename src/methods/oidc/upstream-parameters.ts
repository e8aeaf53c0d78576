/**
 * What a client may pass on to the provider. `login_hint` is accepted in forms
 * and goes no further, (docs/compatibility.md, rule 18): who is signing
 * in is not sent to a provider before the person chose it.
 */
const FORWARDED: ReadonlySet<string> = new Set(["hd", "prompt", "auth_type", "acr_values"]);
const LIMIT = 256;
const PRINTABLE = /^[\x20-\x7e]+$/;

/** Filters what a client wants passed on to the provider. */
export const filterUpstream = (sent: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(sent).filter((entry): entry is [string, string] => {
      const [name, value] = entry;
      return FORWARDED.has(name) && value !== undefined && value.length <= LIMIT && PRINTABLE.test(value);
    }),
  );
