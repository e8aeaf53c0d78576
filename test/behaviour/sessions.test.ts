import { createHash, randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hours, minutes } from "../protocols/clock.ts";
import { send } from "../protocols/http.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { enterAs, enterAsNewPerson, signIn } from "../protocols/person.ts";
import { accepted, refused, type Visitor } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { everythingWritten, idBytes } from "../protocols/rows.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.stop());

const idOf = async (visitor: Visitor): Promise<string> => accepted(await visitor.whoami()).id;

/** What a visitor presents, taken down to be presented again. */
const rendered = ({ credentials: { token, jar } }: Visitor): string => token ?? jar?.get("ory_kratos_session") ?? "";
const present = ({ credentials }: Visitor, value: string): void => {
  if (credentials.jar) credentials.jar.set("ory_kratos_session", value);
  else credentials.token = value;
};

describe.each(protocols)("through $name", (protocol) => {
  it("a session says who it is, how and until when", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const session = accepted(await visitor.whoami());
    const now = server.clock.now().getTime();
    expect(session).toMatchObject({
      active: true,
      identityId: person.id,
      methods: ["password"],
      authenticatedAt: now,
      expiresAt: now + hours(24),
    });
    expect(session.traits.email).toBe(person.email);
  });

  it("nobody, and nobody's token, is no session", async () => {
    const visitor = protocol.enter(server);
    expect(refused(await visitor.whoami()).reason).toBe("SESSION_INACTIVE");
    present(visitor, "ory_st_nonsense");
    for (const answer of [
      await visitor.whoami(),
      await visitor.sessions(),
      await visitor.revokeOthers(),
      await visitor.revoke(randomUUID()),
      await visitor.settings.create(),
    ])
      expect(refused(answer).reason).toBe("SESSION_INACTIVE");
  });

  it("it lasts until its last moment and not a moment longer", async () => {
    const { visitor } = await enterAsNewPerson(protocol, server);
    server.clock.advance(hours(24) - 1);
    accepted(await visitor.whoami());
    server.clock.advance(1);
    expect(refused(await visitor.whoami()).reason).toBe("SESSION_INACTIVE");
  });

  it("of someone who was disabled it is over at once, and whoever knows the password is told why", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const flow = accepted(await visitor.settings.create()).id;
    await server.sql("UPDATE identities SET state = 'inactive' WHERE id = ?", [idBytes(person.id)]);
    expect(refused(await visitor.whoami()).reason).toBe("SESSION_INACTIVE");
    expect(
      refused(await visitor.settings.update(flow, { method: "profile", traits: { email: person.email } })).reason,
    ).toBe("SESSION_INACTIVE");
    const again = protocol.enter(server);
    expect(refused(await signIn(again, person))).toMatchObject({
      reason: "FORM_REJECTED",
      texts: [{ node: "", id: 4010011 }],
    });
    expect(refused(await signIn(again, { ...person, password: "a wrong one" })).texts).toMatchObject([
      { node: "", id: 4000006 },
    ]);
  });

  it("proving it again keeps the session and changes its token; the old one is dead", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const [id, old] = [await idOf(visitor), rendered(visitor)];
    server.clock.advance(minutes(30));
    accepted(await signIn(visitor, person, { refresh: "true" }));
    const session = accepted(await visitor.whoami());
    expect(session).toMatchObject({
      id,
      authenticatedAt: server.clock.now().getTime(),
      methods: ["password", "password"],
    });
    expect(rendered(visitor)).not.toBe(old);
    const thief = protocol.enter(server);
    present(thief, old);
    expect(refused(await thief.whoami()).reason).toBe("SESSION_INACTIVE");
  });

  it("signing in as someone else is another session, and the first one is left as it was", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const { person: other } = await enterAsNewPerson(protocol, server);
    const [id, old] = [await idOf(visitor), rendered(visitor)];
    accepted(await signIn(visitor, other, { refresh: "true" }));
    expect(accepted(await visitor.whoami())).toMatchObject({ identityId: other.id });
    const before = protocol.enter(server);
    present(before, old);
    expect(accepted(await before.whoami())).toMatchObject({ id, identityId: person.id });
  });

  it("signed in already, there is nothing to sign in or up for", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const flow = accepted(await protocol.enter(server).registration.create()).id;
    expect(refused(await visitor.login.create()).reason).toBe("SESSION_ALREADY_AVAILABLE");
    expect(refused(await visitor.registration.create()).reason).toBe("SESSION_ALREADY_AVAILABLE");
    if (!protocol.isForm)
      expect(
        refused(await visitor.registration.update(flow, { method: "password", password: person.password })).reason,
      ).toBe("SESSION_ALREADY_AVAILABLE");
  });

  it("the others are listed, newest first, in pages, without one's own", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const others: string[] = [];
    for (let n = 0; n < 5; n++) {
      server.clock.advance(1_000);
      others.unshift(await idOf(await enterAs(protocol, server, person)));
    }
    expect(accepted(await visitor.sessions()).ids).toEqual(others);
    const seen: string[] = [];
    let token: string | undefined;
    do {
      const page = accepted(
        await visitor.sessions({ page_size: "2", ...(token !== undefined && { page_token: token }) }),
      );
      expect(page.ids.length).toBeLessThanOrEqual(2);
      seen.push(...page.ids);
      token = page.next;
    } while (token !== undefined);
    expect(seen).toEqual(others);
    expect(refused(await visitor.sessions({ page_size: "1001" }))).toMatchObject({
      reason: "INVALID_FIELD",
      field: "page_size",
    });
    expect(refused(await visitor.sessions({ page_token: "nonsense" }))).toMatchObject({
      reason: "INVALID_FIELD",
      field: "page_token",
    });
  });

  it("one of the others is revoked and over at once; revoking it again is no error", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const [one, other] = [await enterAs(protocol, server, person), await enterAs(protocol, server, person)];
    const id = await idOf(one);
    accepted(await visitor.revoke(id));
    accepted(await visitor.revoke(id));
    expect(refused(await one.whoami()).reason).toBe("SESSION_INACTIVE");
    accepted(await other.whoami());
    expect(accepted(await visitor.sessions()).ids).toEqual([await idOf(other)]);
  });

  it("one's own is not revoked that way, nor is another person's, nor what is no session", async () => {
    const { visitor } = await enterAsNewPerson(protocol, server);
    const { visitor: stranger } = await enterAsNewPerson(protocol, server);
    const before = await everythingWritten(server);
    expect(refused(await visitor.revoke(await idOf(visitor)))).toMatchObject({ reason: "INVALID_FIELD", field: "id" });
    expect(refused(await visitor.revoke("nonsense"))).toMatchObject({ reason: "INVALID_FIELD", field: "id" });
    accepted(await visitor.revoke(await idOf(stranger)));
    accepted(await visitor.revoke(randomUUID()));
    accepted(await stranger.whoami());
    expect(await everythingWritten(server)).toEqual(before);
  });

  it("all the others are revoked and counted; one's own stays", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const others = [await enterAs(protocol, server, person), await enterAs(protocol, server, person)];
    expect(accepted(await visitor.revokeOthers())).toBe(2);
    expect(accepted(await visitor.revokeOthers())).toBe(0);
    for (const other of others) expect(refused(await other.whoami()).reason).toBe("SESSION_INACTIVE");
    accepted(await visitor.whoami());
  });

  it("signing out ends the session, and only this one", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const [other, old] = [await enterAs(protocol, server, person), rendered(visitor)];
    accepted(await visitor.signOut());
    if (protocol.family === "browser") expect(visitor.credentials.jar?.get("ory_kratos_session")).toBeUndefined();
    present(visitor, old);
    expect(refused(await visitor.whoami()).reason).toBe("SESSION_INACTIVE");
    accepted(await other.whoami());
  });

  it("of its token only a digest is kept", async () => {
    const { visitor } = await enterAsNewPerson(protocol, server);
    const id = await idOf(visitor);
    expect(JSON.stringify(await everythingWritten(server))).not.toContain(rendered(visitor));
    if (protocol.family === "browser") return;
    const [row] = await server.sql<{ token_digest: Buffer }>("SELECT token_digest FROM sessions WHERE id = ?", [
      idBytes(id),
    ]);
    expect(row?.token_digest).toEqual(createHash("sha256").update(rendered(visitor)).digest());
  });
});

describe("the way a session is presented", () => {
  const whoami = (headers: Readonly<Record<string, string | undefined>>) =>
    send(`${server.url}/sessions/whoami`, { headers: { accept: "application/json", ...headers } });

  it("by X-Session-Token, by cookie or by Authorization, whatever the case of Bearer", async () => {
    const { visitor } = await enterAsNewPerson(nativeRest, server);
    const { visitor: browser } = await enterAsNewPerson(spa, server);
    const { token } = visitor.credentials;
    for (const headers of [
      { "x-session-token": token },
      { authorization: `bearer ${token}` },
      { authorization: `Bearer ${token}` },
      { cookie: browser.credentials.jar?.header },
    ])
      expect((await whoami(headers)).status).toBe(200);
  });

  it("a cookie and a token of different sessions are refused, whichever is right", async () => {
    const { visitor } = await enterAsNewPerson(nativeRest, server);
    const { visitor: browser } = await enterAsNewPerson(spa, server);
    const cookie = browser.credentials.jar?.header;
    for (const token of [visitor.credentials.token, "ory_st_nonsense"]) {
      for (const headers of [{ "x-session-token": token }, { authorization: `Bearer ${token}` }]) {
        const answer = await whoami({ cookie, ...headers });
        expect(answer.status).toBe(401);
        expect(answer.json).toMatchObject({
          error: { id: "session_inactive", message: "Cookie and token name different sessions." },
        });
      }
    }
  });

  it("a cookie that cannot be read is none, so that the token counts", async () => {
    const { visitor } = await enterAsNewPerson(nativeRest, server);
    expect(
      (await whoami({ cookie: "ory_kratos_session=broken", authorization: `Bearer ${visitor.credentials.token}` }))
        .status,
    ).toBe(200);
  });

  it("a session token in the place of the cookie opens nothing", async () => {
    const { visitor } = await enterAsNewPerson(nativeRest, server);
    expect((await whoami({ cookie: `ory_kratos_session=${visitor.credentials.token}` })).status).toBe(401);
  });
});

describe("signing out a browser", () => {
  const follow = (path: string, cookie: string | undefined) =>
    send(`${server.url}${path}`, { headers: { accept: "application/json", cookie } });

  it("takes the session's own token", async () => {
    const { visitor } = await enterAsNewPerson(spa, server);
    const { visitor: other } = await enterAsNewPerson(spa, server);
    const cookie = visitor.credentials.jar?.header;
    const theirs = await follow("/self-service/logout/browser", other.credentials.jar?.header);
    expect((await follow(`/self-service/logout?token=${String(theirs.json.logout_token)}`, cookie)).json).toMatchObject(
      { error: { code: 403 } },
    );
    expect((await follow("/self-service/logout", cookie)).json).toMatchObject({
      error: { code: 400, details: { field: "token" } },
    });
    accepted(await visitor.whoami());
  });

  it("takes the session's own cookie: the link alone does nothing", async () => {
    const { visitor } = await enterAsNewPerson(spa, server);
    const link = await follow("/self-service/logout/browser", visitor.credentials.jar?.header);
    expect((await follow(`/self-service/logout?token=${String(link.json.logout_token)}`, undefined)).status).toBe(401);
    accepted(await visitor.whoami());
  });
});

describe("signing out a native app", () => {
  it("is no error for a token that is over, and one for a token that never was", async () => {
    const { visitor } = await enterAsNewPerson(nativeRest, server);
    accepted(await visitor.signOut());
    accepted(await visitor.signOut());
    visitor.credentials.token = "ory_st_nonsense";
    expect(refused(await visitor.signOut()).reason).toBe("SESSION_TOKEN_UNKNOWN");
  });
});
