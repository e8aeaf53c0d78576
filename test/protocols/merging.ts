import type { JsonObject } from "@bufbuild/protobuf";
import { MergeService } from "../../gen/ostiary/account/v1/merge_service_pb.ts";
import { IdentityAdminService } from "../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { merge, type Raw } from "../../src/config/tree.ts";
import { withFactors } from "./factors.ts";
import { nativeRest } from "./json-rest.ts";
import { withKeys } from "./keys.ts";
import { done, operatorRest } from "./operators.ts";
import { asOwner } from "./owners.ts";
import { enterAs, newEmail, newPassword, type Person } from "./person.ts";
import type { Protocol, Visitor } from "./protocol.ts";
import { identitySchemaUrl } from "./schema.ts";
import type { TestServer } from "./server.ts";

/* Two accounts of somebody, and what makes one of them. */

/** The schema of the tests, with a list that holds further addresses. */
const schemaUrl = (): string => {
  const schema = JSON.parse(Buffer.from(identitySchemaUrl.replace("base64://", ""), "base64").toString()) as {
    properties: { traits: { properties: Record<string, JsonObject> } };
  };
  const { properties } = schema.properties.traits;
  const use = properties.email?.["ory.sh/kratos"] as { credentials: JsonObject };
  Object.assign(use.credentials, { webauthn: { identifier: true }, passkey: { display_name: true } });
  properties.others = {
    type: "array",
    items: {
      type: "string",
      format: "email",
      "ory.sh/kratos": { verification: { via: "email" }, recovery: { via: "email" } },
    },
  };
  return `base64://${Buffer.from(JSON.stringify(schema)).toString("base64")}`;
};

/** What a server needs for merges of accounts with every kind of credential. */
export const withMerging: Raw = merge(withKeys(withFactors), {
  account: { merge: { enabled: true } },
  identity: { schemas: [{ id: "person", url: schemaUrl() }] },
});

/** An account, and a device that is signed in to it. */
export interface Account extends Person {
  readonly visitor: Visitor;
}

/** Makes an account with a password, and what else is given of an identity. */
export const newAccount = async (
  server: TestServer,
  { credentials = {}, traits = {} }: { readonly credentials?: JsonObject; readonly traits?: JsonObject } = {},
  protocol: Protocol = nativeRest,
): Promise<Account> => {
  const [email, password] = [newEmail(), newPassword()];
  const answer = await operatorRest.call(server.adminUrl, IdentityAdminService.method.createIdentity, {
    schema_id: "person",
    traits: { email, ...traits },
    credentials: { password: { config: { password } }, ...credentials },
    verifiable_addresses: [{ value: email, via: "email", verified: true, status: "completed" }],
  });
  const { identity } = done(answer) as { identity: { id: string } };
  const person = { id: identity.id, email, password };
  return { ...person, visitor: await enterAs(protocol, server, person) };
};

/** Begins a merge into one account and offers the other one. */
export const offerTo = async (server: TestServer, into: Visitor, from: Visitor): Promise<void> => {
  const ask = asOwner(operatorRest, server);
  const { code } = done(await ask(into, MergeService.method.beginMerge));
  done(await ask(from, MergeService.method.offerMerge, { code: String(code) }));
};

/** What a merge would do. */
export interface ShownMerge {
  readonly identity_id: string;
  readonly items: readonly {
    readonly kind: string;
    readonly name: string;
    readonly comes: boolean;
    readonly reason: string;
  }[];
  readonly refusals: readonly string[];
  readonly etag: string;
}

/** Looks at the merge that waits for a session. */
export const shownTo = async (server: TestServer, visitor: Visitor): Promise<ShownMerge> =>
  done(await asOwner(operatorRest, server)(visitor, MergeService.method.getMerge)).merge as unknown as ShownMerge;
