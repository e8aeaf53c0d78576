import type { JsonObject } from "@bufbuild/protobuf";
import { ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MergeService } from "../../../gen/ostiary/account/v1/merge_service_pb.ts";
import { MergeRefusedSchema } from "../../../gen/ostiary/errors/v1/errors_pb.ts";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { enrolCodes, enrolTotp } from "../../protocols/factors.ts";
import { send } from "../../protocols/http.ts";
import { addPasskey, newDevice } from "../../protocols/keys.ts";
import {
  type Account,
  newAccount,
  newInvited,
  offerTo,
  type ShownMerge,
  withMerging,
} from "../../protocols/merging.ts";
import {
  done,
  type OperatorAnswer,
  type OperatorProtocol,
  operatorGrpc,
  operatorRest,
  reasonOf,
} from "../../protocols/operators.ts";
import { asOwner, ownerProtocols } from "../../protocols/owners.ts";
import { newEmail } from "../../protocols/person.ts";
import { accepted } from "../../protocols/protocol.ts";
import { idBytes } from "../../protocols/rows.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* What does not come along when accounts are merged, and what keeps them from being merged: each is named before. */

const rpc = MergeService.method;
const { createIdentity, getIdentity } = IdentityAdminService.method;
let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: withMerging });
});
afterAll(() => server?.stop());

type Side = Pick<Account, "id" | "email" | "visitor">;
const itemsOf = ({ items }: ShownMerge) =>
  items.map(({ kind, comes, reason }) => `${kind} ${comes ? "comes" : reason}`);
const identityOf = async (id: string, more: JsonObject = {}) =>
  done(await operatorRest.call(server.adminUrl, getIdentity, { id, ...more })).identity as JsonObject;
const setConfig = ({ id }: Side, type: string, config: JsonObject) =>
  server.sql("UPDATE identity_credentials SET config = ? WHERE identity_id = ? AND type = ?", [
    JSON.stringify(config),
    idBytes(id),
    type,
  ]);
const setOrganization = ({ id }: Side, organization: string) =>
  server.sql("UPDATE identities SET organization_id = ? WHERE id = ?", [idBytes(organization), idBytes(id)]);
const invitedWithPasskey = async (schema = "person"): Promise<Side> => {
  const invited = await newInvited(server, schema);
  accepted(await addPasskey(invited.visitor, newDevice()));
  return invited;
};
/** So many passkeys, as an operator brings them. */
const keysOf = async (count: number): Promise<JsonObject> => {
  const model = await invitedWithPasskey();
  const { credentials } = await identityOf(model.id, { include_credential: ["passkey"] });
  const { config } = (credentials as { passkey: { config: { credentials: JsonObject[] } } }).passkey;
  const [key = {}] = config.credentials;
  const id = () => Buffer.from(crypto.randomUUID()).toString("base64");
  const credentialsOf = Array.from({ length: count }, (_, at) => ({ ...key, id: id(), display_name: `key ${at}` }));
  return { passkey: { config: { credentials: credentialsOf, user_handle: id() } } };
};

interface Losing {
  readonly what: string;
  readonly into: () => Promise<Side>;
  readonly from: () => Promise<Side>;
  readonly items: readonly string[];
}
const losses: readonly Losing[] = [
  {
    what: "metadata and the id of another system stay with the account that is gone",
    into: () => newAccount(server),
    from: () => newAccount(server, { more: { metadata_public: { plan: "gold" }, external_id: newEmail() } }),
    items: ["password has_own", "address comes", "traits stays", "metadata stays", "external_id stays"],
  },
  {
    what: "a proven address has no place in traits without a list",
    into: () => newAccount(server, { more: { schema_id: "narrow" } }),
    from: () => newAccount(server),
    items: ["password has_own", "address no_place", "traits stays"],
  },
  {
    what: "an address that was never proven is lost",
    into: () => newAccount(server),
    from: () => newAccount(server, { more: { verifiable_addresses: [] } }),
    items: ["password has_own", "address not_verified", "traits stays"],
  },
  {
    what: "a password has nothing to sign in with it by",
    into: () => invitedWithPasskey("plain"),
    from: () => newAccount(server),
    items: ["password no_identifier", "address no_place", "traits stays"],
  },
  {
    what: "a password that another system is still to be asked for is lost",
    into: () => invitedWithPasskey(),
    from: async () => {
      const from = await newAccount(server);
      await setConfig(from, "password", { use_password_migration_hook: true });
      return from;
    },
    items: ["password unreadable", "address comes", "traits stays"],
  },
  {
    what: "second factors whose key is gone are lost",
    into: () => newAccount(server),
    from: async () => {
      const from = await newAccount(server);
      await enrolTotp(from.visitor, server);
      await enrolCodes(from.visitor);
      for (const type of ["totp", "lookup_secret"]) await setConfig(from, type, { sealed: "AAAA" });
      return from;
    },
    items: ["password has_own", "totp unreadable", "lookup_secret unreadable", "address comes", "traits stays"],
  },
];

const isThere = async ({ id }: Side) =>
  (await server.sql("SELECT 1 FROM identities WHERE id = ?", [idBytes(id)])).length === 1;
const saidOf = (answer: OperatorAnswer): string => (answer.ok ? "" : answer.said);
const through = (protocol: OperatorProtocol) => {
  const ask = (...given: Parameters<ReturnType<typeof asOwner>>) => asOwner(protocol, server)(...given);
  return {
    show: async ({ visitor }: Side) => done(await ask(visitor, rpc.getMerge)).merge as unknown as ShownMerge,
    confirm: ({ visitor }: Side, { etag }: ShownMerge) => ask(visitor, rpc.confirmMerge, { etag }),
  };
};

describe("what is lost", () => {
  // Each through another protocol: what comes along has nothing to do with it.
  const turns = losses.map((loss, at) => ({ ...loss, protocol: ownerProtocols[at % ownerProtocols.length] }));

  it.each(turns)("$what, which the preview says, and the merge does", async (turn) => {
    const { into: first, from: second, items, protocol = operatorRest } = turn;
    const { confirm, show } = through(protocol);
    const [into, from] = [await first(), await second()];
    const before = await identityOf(into.id);
    await offerTo(server, into.visitor, from.visitor);
    const shown = await show(into);
    expect(itemsOf(shown)).toEqual(items);
    expect(shown.refusals).toEqual([]);
    done(await confirm(into, shown));
    expect(await isThere(from)).toBe(false);
    const after = await identityOf(into.id);
    for (const name of ["metadata_public", "external_id", "schema_id"]) expect(after[name]).toEqual(before[name]);
    const comes = items.includes("address comes");
    expect(JSON.stringify(after.traits).includes(from.email)).toBe(comes);
    expect(Object.keys(after.credentials as object).toSorted()).toEqual(
      Object.keys(before.credentials as object).toSorted(),
    );
    // What was lost is free for somebody else.
    const another = { schema_id: "person", traits: { email: from.email } };
    expect((await operatorRest.call(server.adminUrl, createIdentity, another)).ok).toBe(!comes);
  });

  it("keys come along up to 24, and those that do not are named", async () => {
    const into = await newAccount(server, { credentials: await keysOf(23) });
    const from = await newAccount(server, { credentials: await keysOf(3) });
    await offerTo(server, into.visitor, from.visitor);
    const { items } = await through(operatorRest).show(into);
    const keys = items.filter(({ kind }) => kind === "passkey");
    expect(keys.map(({ name, comes, reason }) => `${name} ${comes ? "comes" : reason}`)).toEqual([
      "key 0 comes",
      "key 1 too_many",
      "key 2 too_many",
    ]);
  });

  it("who is in no organization may be merged into one", async () => {
    const [into, from] = [await newAccount(server), await newAccount(server)];
    await setOrganization(into, crypto.randomUUID());
    await offerTo(server, into.visitor, from.visitor);
    expect((await through(operatorRest).show(into)).refusals).toEqual([]);
  });
});

describe.each([operatorRest, operatorGrpc])("what is refused, through $name", (protocol) => {
  const { confirm, show } = through(protocol);

  it("nobody is left without anything to sign in with", async () => {
    const [into, from] = [await newInvited(server, "plain"), await newAccount(server)];
    await offerTo(server, into.visitor, from.visitor);
    const shown = await show(into);
    expect(shown.refusals).toEqual(["no_first_factor"]);
    const answer = await confirm(into, shown);
    expect([reasonOf(answer), saidOf(answer)]).toEqual(["MERGE_REFUSED", expect.stringContaining("sign in")]);
    accepted(await from.visitor.whoami());
    accepted(await addPasskey(into.visitor, newDevice()));
    const again = await show(into);
    expect(again.refusals).toEqual([]);
    done(await confirm(into, again));
  });

  it("an account of an organization is merged into one of the same organization, and into no other", async () => {
    const [ours, theirs] = [crypto.randomUUID(), crypto.randomUUID()];
    for (const [of, refusals] of [
      [undefined, ["organization"]],
      [theirs, ["organization"]],
      [ours, []],
    ] as const) {
      const [into, from] = [await newAccount(server), await newAccount(server)];
      await setOrganization(from, ours);
      if (of !== undefined) await setOrganization(into, of);
      await offerTo(server, into.visitor, from.visitor);
      const shown = await show(into);
      expect(shown.refusals).toEqual(refusals);
      const answer = await confirm(into, shown);
      expect(answer.ok ? [] : [answer.reason]).toEqual(refusals.map(() => "MERGE_REFUSED"));
      expect(await isThere(from)).toBe(refusals.length > 0);
    }
  });

  it("what belongs to a third account comes along from nobody, and nothing is merged", async () => {
    const contact = newEmail();
    const verified = [{ value: contact, via: "email", verified: true, status: "completed" }];
    const into = await newAccount(server);
    const from = await newAccount(server, {
      traits: { contact },
      more: { schema_id: "verified", verifiable_addresses: verified },
    });
    await newAccount(server, { traits: { contact }, more: { schema_id: "recovered" } });
    await offerTo(server, into.visitor, from.visitor);
    const shown = await show(into);
    expect(shown.refusals).toEqual([]);
    const answer = await confirm(into, shown);
    expect([reasonOf(answer), saidOf(answer)]).toEqual(["MERGE_REFUSED", expect.stringContaining("third account")]);
    accepted(await from.visitor.whoami());
    expect(JSON.stringify(await identityOf(into.id))).not.toContain(contact);
  });
});

it("programs are told by REST and RPC why a merge is refused", async () => {
  const [into, from] = [await newInvited(server, "plain"), await newAccount(server)];
  await setOrganization(from, crypto.randomUUID());
  await offerTo(server, into.visitor, from.visitor);
  const { etag, refusals } = await through(operatorRest).show(into);
  expect(refusals).toEqual(["organization", "no_first_factor"]);
  const headers = { "x-session-token": into.visitor.credentials.token };
  const { json, status } = await send(`${server.url}/account/merge/confirm`, {
    method: "POST",
    headers: { ...headers, accept: "application/json", "content-type": "application/json" },
    body: JSON.stringify({ etag }),
  });
  expect([status, json]).toMatchObject([403, { error: { id: "merge_refused", details: { refusals } } }]);
  const transport = createConnectTransport({ baseUrl: server.url, httpVersion: "1.1", nodeOptions: { agent: false } });
  const call = createClient(MergeService, transport).confirmMerge({ etag }, { headers: headers as never });
  const error = await call.then(() => undefined, ConnectError.from);
  expect(error?.findDetails(MergeRefusedSchema)).toMatchObject([{ refusals }]);
});
