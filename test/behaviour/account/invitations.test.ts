import type { DescMethodUnary, JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InvitationAdminService } from "../../../gen/ostiary/account/v1/invitation_admin_service_pb.ts";
import { InvitationService } from "../../../gen/ostiary/account/v1/invitation_service_pb.ts";
import { CourierAdminService } from "../../../gen/ostiary/courier/v1/courier_admin_service_pb.ts";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { hours, minutes } from "../../protocols/clock.ts";
import { send } from "../../protocols/http.ts";
import { nativeRest } from "../../protocols/json-rest.ts";
import { lastMessageTo } from "../../protocols/messages.ts";
import { done, operatorProtocols, operatorRest, reasonOf } from "../../protocols/operators.ts";
import { newEmail, newPassword, signIn } from "../../protocols/person.ts";
import { accepted } from "../../protocols/protocol.ts";
import { eventsOf, idBytes } from "../../protocols/rows.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* Somebody is invited while nobody can sign up. */

const rpc = { ...InvitationAdminService.method, ...InvitationService.method };
let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: { selfservice: { flows: { registration: { enabled: false } } } } });
});
afterAll(() => server?.stop());

interface Invited {
  readonly identity_id: string;
  readonly status: string;
}
const invitationOf = (answer: JsonObject) => answer.invitation as unknown as Invited;
const tokenTo = async (email: string): Promise<string> => {
  const { url } = await lastMessageTo(server, email);
  return new URL(url).searchParams.get("token") ?? "";
};

describe.each(operatorProtocols)("through $name", ({ name, call }) => {
  const ask = (method: DescMethodUnary, message: JsonObject = {}) => call(server.adminUrl, method, message);
  const accept = (token: string) =>
    call(server.url, rpc.acceptInvitation, { token, flow_type: name === "REST" ? "api" : "FLOW_TYPE_API" });
  const invite = async (email = newEmail(), more: JsonObject = {}) => {
    const answer = done(await ask(rpc.inviteIdentity, { traits: { email }, ...more }));
    return { email, id: invitationOf(answer).identity_id, token: await tokenTo(email) };
  };

  it("who is invited sets a password and signs in with it, and the address is verified", async () => {
    const { email, id, token } = await invite();
    const answer = done(await accept(token)) as { settings_flow: string; session_token: string };
    const visitor = nativeRest.enter(server);
    visitor.credentials.token = answer.session_token;
    const password = newPassword();
    const flow = accepted(await visitor.settings.get(answer.settings_flow));
    expect(flow.texts.map((text) => text.id)).toContain(1059005);
    accepted(await visitor.settings.update(flow.id, { method: "password", password }));
    const device = nativeRest.enter(server);
    accepted(await signIn(device, { email, password }));
    expect(accepted(await device.whoami()).identityId).toBe(id);
    const { identity } = done(await ask(IdentityAdminService.method.getIdentity, { id })) as {
      identity: { verifiable_addresses: unknown };
    };
    expect(identity.verifiable_addresses).toMatchObject([{ value: email, verified: true }]);
    expect(await eventsOf(server, id)).toEqual(
      expect.arrayContaining(["identity.created done", "invitation.sent done", "invitation.accepted done"]),
    );
    expect(reasonOf(await ask(rpc.resendInvitation, { identity_id: id }))).toBe("NOT_FOUND");
  });

  it("a link is good once, until it expires or another one is sent, and all others are answered alike", async () => {
    const { email, id, token } = await invite(undefined, { expires_in: "2h" });
    server.clock.advance(1_000);
    done(await ask(rpc.resendInvitation, { identity_id: id, expires_in: "1h" }));
    const renewed = await tokenTo(email);
    const late = await invite(undefined, { expires_in: "1h" });
    const refusals = [await accept(token), await accept("none"), await accept(`${renewed.slice(0, -2)}AA`)];
    done(await accept(renewed));
    refusals.push(await accept(renewed));
    server.clock.advance(hours(1));
    refusals.push(await accept(late.token));
    expect(new Set(refusals.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(reasonOf(refusals[0] ?? (await accept("")))).toBe("NOT_FOUND");
    done(await ask(rpc.resendInvitation, { identity_id: late.id }));
    done(await accept(await tokenTo(late.email)));
  });

  it("an address that somebody has is refused, and so is one that no message can be sent to", async () => {
    const { email } = await invite();
    const again = await ask(rpc.inviteIdentity, { traits: { email } });
    expect(reasonOf(again)).toBe("ALREADY_EXISTS");
    const other = await ask(rpc.inviteIdentity, { traits: { email: newEmail() }, address: newEmail() });
    expect([reasonOf(other), !other.ok && other.field]).toEqual(["INVALID_FIELD", "address"]);
    const soon = await ask(rpc.inviteIdentity, { traits: { email: newEmail() }, expires_in: "soon" });
    expect([reasonOf(soon), !soon.ok && soon.field]).toEqual(["INVALID_FIELD", "expires_in"]);
    expect(reasonOf(await ask(rpc.inviteIdentity, { traits: { email: "none" } }))).toBe("INVALID_FIELD");
    const away = { traits: { email: newEmail() }, return_to: "https://evil.example" };
    expect(reasonOf(await ask(rpc.inviteIdentity, away))).toBe("RETURN_TO_FORBIDDEN");
  });

  it("revoking erases who has not accepted, and nobody else", async () => {
    const [one, other] = [await invite(), await invite()];
    done(await accept(other.token));
    for (const { id } of [one, other]) done(await ask(rpc.revokeInvitation, { identity_id: id }));
    expect(reasonOf(await accept(one.token))).toBe("NOT_FOUND");
    const { getIdentity } = IdentityAdminService.method;
    expect(reasonOf(await ask(getIdentity, { id: one.id }))).toBe("NOT_FOUND");
    expect((await ask(getIdentity, { id: other.id })).ok).toBe(true);
    expect(await eventsOf(server, other.id)).toContain("invitation.revoked done");
    expect(reasonOf(await ask(rpc.revokeInvitation, { identity_id: other.id }))).toBe("NOT_FOUND");
    expect(reasonOf(await ask(rpc.revokeInvitation, { identity_id: "none" }))).toBe("NOT_FOUND");
  });

  it("invitations are listed by pages, and say where they stand", async () => {
    const first = await invite();
    const second = await invite(undefined, { expires_in: "1h" });
    done(await accept(first.token));
    server.clock.advance(hours(1));
    const seen: Invited[] = [];
    for (let token = "", more = true; more; ) {
      const page = done(await ask(rpc.listInvitations, { page_size: 1, page_token: token }));
      seen.push(...(page.invitations as unknown as Invited[]));
      token = String(page.next_page_token);
      more = token !== "";
    }
    const ids = seen.map(({ identity_id: id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const statusOf = (id: string) => seen.find(({ identity_id: each }) => each === id)?.status;
    expect([statusOf(first.id), statusOf(second.id)]).toEqual(["accepted", "expired"]);
    expect(reasonOf(await ask(rpc.listInvitations, { page_token: "forged" }))).toBe("INVALID_FIELD");
  });
});

const invited = async (more: JsonObject = {}) => {
  const email = newEmail();
  const answer = done(await operatorRest.call(server.adminUrl, rpc.inviteIdentity, { traits: { email }, ...more }));
  return { email, id: invitationOf(answer).identity_id, token: await tokenTo(email) };
};
const acceptApi = (token: string) => operatorRest.call(server.url, rpc.acceptInvitation, { token, flow_type: "api" });

it("of two who accept at the same time one is let in", async () => {
  const { token, id } = await invited();
  const answers = await Promise.all([acceptApi(token), acceptApi(token)]);
  expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
  const sessions = await server.sql("SELECT 1 FROM sessions WHERE identity_id = ?", [idBytes(id)]);
  expect(sessions).toHaveLength(1);
});

it("a link to an address that the identity has no more lets nobody in", async () => {
  const { token, id } = await invited();
  const patch = [{ op: "replace", path: "/traits/email", value: newEmail() }];
  done(await operatorRest.call(server.adminUrl, IdentityAdminService.method.patchIdentity, { id, patch }));
  expect(reasonOf(await acceptApi(token))).toBe("NOT_FOUND");
});

it("too many messages to one address are refused, and nothing is written then", async () => {
  const { id, email } = await invited();
  const resend = () => operatorRest.call(server.adminUrl, rpc.resendInvitation, { identity_id: id });
  const rows = () =>
    server.sql<{ token_digest: Buffer }>("SELECT * FROM invitations WHERE identity_id = ?", [idBytes(id)]);
  let answer = await resend();
  for (let tries = 0; answer.ok && tries < 30; tries++) answer = await resend();
  expect(reasonOf(answer)).toBe("RATE_LIMITED");
  const before = await rows();
  expect(reasonOf(await resend())).toBe("RATE_LIMITED");
  expect(await rows()).toEqual(before);
  server.clock.advance(minutes(20));
  const { headers } = await send(`${server.adminUrl}/admin/invitations/${id}/resend`, {
    method: "POST",
    headers: { accept: "application/json", "content-type": "application/json" },
    body: "{}",
  });
  expect(headers["retry-after"]).toBe(String(40 * 60));
  done(await operatorRest.call(server.adminUrl, rpc.revokeInvitation, { identity_id: id }));
  const anew = await operatorRest.call(server.adminUrl, rpc.inviteIdentity, { traits: { email } });
  expect(reasonOf(anew)).toBe("RATE_LIMITED");
});

it("the address stands in no readable form beside the invitation, and goes with the identity", async () => {
  const { id, email, token } = await invited();
  const rows = () => server.sql("SELECT * FROM invitations WHERE identity_id = ?", [idBytes(id)]);
  const [row] = await rows();
  expect(Buffer.from((row?.ciphertext ?? "") as Buffer).includes(email)).toBe(false);
  expect(server.logged.join("\n")).not.toContain(token);
  done(await operatorRest.call(server.adminUrl, IdentityAdminService.method.deleteIdentity, { id }));
  expect(await rows()).toEqual([]);
});

it("the message is written in the language that the operator asks for", async () => {
  const { email } = await invited({ language: "de" });
  const got = operatorRest.call(server.adminUrl, CourierAdminService.method.listMessages, { recipient: email });
  expect(done(await got).messages).toMatchObject([
    { template_type: "invitation", subject: "Einladung zu einem Konto" },
  ]);
});

it("a browser has its cookie and is at the settings form, and no other site can send it there", async () => {
  const { token } = await invited({ return_to: "http://127.0.0.1:4455/welcome" });
  const post = (origin: string) =>
    fetch(`${server.url}/self-service/invitation`, {
      method: "POST",
      redirect: "manual",
      headers: { "content-type": "application/x-www-form-urlencoded", accept: "text/html", origin },
      body: new URLSearchParams({ token }).toString(),
    });
  const foreign = await post("https://evil.example");
  expect(foreign.headers.get("set-cookie") ?? "").not.toContain("session");
  const answer = await post(server.url);
  expect(answer.status).toBe(303);
  expect(answer.headers.get("location")).toContain("/settings?flow=");
  expect(answer.headers.getSetCookie().join("\n")).toContain("session");
});

describe("where the secret of some is gone from the configuration", () => {
  const secret = "another thirty-two bytes of text";
  const listed = async () => {
    const found: (Invited & { readonly address: string })[] = [];
    let token = "";
    do {
      const query = { page_size: 1, page_token: token };
      const page = done(await operatorRest.call(server.adminUrl, rpc.listInvitations, query));
      found.push(...(page.invitations as unknown as typeof found));
      token = String(page.next_page_token);
    } while (token !== "");
    return new Map(found.map((each) => [each.identity_id, each]));
  };

  it("all are listed, those without what was encrypted, and these can be revoked and not be sent again", async () => {
    const old = [await invited(), await invited(), await invited()];
    await server.restart({
      secrets: { cipher: [secret] },
      selfservice: { flows: { registration: { enabled: false } } },
    });
    const email = newEmail();
    const young = await operatorRest.call(server.adminUrl, rpc.inviteIdentity, { traits: { email } });
    const all = await listed();
    for (const { id } of old) expect(all.get(id)).toMatchObject({ status: "pending", via: "", address: "" });
    expect(all.get(invitationOf(done(young)).identity_id)).toMatchObject({ via: "email", address: email });
    const [first] = old;
    expect(server.logged.filter((line) => line.includes("cannot be decrypted")).join()).toContain(first?.id);
    const id = { identity_id: first?.id ?? "" };
    expect(reasonOf(await acceptApi(first?.token ?? ""))).toBe("NOT_FOUND");
    expect(reasonOf(await operatorRest.call(server.adminUrl, rpc.resendInvitation, id))).toBe("NOT_FOUND");
    done(await operatorRest.call(server.adminUrl, rpc.revokeInvitation, id));
    expect((await listed()).has(id.identity_id)).toBe(false);
  });
});

it("the configuration may have links live longer than a request can ask for", async () => {
  await server.restart({
    account: { invitation: { lifespan: "9000h" } },
    selfservice: { flows: { registration: { enabled: false } } },
  });
  const invite = (more: JsonObject = {}) =>
    operatorRest.call(server.adminUrl, rpc.inviteIdentity, { traits: { email: newEmail() }, ...more });
  const { expires_at: end } = done(await invite()).invitation as { expires_at: string };
  expect(Date.parse(end) - server.clock.now().getTime()).toBe(hours(9000));
  expect(reasonOf(await invite({ expires_in: "9000h" }))).toBe("INVALID_FIELD");
});
