import { timestampDate } from "@bufbuild/protobuf/wkt";
import { serviceError } from "../../errors/service-error.ts";
import type { Clock } from "../../lib/clock.ts";
import type { CredentialAdministration, CredentialImporter } from "../contract/administration.ts";
import { type CodeSecrets, LOOKUP_SECRET, readCode, setCodes } from "./credential.ts";

/** Creates what operators may do with backup codes. */
export const createLookupSecretAdministration = (secrets: CodeSecrets): CredentialAdministration => ({
  type: LOOKUP_SECRET,
  deletion: "always",
  version: 1,
  reveal: (config, { id }) => ({
    recovery_codes: (secrets.open(id, { version: 0, config }) ?? []).map(({ code, usedAt }) => ({
      code,
      used_at: usedAt ?? null,
    })),
  }),
});

const at = "credentials.lookup_secret.config.codes";

/** Creates the import of backup codes; those that were used stay used. */
export const createLookupSecretImporter =
  ({ secrets, clock }: { readonly secrets: CodeSecrets; readonly clock: Clock }): CredentialImporter<"lookupSecret"> =>
  async ({ config }, { identityId, stored }) => {
    const given = (config?.codes ?? []).map(({ code, usedAt }) => ({
      code: readCode(code),
      usedAt: usedAt && timestampDate(usedAt).toISOString(),
    }));
    if (given.length === 0 || given.some(({ code }) => !/^[a-z0-9]{6,32}$/.test(code)))
      throw serviceError("INVALID_FIELD", { field: at, explain: "Each code is of 6 to 32 letters and digits." });
    if (new Set(given.map(({ code }) => code)).size < given.length)
      throw serviceError("INVALID_FIELD", { field: at, explain: "A code is there twice." });
    return setCodes(secrets.seal(identityId, given), stored, clock.now().toISOString());
  };
