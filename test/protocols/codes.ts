import type { Raw } from "../../src/config/tree.ts";
import { type Answer, accepted, type Done, refused, type Submission, type Visitor } from "./protocol.ts";
import { codeSchemaUrl } from "./schema.ts";
import { lastCodeTo } from "./sent-messages.ts";
import type { TestServer } from "./server.ts";

/** Configuration in which people sign up and in with codes. */
export const passwordless: Raw = {
  selfservice: {
    methods: { code: { passwordless_enabled: true, config: { lifespan: "10m" } } },
    flows: { registration: { after: { code: { hooks: [{ hook: "session" }] } } } },
  },
  identity: { schemas: [{ id: "person", url: codeSchemaUrl }] },
  limits: limitsOfTests(),
};

/** Configuration in which a code is the second factor. */
export const secondFactorByCode: Raw = {
  selfservice: { methods: { code: { mfa_enabled: true, config: { lifespan: "10m" } } } },
  identity: { schemas: [{ id: "person", url: codeSchemaUrl }] },
  limits: limitsOfTests(),
};

function limitsOfTests(): Raw {
  return {
    codes: { per_address: 1_000, per_identity: 1_000, per_device: 1_000 },
    messages: { per_address: 1_000, per_device: 1_000, per_network: 10_000 },
  };
}

/** Signs someone up with a code. */
export const signUpWithCode = async (
  server: TestServer,
  visitor: Visitor,
  traits: Submission & { readonly email: string },
): Promise<Answer<Done>> => {
  const flow = accepted(await visitor.registration.create());
  refused(await visitor.registration.update(flow.id, { method: "code", traits }));
  const code = await lastCodeTo(server, traits.email);
  return visitor.registration.update(flow.id, { method: "code", traits, code });
};

/** Signs someone in with a code to this address. */
export const signInWithCode = async (
  server: TestServer,
  visitor: Visitor,
  identifier: string,
  query: Readonly<Record<string, string>> = {},
): Promise<Answer<Done>> => {
  const flow = accepted(await visitor.login.create(query));
  refused(await visitor.login.update(flow.id, { method: "code", identifier }));
  const code = await lastCodeTo(server, identifier);
  return visitor.login.update(flow.id, { method: "code", identifier, code });
};
