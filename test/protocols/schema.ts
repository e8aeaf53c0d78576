/** The identity schema of the tests: one trait of every kind that a rule is about. */
const identitySchema = {
  $schema: "http://json-schema.org/draft-07/schema#",
  type: "object",
  properties: {
    traits: {
      type: "object",
      properties: {
        email: {
          type: "string",
          format: "email",
          title: "E-Mail",
          "ory.sh/kratos": {
            credentials: { password: { identifier: true } },
            verification: { via: "email" },
            recovery: { via: "email" },
          },
        },
        nickname: {
          type: "string",
          maxLength: 20,
          "ory.sh/kratos": { credentials: { password: { identifier: true } } },
        },
        name: {
          type: "object",
          properties: {
            first: { type: "string", title: "First name", minLength: 2 },
            last: { type: "string", title: "Last name" },
          },
          additionalProperties: false,
        },
        website: { type: "string", format: "uri" },
        age: { type: "integer", minimum: 18 },
        newsletter: { type: "boolean" },
        tags: { type: "array", items: { type: "string" } },
      },
      required: ["email"],
      additionalProperties: false,
    },
  },
};

/** The same as a URL of the configuration. */
export const identitySchemaUrl = `base64://${Buffer.from(JSON.stringify(identitySchema)).toString("base64")}`;
