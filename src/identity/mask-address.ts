/** Letters that stay visible at each end of what is masked. */
const VISIBLE = 2;
const MASK = "****";

/**
 * An address as somebody may see it who knows another one of the same account, to tell which it is:
 * `an****@example.com`, `+4****01`. Whoever has had it recognizes it, and nobody else can write to it.
 */
export const maskAddress = (address: string): string => {
  const at = address.lastIndexOf("@");
  if (at < 0) return `${address.slice(0, VISIBLE)}${MASK}${address.slice(-VISIBLE)}`;
  const name = [...address.slice(0, at)];
  return `${name.slice(0, Math.min(VISIBLE, name.length - 1)).join("")}${MASK}${address.slice(at)}`;
};
