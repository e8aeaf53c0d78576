import type { JsonObject } from "@bufbuild/protobuf";
import { InvitationAdminService } from "../../gen/ostiary/account/v1/invitation_admin_service_pb.ts";
import { InvitationService } from "../../gen/ostiary/account/v1/invitation_service_pb.ts";
import { MergeService } from "../../gen/ostiary/account/v1/merge_service_pb.ts";
import { IdentityAdminService } from "../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { merge, type Raw } from "../../src/config/tree.ts";
import { withFactors } from "./factors.ts";
import { nativeRest } from "./json-rest.ts";
import { withKeys } from "./keys.ts";
import { lastMessageTo } from "./messages.ts";
import { done, operatorRest } from "./operators.ts";
import { asOwner } from "./owners.ts";
import { enterAs, newEmail, newPassword, type Person } from "./person.ts";
import type { Protocol, Visitor } from "./protocol.ts";
import { identitySchemaUrl } from "./schema.ts";
import type { TestServer } from "./server.ts";

/* Two accounts of somebody, and what makes one of them. */

const email = { via: "email" };

/** The schema of the tests with further traits, and an address that finds keys. */
const schemaUrl = (further: JsonObject): string => {
  const schema = JSON.parse(Buffer.from(identitySchemaUrl.replace("base64://", ""), "base64").toString()) as {
    properties: { traits: { properties: Record<string, JsonObject> } };
  };
  const { properties } = schema.properties.traits;
  const use = properties.email?.["ory.sh/kratos"] as { credentials: JsonObject };
  Object.assign(use.credentials, { webauthn: { identifier: true }, passkey: { display_name: true } });
  Object.assign(properties, further);
  return `base64://${Buffer.from(JSON.stringify(schema)).toString("base64")}`;
};

const addressOf = (uses: JsonObject): JsonObject => ({ type: "string", format: "email", "ory.sh/kratos": uses });

/**
 * What a server needs for merges of accounts with every kind of credential. A `person` has a list that holds further
 * addresses, a `narrow` one has none; `plain` people sign in with no password; who has a `contact` has an address that
 * is good for verification, or for recovery, and for nothing else.
 */
export const withMerging: Raw = merge(withKeys(withFactors), {
  account: { merge: { enabled: true } },
  identity: {
    schemas: [
      {
        id: "person",
        url: schemaUrl({ others: { type: "array", items: addressOf({ verification: email, recovery: email }) } }),
      },
      { id: "narrow", url: schemaUrl({}) },
      {
        id: "plain",
        url: schemaUrl({
          email: addressOf({
            credentials: { webauthn: { identifier: true }, passkey: { display_name: true } },
            verification: email,
          }),
        }),
      },
      { id: "verified", url: schemaUrl({ contact: addressOf({ verification: email }) }) },
      { id: "recovered", url: schemaUrl({ contact: addressOf({ recovery: email }) }) },
    ],
  },
});

/** An account, and a device that is signed in to it. */
export interface Account extends Person {
  readonly visitor: Visitor;
}

/** What is given of an identity besides its address and password. */
interface Given {
  readonly credentials?: JsonObject;
  readonly traits?: JsonObject;
  /** Its other members, in the place of the usual ones. */
  readonly more?: JsonObject;
}

/** Makes an account with a password, and what else is given of an identity. */
export const newAccount = async (
  server: TestServer,
  { credentials = {}, traits = {}, more = {} }: Given = {},
  protocol: Protocol = nativeRest,
): Promise<Account> => {
  const [email, password] = [newEmail(), newPassword()];
  const answer = await operatorRest.call(server.adminUrl, IdentityAdminService.method.createIdentity, {
    schema_id: "person",
    traits: { email, ...traits },
    credentials: { password: { config: { password } }, ...credentials },
    verifiable_addresses: [{ value: email, via: "email", verified: true, status: "completed" }],
    ...more,
  });
  const { identity } = done(answer) as { identity: { id: string } };
  const person = { id: identity.id, email, password };
  return { ...person, visitor: await enterAs(protocol, server, person) };
};

/** An account of somebody who was invited, and has nothing yet to sign in with. */
export const newInvited = async (server: TestServer, schema = "person"): Promise<Omit<Account, "password">> => {
  const address = newEmail();
  const { inviteIdentity } = InvitationAdminService.method;
  const { invitation } = done(
    await operatorRest.call(server.adminUrl, inviteIdentity, { schema_id: schema, traits: { email: address } }),
  ) as { invitation: { identity_id: string } };
  const token = new URL((await lastMessageTo(server, address)).url).searchParams.get("token") ?? "";
  const { acceptInvitation } = InvitationService.method;
  const accepted = done(await operatorRest.call(server.url, acceptInvitation, { token, flow_type: "api" }));
  const visitor = nativeRest.enter(server);
  visitor.credentials.token = String(accepted.session_token);
  return { id: invitation.identity_id, email: address, visitor };
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
