import type { JsonObject } from "@bufbuild/protobuf";
import { compileIdentitySchema, type IdentitySchema } from "../../../src/schema/identity-schema.ts";

const keyword = "ory.sh/kratos";

/** Wraps the schema of the traits into a document. */
export const documentOf = (traits: JsonObject, more: JsonObject = {}): JsonObject => ({
  $schema: "http://json-schema.org/draft-07/schema#",
  type: "object",
  properties: { traits: { type: "object", ...traits } },
  ...more,
});

/** Compiles the schema of some traits. */
export const schemaOf = (traits: JsonObject, more: JsonObject = {}): IdentitySchema =>
  compileIdentitySchema({ id: "test", json: documentOf(traits, more), publicUrl: "http://127.0.0.1:4433/" });

/** A person with a trait of every kind. */
export const person = schemaOf({
  properties: {
    email: {
      type: "string",
      format: "email",
      title: "E-Mail",
      minLength: 3,
      [keyword]: {
        credentials: { password: { identifier: true }, webauthn: { identifier: true } },
        verification: { via: "email" },
        recovery: { via: "email" },
      },
    },
    name: {
      type: "object",
      properties: {
        first: { type: "string", title: "First Name", maxLength: 40 },
        last: { type: "string", title: "Last Name" },
      },
    },
    age: { type: "integer", title: "Age", minimum: 18 },
    newsletter: { type: "boolean", title: "Newsletter" },
    plan: { type: "string", title: "Plan", enum: ["free", "team", "company"] },
    tags: { type: "array", items: { type: "string" } },
    website: { type: "string", format: "uri" },
  },
  required: ["email"],
  additionalProperties: false,
});
