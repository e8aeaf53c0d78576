import { serviceError } from "../../errors/service-error.ts";
import type { IdentitySchema } from "../../schema/identity-schema.ts";
import type { Schemas } from "../../schema/sources.ts";
import type { FlowRecord } from "../shared/flow.ts";

/** What a registration flow stores between requests. */
export interface RegistrationContext {
  /** The identity schema the person signs up with. */
  readonly schemaId: string;
  /** In two steps: whether the traits hold already. */
  readonly step: "traits" | "credentials";
}

/** Reads the context of a registration flow. */
export const registrationContext = ({ context }: FlowRecord): RegistrationContext => ({
  schemaId: String(context.schema_id),
  step: context.step === "credentials" ? "credentials" : "traits",
});

/** Makes the context of a registration flow. */
export const writeRegistrationContext = ({ schemaId, step }: RegistrationContext) => ({ schema_id: schemaId, step });

/** The schema that someone signs up with: the default one for whoever began with a login flow. */
export const schemaOf = (schemas: Schemas, flow: FlowRecord): IdentitySchema =>
  flow.kind === "registration" ? schemas.must(registrationContext(flow).schemaId) : schemas.default;

/**
 * The schema to sign up with: the default one, or one that may be chosen.
 *
 * @throws INVALID_FIELD
 */
export const mustBeSelectable = (schemas: Schemas, id: string): IdentitySchema => {
  if (id === "") return schemas.default;
  const schema = schemas.get(id);
  if (schema === undefined || (schema !== schemas.default && !schema.selectable)) {
    throw serviceError("INVALID_FIELD", {
      field: "identity_schema",
      explain: "There is no identity schema of this id to sign up with.",
    });
  }
  return schema;
};
