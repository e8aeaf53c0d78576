import { createHmac } from "node:crypto";

/** Letters that stay visible at each end of what is masked. */
const VISIBLE = 2;
const MASK = "****";

/** An address as it may be shown to whoever named another one of the same account: `an****@example.com`, `+4****01`. */
export const maskAddress = (address: string): string => {
  const at = address.lastIndexOf("@");
  if (at < 0) return `${address.slice(0, VISIBLE)}${MASK}${address.slice(-VISIBLE)}`;
  const name = [...address.slice(0, at)];
  return `${name.slice(0, Math.min(VISIBLE, name.length - 1)).join("")}${MASK}${address.slice(at)}`;
};

/**
 * What stands for an address among masked ones of a flow: the server tells which it is, and nobody else reads it or
 * tries out what it could be.
 */
export const addressChoice = (key: string, flowId: string, address: string): string =>
  createHmac("sha256", key)
    .update(`recovery address ${JSON.stringify([flowId, address])}`)
    .digest("base64");
