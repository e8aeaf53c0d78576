import { randomUUID } from "node:crypto";
import type { DescMethodUnary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { AccountService } from "../../../gen/ostiary/account/v1/account_service_pb.ts";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { merge, type Raw } from "../../../src/config/tree.ts";
import { hours } from "../../protocols/clock.ts";
import { enrolCodes, enrolTotp, nextCode, stepUp, withFactors } from "../../protocols/factors.ts";
import { nativeRest } from "../../protocols/json-rest.ts";
import { addKey, addPasskey, newDevice, removals, removePasskey, withKeys } from "../../protocols/keys.ts";
import { linkThrough } from "../../protocols/linking.ts";
import { messagesTo } from "../../protocols/messages.ts";
import { done, operatorGrpc, operatorRest } from "../../protocols/operators.ts";
import { asOwner } from "../../protocols/owners.ts";
import { change, enterAs, enterAsNewPerson, newEmail, newPassword, signIn } from "../../protocols/person.ts";
import { accepted, type Protocol, refused, type Visitor } from "../../protocols/protocol.ts";
import { browserProtocols, protocols } from "../../protocols/protocols.ts";
import { type Providers, showRealTime, startProviders } from "../../protocols/providers.ts";
import { idBytes } from "../../protocols/rows.ts";
import { recordedOf, watchEvents } from "../../protocols/security-events.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* Factors, providers, trusted browsers, undone addresses and deletions: one event each, and one for what they end. */

const { cancelDeletion, requestDeletion } = AccountService.method;
const { deleteCredential, patchIdentity } = IdentityAdminService.method;
let server: TestServer;
/** A node on which nobody signs in without a verified address. */
let strict: TestServer;
let providers: Providers;
beforeAll(async () => {
  server = await startServer();
  providers = await startProviders(server);
  const overrides = [
    withFactors as Raw,
    {
      selfservice: {
        notices: { address: true },
        flows: { verification: { enabled: true } },
      },
      session: { trusted_devices: { enabled: true } },
    } as Raw,
    providers.overrides,
  ].reduce(merge, withKeys());
  await server.restart(overrides);
  const login = { after: { password: { hooks: [{ hook: "require_verified_address" }] } } };
  strict = await startServer({
    overrides: { selfservice: { flows: { login, verification: { enabled: true } } } },
    beside: server,
  });
});
beforeEach(() => showRealTime(server));
afterAll(async () => {
  await strict?.stop();
  await server?.stop();
  await providers?.close();
});

/** Somebody new, of whom all that was recorded so far has been looked at. */
const someone = async (protocol: Protocol) => {
  const { person, visitor } = await enterAsNewPerson(protocol, server);
  const sees = watchEvents(server, person.id);
  await sees(["registration.succeeded", { method: "password" }]);
  return { person, visitor, sees };
};

// What is recorded does not depend on the protocol: one of each kind.
const kinds = protocols.filter(({ name }) => ["native REST", "browser form", "gRPC"].includes(name));

describe.each(kinds)("through $name", (protocol) => {
  it("an authenticator app and backup codes that come and go", async () => {
    const { visitor, sees } = await someone(protocol);
    await enrolTotp(visitor, server);
    await sees(["totp.added"]);
    await enrolCodes(visitor);
    await sees(["lookup_secret.changed"]);
    accepted(await change(visitor, { method: "lookup_secret", lookup_secret_disable: true }));
    await sees(["lookup_secret.removed"]);
    refused(await change(visitor, { method: "lookup_secret", lookup_secret_confirm: true }));
    await sees();
    accepted(await change(visitor, { method: "totp", totp_unlink: true }));
    await sees(["totp.removed"]);
  });

  it("a second factor that is given and one that is wrong", async () => {
    const { person, visitor, sees } = await someone(protocol);
    const secret = await enrolTotp(visitor, server);
    await sees(["totp.added"]);
    const other = await enterAs(protocol, server, person);
    await sees(["login.succeeded", { aal: "aal1" }]);
    refused(await stepUp(other, { method: "totp", totp_code: "000000" }));
    await sees(["login.refused", { method: "totp", reason: "wrong_credential" }]);
    accepted(await stepUp(other, { method: "totp", totp_code: nextCode(server, secret) }));
    await sees(["session.reauthenticated", { method: "totp", aal: "aal2" }]);
  });

  it("a passkey that comes and goes", async () => {
    const { visitor, sees } = await someone(protocol);
    accepted(await addPasskey(visitor, newDevice()));
    await sees(["passkey.added"]);
    accepted(await removePasskey(visitor));
    await sees(["passkey.removed"]);
  });

  it("a provider that is linked and unlinked", async () => {
    const { visitor, sees } = await someone(protocol);
    await linkThrough(providers, protocol, visitor, "acme", randomUUID());
    await sees(["provider.linked", { provider: "acme" }]);
    accepted(await change(visitor, { method: "oidc", unlink: "acme" }));
    await sees(["provider.unlinked", { provider: "acme" }]);
  });

  it("a change of an address that is undone, and the sessions that it ends", async () => {
    const { person, visitor, sees } = await someone(protocol);
    await enterAs(nativeRest, server, person);
    await sees(["login.succeeded"]);
    const token = await changeProvenAddress(visitor, person);
    await sees(["identity.patched"], ["identifiers.changed"]);
    accepted(await protocol.enter(server).undoAddress(token));
    await sees(["address.change_undone", { via: "email" }], ["session.ended", { by: "undo", count: 2 }]);
    refused(await protocol.enter(server).undoAddress(token));
    await sees();
  });

  it("a sign-in without a verified address", async () => {
    const { person } = await someone(protocol);
    await signIn(protocol.enter(strict), person);
    await expect
      .poll(async () => (await recordedOf(server, person.id)).filter(({ type }) => type === "login.refused"))
      .toMatchObject([{ outcome: "refused", detail: { method: "password", reason: "address_unverified" } }]);
  });
});

/** Has an operator say that the address is proven, then its owner change it; gives the token of who had it. */
const changeProvenAddress = async (
  visitor: Visitor,
  { id, email }: { readonly id: string; readonly email: string },
): Promise<string> => {
  const at = "/verifiable_addresses/0";
  const patch = [
    { op: "replace", path: `${at}/verified`, value: true },
    { op: "replace", path: `${at}/status`, value: "completed" },
  ];
  done(await operatorRest.call(server.adminUrl, patchIdentity, { id, patch }));
  accepted(await change(visitor, { method: "profile", traits: { email: newEmail() } }));
  const notice = (await messagesTo(server, email)).find(({ template }) => template === "verifiable_address_changed");
  return new URL(notice?.url ?? "").searchParams.get("token") ?? "";
};

describe.each(browserProtocols)("in a browser, through $name", (protocol) => {
  it("a security key that comes and goes", async () => {
    const { visitor, sees } = await someone(protocol);
    accepted(await addKey(visitor, newDevice(), "Key ring"));
    await sees(["webauthn.added"]);
    const flow = accepted(await visitor.settings.create());
    const [key = ""] = removals(flow, "webauthn_remove");
    accepted(await change(visitor, { method: "webauthn", webauthn_remove: key }));
    await sees(["webauthn.removed"]);
  });

  /** Somebody with an app, whose browser is trusted. */
  const trusting = async () => {
    const { person, visitor } = await someone(protocol);
    const secret = await enrolTotp(visitor, server);
    const browser = await enterAs(protocol, server, person);
    accepted(await stepUp(browser, { method: "totp", totp_code: nextCode(server, secret), trust_device: true }));
    const types = (await recordedOf(server, person.id)).map(({ type }) => type);
    expect(types.slice(2).toSorted()).toEqual(["device.trusted", "login.succeeded", "session.reauthenticated"]);
    const sees = watchEvents(server, person.id, types.length);
    return { person, visitor, sees };
  };

  it("a browser that is trusted, and trusted no longer because its owner says so", async () => {
    const { visitor, sees } = await trusting();
    const [id = ""] = accepted(await visitor.trustedDevices());
    accepted(await visitor.endTrustedDevice(id));
    await sees(["device.untrusted", { subject: id }]);
    accepted(await visitor.endTrustedDevice(id));
    await sees();
  });

  it("trusted browsers that a new password ends, and nothing where there are none", async () => {
    const { visitor, sees } = await trusting();
    for (const ended of [true, false]) {
      accepted(await change(visitor, { method: "password", password: newPassword() }));
      await sees(
        ["password.changed"],
        ...(ended ? [["device.untrusted", { by: "owner", count: 1 }] as [string, object]] : []),
      );
    }
  });

  it("trusted browsers that an operator ends with a factor", async () => {
    const { person, sees } = await trusting();
    done(await operatorRest.call(server.adminUrl, deleteCredential, { id: person.id, type: "totp" }));
    await sees(["device.untrusted", { by: "operator", count: 1 }], ["credential.deleted", { credential: "totp" }]);
  });

  it("trusted browsers that an undone change of an address ends", async () => {
    const { person, visitor, sees } = await trusting();
    const token = await changeProvenAddress(visitor, person);
    await sees(["identity.patched"], ["identifiers.changed"]);
    accepted(await protocol.enter(server).undoAddress(token));
    await sees(
      ["address.change_undone"],
      ["session.ended", { by: "undo", count: 2 }],
      ["device.untrusted", { by: "undo", count: 1 }],
    );
  });
});

describe.each([operatorRest, operatorGrpc])("through $name", (protocol) => {
  it("a deletion that its owner asks for, takes back, and asks for again until nothing is left", async () => {
    const { person, visitor, sees } = await someone(nativeRest);
    const ask = (rpc: DescMethodUnary) => asOwner(protocol, server)(visitor, rpc);
    done(await ask(requestDeletion));
    await sees(["deletion.requested"]);
    done(await ask(cancelDeletion));
    await sees(["deletion.cancelled"]);
    done(await ask(requestDeletion));
    await sees(["deletion.requested"]);
    server.clock.advance(hours(336));
    await server.sql("UPDATE jobs SET run_at = UTC_TIMESTAMP(3) WHERE kind = 'account_deletion' AND identity_id = ?", [
      idBytes(person.id),
    ]);
    await expect
      .poll(async () => (await recordedOf(server, person.id)).map(({ type }) => type), { timeout: 10_000 })
      .toEqual(["identity.deleted"]);
  });
});
