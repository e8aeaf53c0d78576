import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InvitationAdminService } from "../../../gen/ostiary/account/v1/invitation_admin_service_pb.ts";
import { InvitationService } from "../../../gen/ostiary/account/v1/invitation_service_pb.ts";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { RecoveryAdminService } from "../../../gen/ostiary/recovery/v1/recovery_admin_service_pb.ts";
import { merge } from "../../../src/config/tree.ts";
import { minutes, seconds } from "../../protocols/clock.ts";
import { passwordless, signInWithCode } from "../../protocols/codes.ts";
import { nativeRest } from "../../protocols/json-rest.ts";
import { lastMessageTo } from "../../protocols/messages.ts";
import { done, operatorProtocols, operatorRest, reasonOf } from "../../protocols/operators.ts";
import { newEmail, newPassword, signIn } from "../../protocols/person.ts";
import { accepted, type Visitor } from "../../protocols/protocol.ts";
import { eventsOf } from "../../protocols/rows.ts";
import { lastCodeTo } from "../../protocols/sent-messages.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* Whoever was invited and came in by another way than the link of the invitation has an account that is in use. */

const rpc = { ...InvitationAdminService.method, ...InvitationService.method };
const { deleteCredential, getIdentity, updateIdentity } = IdentityAdminService.method;
let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    overrides: merge(passwordless, {
      selfservice: {
        flows: { recovery: { enabled: true }, verification: { enabled: true }, registration: { enabled: false } },
      },
    }),
  });
});
afterAll(() => server?.stop());

interface Invited {
  readonly id: string;
  readonly email: string;
}
const tokenTo = async (email: string): Promise<string> =>
  new URL((await lastMessageTo(server, email)).url).searchParams.get("token") ?? "";

const byCode =
  (kind: "recovery" | "verification") =>
  async (visitor: Visitor, { email }: Invited) => {
    const flow = accepted(await visitor[kind].create());
    accepted(await visitor[kind].update(flow.id, { method: "code", email }));
    const code = await lastCodeTo(server, email);
    accepted(await visitor[kind].update(flow.id, { method: "code", code }));
  };

/** An operator lets them in, who prove no address by it. */
const byOperator = async (visitor: Visitor, { id }: Invited) => {
  const { createRecoveryCode } = RecoveryAdminService.method;
  const made = done(
    await operatorRest.call(server.adminUrl, createRecoveryCode, { identity_id: id, flow_type: "api" }),
  );
  const flow = new URL(String(made.recovery_link)).searchParams.get("flow") ?? "";
  accepted(await visitor.recovery.update(flow, { method: "code", code: String(made.recovery_code) }));
};

/** They sign in with a password that an operator sets, and takes away again. */
const byPassword = async (visitor: Visitor, { email, id }: Invited) => {
  const password = newPassword();
  const credentials = { password: { config: { password } } };
  const identity = { schema_id: "person", state: "active", traits: { email }, credentials };
  done(await operatorRest.call(server.adminUrl, updateIdentity, { id, body: identity }));
  accepted(await signIn(visitor, { email, password }));
  done(await operatorRest.call(server.adminUrl, deleteCredential, { id, type: "password" }));
};

type Way = readonly [name: string, enter: (visitor: Visitor, invited: Invited) => Promise<void>, accepts: boolean];
const ways: readonly Way[] = [
  [
    "signs in with a code",
    async (visitor, { email }) => void accepted(await signInWithCode(server, visitor, email)),
    true,
  ],
  ["verifies the address", byCode("verification"), true],
  ["recovers the account", byCode("recovery"), true],
  ["is let in by an operator's code", byOperator, true],
  ["signs in with a password that is gone since", byPassword, false],
];

describe.each(operatorProtocols)("through $name", ({ call, name }) => {
  const ask = (method: Parameters<typeof call>[1], message: JsonObject = {}) => call(server.adminUrl, method, message);
  const accept = async (email: string) =>
    call(server.url, rpc.acceptInvitation, {
      token: await tokenTo(email),
      flow_type: name === "REST" ? "api" : "FLOW_TYPE_API",
    });
  const invite = async (): Promise<Invited> => {
    const email = newEmail();
    const { invitation } = done(await ask(rpc.inviteIdentity, { traits: { email } })) as { invitation: JsonObject };
    return { email, id: String(invitation.identity_id) };
  };
  const invitationOf = async (id: string) => {
    const { invitations } = done(await ask(rpc.listInvitations, { page_size: 500 }));
    return (invitations as JsonObject[]).find(({ identity_id: each }) => each === id);
  };

  it.each(ways)("the account of whoever %s is erased by no revocation", async (_, enter, accepts) => {
    const invited = await invite();
    const token = await tokenTo(invited.email);
    server.clock.advance(minutes(1));
    await enter(nativeRest.enter(server), invited);
    const shown = await invitationOf(invited.id);
    expect(shown?.status).toBe(accepts ? "accepted" : "pending");
    const events = (await eventsOf(server, invited.id)).filter((each) => each === "invitation.accepted done");
    expect(events).toHaveLength(accepts ? 1 : 0);
    if (accepts) {
      expect(Date.parse(String(shown?.accepted_at))).toBe(server.clock.now().getTime());
      const late = { token, flow_type: name === "REST" ? "api" : "FLOW_TYPE_API" };
      expect(reasonOf(await call(server.url, rpc.acceptInvitation, late))).toBe("NOT_FOUND");
    }
    done(await ask(rpc.revokeInvitation, { identity_id: invited.id }));
    expect((await ask(getIdentity, { id: invited.id })).ok).toBe(true);
  });

  it("one that is sent again is open again, and the account of who came in before stays", async () => {
    const invited = await invite();
    const { email, id } = invited;
    const resend = async () => done(await ask(rpc.resendInvitation, { identity_id: id }));
    server.clock.advance(seconds(1));
    accepted(await signInWithCode(server, nativeRest.enter(server), email));
    // In the same millisecond.
    await resend();
    expect((await invitationOf(id))?.status).toBe("pending");
    server.clock.advance(seconds(1));
    await resend();
    const again = await invitationOf(id);
    expect([again?.status, again?.accepted_at ?? ""]).toEqual(["pending", ""]);
    done(await accept(email));
    expect((await invitationOf(id))?.status).toBe("accepted");
    expect(reasonOf(await accept(email))).toBe("NOT_FOUND");
    await resend();
    done(await ask(rpc.revokeInvitation, { identity_id: id }));
    expect(reasonOf(await accept(email))).toBe("NOT_FOUND");
    expect((await ask(getIdentity, { id })).ok).toBe(true);
  });
});
