import { merge, type Raw } from "../../src/config/tree.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/** Every kind of field that an identity schema makes. */
const schema = {
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
          "ory.sh/kratos": { credentials: { password: { identifier: true } } },
        },
        name: {
          type: "object",
          properties: {
            first: { type: "string", title: "First name", maxLength: 20 },
            last: { type: "string", title: "Last name" },
          },
        },
        age: { type: "integer", title: "Age", minimum: 18 },
        newsletter: { type: "boolean", title: "Newsletter" },
        plan: { type: "string", title: "Plan", enum: ["free", "team"] },
        birthday: { type: "string", format: "date", title: "Birthday" },
        since: { type: "string", format: "date-time", title: "Member since" },
        website: { type: "string", format: "uri" },
        tags: { type: "array", items: { type: "string" } },
      },
      required: ["email"],
      additionalProperties: false,
    },
  },
};

/** What makes the pages the server's own. */
export const withPages: Raw = {
  selfservice: {
    default_browser_return_url: "/hosted/settings",
    flows: {
      settings: { ui_url: "/hosted/settings" },
      login: { ui_url: "/hosted/login" },
      registration: { ui_url: "/hosted/registration" },
      logout: { after: { default_browser_return_url: "/hosted/login" } },
      error: { ui_url: "/hosted/error" },
    },
  },
  identity: { schemas: [{ id: "person", url: `base64://${Buffer.from(JSON.stringify(schema)).toString("base64")}` }] },
};

/** Starts a server whose pages are its own. */
export const startHostedServer = (overrides: Raw = {}): Promise<TestServer> =>
  startServer({ overrides: merge(withPages, overrides) });
