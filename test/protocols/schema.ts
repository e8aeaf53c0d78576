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

const { traits } = identitySchema.properties;
const { email } = traits.properties;

/** The same, in which people also sign in with codes, by mail and by text message. */
const codeSchema = {
  ...identitySchema,
  properties: {
    traits: {
      ...traits,
      properties: {
        ...traits.properties,
        email: {
          ...email,
          "ory.sh/kratos": {
            ...email["ory.sh/kratos"],
            credentials: { password: { identifier: true }, code: { identifier: true, via: "email" } },
          },
        },
        phone: {
          type: "string",
          format: "tel",
          "ory.sh/kratos": { credentials: { code: { identifier: true, via: "sms" } }, verification: { via: "sms" } },
        },
      },
    },
  },
};

/** The same, with more addresses to come back through. */
const severalAddressesSchema = {
  ...identitySchema,
  properties: {
    traits: {
      ...traits,
      properties: {
        ...traits.properties,
        second: { type: "string", format: "email", "ory.sh/kratos": { recovery: { via: "email" } } },
        phone: { type: "string", format: "tel", "ory.sh/kratos": { recovery: { via: "sms" } } },
      },
    },
  },
};

const urlOf = (schema: object): string => `base64://${Buffer.from(JSON.stringify(schema)).toString("base64")}`;

/** The schema as a URL of the configuration. */
export const identitySchemaUrl = urlOf(identitySchema);

/** The schema with codes, the same way. */
export const codeSchemaUrl = urlOf(codeSchema);

/** The schema with several recovery addresses, the same way. */
export const severalAddressesSchemaUrl = urlOf(severalAddressesSchema);
