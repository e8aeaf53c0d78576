import { isOfValues } from "../../db/sql-error.ts";
import { type ServiceError, serviceError } from "../../errors/service-error.ts";

/** The columns that have what an operator gives, and its field in the document; undefined: it may be of several. */
const fields: Readonly<Record<string, Readonly<Record<string, string | undefined>>>> = {
  identities: {
    external_id: "external_id",
    schema_id: "schema_id",
    traits: "traits",
    addresses: "traits",
    credentials: "credentials",
    metadata_public: "metadata_public",
    metadata_admin: "metadata_admin",
  },
  identity_credentials: { config: "credentials" },
  identity_identifiers: { identifier: undefined },
  identity_addresses: { value: "traits" },
};

/**
 * The failure of whoever gave a value of an identity that the database does not take: too long or out of range for its
 * column, not of its character set, or against a check. Undefined: the error is none of those. Of duplicates the
 * caller knows more.
 */
export const refusedValue = (error: unknown): ServiceError | undefined => {
  if (!isOfValues(error)) return undefined;
  const { code, column, statement } = error;
  const [, table = ""] = /^(?:INSERT INTO|UPDATE) (\w+)/.exec(statement) ?? [];
  const columns = Object.hasOwn(fields, table) ? fields[table] : undefined;
  if (columns === undefined || (column !== undefined && !Object.hasOwn(columns, column))) return undefined;
  const field = column === undefined ? undefined : columns[column];
  return serviceError("INVALID_FIELD", {
    ...(field !== undefined && { field }),
    explain: `The database does not take a value${column === undefined ? "" : ` of ${column}`} (${code}).`,
    cause: error,
  });
};
