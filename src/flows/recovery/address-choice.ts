import { createHmac } from "node:crypto";

/**
 * What stands for an address among masked ones of a flow: the server tells which it is, and nobody else reads it or
 * tries out what it could be.
 */
export const addressChoice = (key: string, flowId: string, address: string): string =>
  createHmac("sha256", key)
    .update(`recovery address ${JSON.stringify([flowId, address])}`)
    .digest("base64");
