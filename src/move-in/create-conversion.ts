import type { Config } from "../config/config.ts";
import { createAead } from "../lib/aead.ts";
import { createAddressRules } from "../lib/outbound/address-rules.ts";
import { createCodeSecrets } from "../methods/lookup_secret/credential.ts";
import { createTotpSecrets } from "../methods/totp/credential.ts";
import { loadSchemas } from "../schema/sources.ts";
import type { Conversion } from "./convert/conversion.ts";
import { createConvertPerson } from "./convert/convert-person.ts";
import { createSourceCipher } from "./source/cipher.ts";
import type { SourcePerson } from "./source/source-person.ts";

/** What the configuration here says of people. */
type Here = Pick<Config, "ciphers" | "clients" | "hashers" | "identity" | "secrets" | "serve">;

/**
 * Creates the conversion of people between two configurations: what the source encrypted is opened with its secrets and
 * encrypted with those here.
 *
 * @throws SchemaLoadError
 */
export const createConversion = async (
  { ciphers, clients, hashers, identity, secrets, serve }: Here,
  source: Pick<Config, "ciphers" | "secrets">,
): Promise<(person: SourcePerson) => Conversion> => {
  const schemas = await loadSchemas(identity, {
    publicBaseUrl: serve.public.base_url,
    addressRules: createAddressRules(clients.http),
  });
  const aead = createAead({
    algorithm: ciphers.algorithm === "noop" ? "aes" : ciphers.algorithm,
    keys: secrets.cipher,
  });
  return createConvertPerson({
    schemas,
    aead,
    totpSecrets: createTotpSecrets(aead),
    codeSecrets: createCodeSecrets(aead, secrets.default),
    maxCost: hashers.max_cost,
    open: createSourceCipher(source.secrets.cipher, source.ciphers.algorithm === "noop"),
  });
};
