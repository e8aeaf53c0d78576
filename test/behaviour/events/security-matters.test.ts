import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { nativeRest } from "../../protocols/json-rest.ts";
import { done, operatorRest } from "../../protocols/operators.ts";
import { change, enterAs, enterAsNewPerson, newEmail, newPassword, signIn } from "../../protocols/person.ts";
import { accepted, refused, type Visitor } from "../../protocols/protocol.ts";
import { protocols } from "../../protocols/protocols.ts";
import { answering, type Receiver, startReceiver, wholeContext } from "../../protocols/receiver.ts";
import { recordedOf, watchEvents } from "../../protocols/security-events.ts";
import { lastCodeTo, messagesTo, wrongCode } from "../../protocols/sent-messages.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* Each matter of security leaves exactly one event, which says who, when, from where, and how it ended. */

const revokes = { hook: "revoke_active_sessions" };
let server: TestServer;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
  const config = { url: `${receiver.url}/`, method: "POST", body: wholeContext, can_interrupt: true };
  server = await startServer({
    overrides: {
      selfservice: {
        flows: {
          settings: { after: { password: { hooks: [revokes] } } },
          login: { after: { password: { hooks: [{ hook: "web_hook", config }] } } },
          recovery: { enabled: true, after: { hooks: [revokes] } },
          verification: { enabled: true },
        },
      },
      feature_flags: { use_continue_with_transitions: true },
    },
  });
});
afterEach(() => receiver.reset());
afterAll(async () => {
  await server?.stop();
  await receiver?.close();
});

const allOf = (identityId: string) => recordedOf(server, identityId);
const watch = (identityId: string) => watchEvents(server, identityId);

const submission = (email: string, password = newPassword()) => ({ method: "password", password, traits: { email } });
const signUp = async (visitor: Visitor, email: string, password: string) => {
  const flow = accepted(await visitor.registration.create());
  return visitor.registration.update(flow.id, submission(email, password));
};

it.each(protocols)("through $name, from the sign-up to the recovery", async (protocol) => {
  const [email, password] = [newEmail(), newPassword()];
  const visitor = protocol.enter(server);
  accepted(await signUp(visitor, email, password));
  const person = { id: accepted(await visitor.whoami()).identityId, email, password };
  const sees = watch(person.id);
  await sees(["registration.succeeded", { method: "password" }]);
  // Codes that were sent already are not those that are asked for later.
  await messagesTo(server, email);

  refused(await signUp(protocol.enter(server), email, newPassword()));
  await sees(["registration.refused", { method: "password", reason: "identifier_taken" }]);
  refused(await signUp(protocol.enter(server), email, newPassword()));
  await sees();

  refused(await signIn(protocol.enter(server), { email, password: "wrong one" }));
  await sees(["login.refused", { method: "password", reason: "wrong_credential" }]);
  const other = await enterAs(protocol, server, person);
  await sees(["login.succeeded", { method: "password", aal: "aal1" }]);

  receiver.answer = answering(403, { messages: [{ messages: [{ id: 1, text: "no", type: "error" }] }] });
  refused(await signIn(protocol.enter(server), person));
  await sees(["login.refused", { method: "password", reason: "hook" }]);
  receiver.reset();

  const fresh = newPassword();
  accepted(await change(visitor, { method: "password", password: fresh }));
  await sees(["password.changed"], ["session.ended", { by: "hook", count: 1 }]);
  refused(await other.whoami());
  const nickname = `n${person.id.slice(-12)}`;
  accepted(await change(visitor, { method: "profile", traits: { email, nickname } }));
  await sees(["identifiers.changed"]);

  const verifying = accepted(await visitor.verification.create());
  accepted(await visitor.verification.update(verifying.id, { method: "code", email }));
  await sees(["verification.requested", { method: "code", via: "email" }]);
  const code = await lastCodeTo(server, email);
  accepted(await visitor.verification.update(verifying.id, { method: "code", code: wrongCode(code) }));
  await sees(["verification.refused", { method: "code", reason: "wrong_credential" }]);
  accepted(await visitor.verification.update(verifying.id, { method: "code", code }));
  await sees(["address.verified", { via: "email" }]);

  const lost = protocol.enter(server);
  const recovering = accepted(await lost.recovery.create());
  accepted(await lost.recovery.update(recovering.id, { method: "code", email }));
  await sees(["recovery.requested", { method: "code", via: "email" }]);
  const secret = await lastCodeTo(server, email);
  accepted(await lost.recovery.update(recovering.id, { method: "code", code: wrongCode(secret) }));
  await sees(["recovery.refused", { method: "code", reason: "wrong_credential" }]);
  accepted(await lost.recovery.update(recovering.id, { method: "code", code: secret }));
  await sees(["account.recovered", { method: "code" }], ["session.ended", { by: "hook", count: 1 }]);

  const again = await enterAs(protocol, server, { email, password: fresh });
  await sees(["login.succeeded"]);
  accepted(await again.revokeOthers());
  await sees(["session.ended", { by: "owner", count: 1 }]);
  accepted(await again.signOut());
  await sees(["session.ended", { by: "logout" }]);
  for (const row of await allOf(person.id)) expect(JSON.stringify(row.detail)).not.toContain(email);
});

describe("what an operator does", () => {
  const { updateIdentity, deleteIdentity } = IdentityAdminService.method;

  it("to a password that ends sessions is two matters, and says who it was", async () => {
    const { person, visitor } = await enterAsNewPerson(nativeRest, server);
    const sees = watch(person.id);
    await sees(["registration.succeeded"]);
    const body = {
      schema_id: "person",
      state: "active",
      traits: { email: person.email },
      credentials: { password: { config: { password: newPassword() } } },
    };
    done(await operatorRest.call(server.adminUrl, updateIdentity, { id: person.id, body }));
    await sees(["session.ended", { by: "operator", count: 1 }], ["identity.replaced"]);
    refused(await visitor.whoami());
  });

  it("to the state and to the account is one each; the last outlives the account", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const sees = watch(person.id);
    await sees(["registration.succeeded"]);
    const body = { schema_id: "person", state: "inactive", traits: { email: person.email } };
    done(await operatorRest.call(server.adminUrl, updateIdentity, { id: person.id, body }));
    await sees(["identity.replaced"], ["identity.disabled"]);
    refused(await signIn(nativeRest.enter(server), person));
    await sees(["login.refused", { reason: "identity_disabled" }]);
    done(await operatorRest.call(server.adminUrl, deleteIdentity, { id: person.id }));
    await expect.poll(async () => (await allOf(person.id)).map(({ type }) => type)).toContain("identity.deleted");
  });
});
