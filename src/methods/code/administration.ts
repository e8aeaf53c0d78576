import { readAddress } from "../../challenge/address.ts";
import { serviceError } from "../../errors/service-error.ts";
import { normaliseAddress } from "../../schema/normalise.ts";
import type { CredentialAdministration, CredentialImporter } from "../contract/administration.ts";
import { CODE, channelOf } from "./credential.ts";

/** What operators may do with the addresses that codes go to: they are shown, and go with the traits. */
export const codeAdministration: CredentialAdministration = {
  type: CODE,
  deletion: "never",
  version: 1,
  reveal: (config) => config,
  revealWithout: (identity) => ({
    addresses: (identity.credentials[CODE]?.identifiers ?? []).map((address) => ({
      channel: channelOf(identity, address),
      address,
    })),
  }),
};

const at = "credentials.code.config.addresses";

/** An address as it is stored; undefined for none. What the schema takes for one in the traits may be named again. */
const readGiven = (channel: "email" | "sms", address: string, ofTraits: readonly string[]): string | undefined => {
  const normal = normaliseAddress(channel, address);
  if (ofTraits.includes(normal)) return normal;
  const read = readAddress(address, channel === "sms");
  return read?.via === channel ? read.value : undefined;
};

/** Sets the addresses that codes go to, beside those of the traits. @throws INVALID_FIELD */
export const importCodeAddresses: CredentialImporter<"code"> = async ({ config }, { identifiers, stored }) => {
  const given = (config?.addresses ?? []).map(({ channel, address }, index) => {
    if (channel !== "email" && channel !== "sms")
      throw serviceError("INVALID_FIELD", {
        field: `${at}.${index}.channel`,
        explain: "The channel of an address is email or sms.",
      });
    const value = readGiven(channel, address, identifiers);
    if (value === undefined)
      throw serviceError("INVALID_FIELD", {
        field: `${at}.${index}.address`,
        explain: "This is no address of its channel.",
      });
    return value;
  });
  return {
    type: CODE,
    config: null,
    facts: {},
    identifiers: [...new Set([...identifiers, ...given])],
    replaces: stored?.version,
  };
};
