import type { JsonObject } from "@bufbuild/protobuf";
import { serviceError } from "../../errors/service-error.ts";
import type { ValidTraits } from "../../identity/identity.ts";
import type { IdentitySchema } from "../../schema/identity-schema.ts";
import type { Schemas } from "../../schema/sources.ts";
import { validateTraits } from "../../schema/validate.ts";

/** The schema that an operator names. @throws INVALID_FIELD */
export const mustBeSchema = (schemas: Schemas, id: string): IdentitySchema => {
  const schema = schemas.list().find((each) => each.id === id);
  if (schema === undefined)
    throw serviceError("INVALID_FIELD", { field: "schema_id", explain: "There is no identity schema of this id." });
  return schema;
};

/** Traits that fit their schema. @throws INVALID_FIELD, naming the first trait that does not */
export const mustFit = (schema: IdentitySchema, traits: JsonObject): ValidTraits => {
  const verdict = validateTraits(schema, traits);
  if (verdict.kind === "valid") return verdict;
  const said = verdict.messages.map(({ node, text }) => `${node}: ${text.text}`);
  throw serviceError("INVALID_FIELD", {
    field: verdict.messages[0]?.node ?? "traits",
    explain: said.slice(0, 5).join("; "),
  });
};
