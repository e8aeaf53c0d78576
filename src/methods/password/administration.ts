import { serviceError } from "../../errors/service-error.ts";
import { findCostFault, type HashCost, readHashFormat } from "../../lib/hashing/hash-format.ts";
import type { CredentialAdministration, CredentialImporter } from "../contract/administration.ts";
import { PASSWORD, setPassword } from "./credential.ts";
import { migrating } from "./migration.ts";
import type { Passwords } from "./passwords.ts";

/** What operators may do with passwords. */
export const passwordAdministration: CredentialAdministration = {
  type: PASSWORD,
  deletion: "unless_last",
  version: 1,
  reveal: (config) => config,
};

const at = "credentials.password.config";

/** Creates the import of passwords: in clear text they are hashed as configured, hashes are stored as they are. */
export const createPasswordImporter =
  ({
    passwords,
    maxCost,
  }: {
    readonly passwords: Pick<Passwords, "hash" | "migration">;
    readonly maxCost: HashCost;
  }): CredentialImporter<"password"> =>
  async ({ config }, { stored }) => {
    const { password = "", hashedPassword = "", usePasswordMigrationHook = false } = config ?? {};
    if (hashedPassword !== "") return setPassword(importableHash(hashedPassword, maxCost), stored);
    if (password === "" && usePasswordMigrationHook) {
      // Whoever was imported so could never sign in.
      if (passwords.migration === undefined)
        throw serviceError("INVALID_FIELD", {
          field: `${at}.use_password_migration_hook`,
          explain:
            "The configuration has no server that verifies passwords: set migrate_hook of the method password, " +
            "or import hashes.",
        });
      return { type: PASSWORD, config: migrating, facts: {}, replaces: stored?.version };
    }
    if (password === "")
      throw serviceError("INVALID_FIELD", {
        field: at,
        explain: "A password credential needs a password or a hashed_password.",
      });
    return setPassword(await passwords.hash(password), stored);
  };

/**
 * A hash that can be compared with later.
 *
 * @throws INVALID_FIELD, quoting nothing of it
 */
const importableHash = (hash: string, most: HashCost): string => {
  const format = readHashFormat(hash);
  const fault =
    format === undefined ? "its form is not known (docs/admin.md lists those that are)" : findCostFault(format, most);
  if (fault !== undefined)
    throw serviceError("INVALID_FIELD", {
      field: `${at}.hashed_password`,
      explain: `The hash of the password cannot be used: ${fault}.`,
    });
  return hash;
};
