import type { DescMethodUnary, JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { InvitationAdminService } from "../../gen/ostiary/account/v1/invitation_admin_service_pb.ts";
import { InvitationService } from "../../gen/ostiary/account/v1/invitation_service_pb.ts";
import { MergeService } from "../../gen/ostiary/account/v1/merge_service_pb.ts";
import { merge } from "../../src/config/tree.ts";
import { describeBrokenCalls, type Scene } from "../protocols/broken-calls.ts";
import { passwordless, signUpWithCode } from "../protocols/codes.ts";
import { type DatabaseProxy, openDatabaseProxy } from "../protocols/database-proxy.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { offerTo, shownTo } from "../protocols/merging.ts";
import { lastMessageTo } from "../protocols/messages.ts";
import { done, type OperatorAnswer, operatorRest } from "../protocols/operators.ts";
import { asOwner } from "../protocols/owners.ts";
import { enterAsNewPerson, newEmail } from "../protocols/person.ts";
import { type Answer, accepted, refused } from "../protocols/protocol.ts";
import { lastCodeTo, messagesTo } from "../protocols/sent-messages.ts";
import { startServer, type TestServer } from "../protocols/server.ts";
import { migratedDatabase } from "../setup/fresh-database.ts";

/* Recovery, verification and codes as a way in, broken at each of their statements. */

let proxy: DatabaseProxy;
let server: TestServer;
beforeAll(async () => {
  const database = await migratedDatabase();
  proxy = await openDatabaseProxy(database);
  server = await startServer({
    database: { ...database, dsn: proxy.dsn },
    overrides: merge(passwordless, {
      selfservice: { flows: { recovery: { enabled: true }, verification: { enabled: true } } },
      feature_flags: { use_continue_with_transitions: true },
      account: { merge: { enabled: true } },
    }),
    wait: async () => undefined,
  });
});
afterAll(async () => {
  await server?.stop();
  await proxy?.close();
});
beforeEach(() => proxy.mend());

/** Has asked for a code; what is done is to give it. */
const proof =
  (kind: "recovery" | "verification"): Scene =>
  async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    // What was sent at the sign-up is seen before the next is.
    await messagesTo(server, person.email);
    const visitor = nativeRest.enter(server);
    const { id } = accepted(await visitor[kind].create());
    accepted(await visitor[kind].update(id, { method: "code", email: person.email }));
    const code = await lastCodeTo(server, person.email);
    return () => visitor[kind].update(id, { method: "code", code });
  };

const { inviteIdentity, resendInvitation } = InvitationAdminService.method;
const { acceptInvitation } = InvitationService.method;
/** What such a call is judged by is the same for operators as for visitors: whether it was done, or why not. */
const call = async (at: string, method: DescMethodUnary, message: JsonObject): Promise<Answer<unknown>> =>
  judged(await operatorRest.call(at, method, message));
const judged = (answer: OperatorAnswer): Answer<unknown> => {
  const rest = { texts: [], useFlowId: undefined, retryAfter: undefined, reauthenticate: undefined };
  return answer.ok ? answer : { ...answer, ...rest };
};
const invited = async () => {
  const email = newEmail();
  const answer = done(await operatorRest.call(server.adminUrl, inviteIdentity, { traits: { email } }));
  const { url } = await lastMessageTo(server, email);
  const { identity_id: id } = answer.invitation as { identity_id: string };
  return { id, token: new URL(url).searchParams.get("token") ?? "" };
};

/** Has offered an account; what is done is to confirm the merge. */
const merging: Scene = async () => {
  const [into, from] = [await enterAsNewPerson(nativeRest, server), await enterAsNewPerson(nativeRest, server)];
  const ask = asOwner(operatorRest, server);
  await offerTo(server, into.visitor, from.visitor);
  const { etag } = await shownTo(server, into.visitor);
  return async () => judged(await ask(into.visitor, MergeService.method.confirmMerge, { etag }));
};

const scenes: Readonly<Record<string, Scene>> = {
  "an invitation": async () => {
    const message = { traits: { email: newEmail() } };
    return () => call(server.adminUrl, inviteIdentity, message);
  },
  "an invitation that is sent again": async () => {
    const { id } = await invited();
    return () => call(server.adminUrl, resendInvitation, { identity_id: id });
  },
  "the acceptance of an invitation": async () => {
    const { token } = await invited();
    return () => call(server.url, acceptInvitation, { token, flow_type: "api" });
  },
  "a merge of two accounts": merging,
  "a message with a code": async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const visitor = nativeRest.enter(server);
    const { id } = accepted(await visitor.recovery.create());
    return () => visitor.recovery.update(id, { method: "code", email: person.email });
  },
  "a recovery": proof("recovery"),
  "a verification": proof("verification"),
  "a sign-in by a code": async () => {
    const email = newEmail();
    accepted(await signUpWithCode(server, nativeRest.enter(server), { email }));
    const visitor = nativeRest.enter(server);
    const { id } = accepted(await visitor.login.create());
    refused(await visitor.login.update(id, { method: "code", identifier: email }));
    const code = await lastCodeTo(server, email);
    return () => visitor.login.update(id, { method: "code", identifier: email, code });
  },
  "a sign-up by a code": async () => {
    const traits = { email: newEmail() };
    const visitor = nativeRest.enter(server);
    const { id } = accepted(await visitor.registration.create());
    refused(await visitor.registration.update(id, { method: "code", traits }));
    const code = await lastCodeTo(server, traits.email);
    return () => visitor.registration.update(id, { method: "code", traits, code });
  },
};

describeBrokenCalls(scenes, () => ({ proxy, server }));
