import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SessionAdminService } from "../../../gen/ostiary/session/v1/session_admin_service_pb.ts";
import { hours } from "../../protocols/clock.ts";
import { send } from "../../protocols/http.ts";
import { nativeRest, spa } from "../../protocols/json-rest.ts";
import { done, operatorProtocols, operatorRest, reasonOf } from "../../protocols/operators.ts";
import { enterAs, enterAsNewPerson } from "../../protocols/person.ts";
import { accepted, refused } from "../../protocols/protocol.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* What operators do with sessions, through every protocol. */

const rpc = SessionAdminService.method;
const nobody = "6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99";
let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.stop());

type Seen = JsonObject & { readonly id: string; readonly active: boolean; readonly expires_at: string };

describe.each(operatorProtocols)("through $name", ({ call }) => {
  const ask = (method: Parameters<typeof call>[1], message: JsonObject) => call(server.adminUrl, method, message);
  const one = async (id: string, expand: string[] = []) =>
    done(await ask(rpc.getSession, { id, expand })).session as Seen;
  const listed = async (message: JsonObject) => done(await ask(rpc.listIdentitySessions, message)).sessions as Seen[];
  const twice = async () => {
    const { person, visitor } = await enterAsNewPerson(nativeRest, server);
    server.clock.advance(1_000);
    const other = await enterAs(nativeRest, server, person);
    const [mine, theirs] = [accepted(await visitor.whoami()).id, accepted(await other.whoami()).id];
    return { person, visitor, other, mine, theirs };
  };

  it("a session is read, with its identity and devices where they are asked for", async () => {
    const { mine, person } = await twice();
    const bare = await one(mine);
    expect(bare).toMatchObject({ id: mine, active: true, authenticator_assurance_level: "aal1" });
    expect([bare.identity ?? null, bare.devices]).toEqual([null, []]);
    const whole = await one(mine, ["identity", "devices"]);
    expect(whole).toMatchObject({ identity: { id: person.id, traits: { email: person.email } } });
    expect(whole.devices).toHaveLength(1);
    expect(JSON.stringify(whole)).not.toContain("hashed_password");
    expect(reasonOf(await ask(rpc.getSession, { id: mine, expand: ["magic"] }))).toBe("INVALID_FIELD");
    expect(reasonOf(await ask(rpc.getSession, { id: nobody }))).toBe("NOT_FOUND");
    expect(reasonOf(await ask(rpc.getSession, { id: "x" }))).toBe("INVALID_FIELD");
  });

  it("a person's sessions are listed, newest first, in pages, active ones or others alone", async () => {
    const { person, mine, theirs } = await twice();
    const ids = async (more: JsonObject = {}) => (await listed({ id: person.id, ...more })).map(({ id }) => id);
    expect(await ids()).toEqual([theirs, mine]);
    expect(await ids({ page_size: 1 })).toEqual([theirs]);
    expect(await ids({ per_page: 1, page: 2 })).toEqual([mine]);
    done(await ask(rpc.disableSession, { id: mine }));
    expect(await ids({ active: true })).toEqual([theirs]);
    expect(await ids({ active: false })).toEqual([mine]);
    expect(await listed({ id: nobody })).toEqual([]);
    expect(reasonOf(await ask(rpc.listIdentitySessions, { id: person.id, page_token: "x" }))).toBe("INVALID_FIELD");
  });

  it("everybody's sessions are listed in pages without a gap", async () => {
    await twice();
    const found: string[] = [];
    let token = "";
    do {
      const answer = await ask(rpc.listAllSessions, { page_size: 3, page_token: token });
      found.push(...(done(answer).sessions as Seen[]).map(({ id }) => id));
      const link = answer.ok ? /<([^>]+)>; rel="next"/.exec(answer.headers.link ?? "")?.[1] : undefined;
      token = link
        ? (new URL(link, "http://x").searchParams.get("page_token") ?? "")
        : String(done(answer).next_page_token ?? "");
    } while (token !== "");
    const [all] = await server.sql<{ n: number }>("SELECT COUNT(*) AS n FROM sessions");
    expect(new Set(found).size).toBe(found.length);
    expect(found).toHaveLength(Number(all?.n));
    expect(reasonOf(await ask(rpc.listAllSessions, { expand: ["magic"] }))).toBe("INVALID_FIELD");
  });

  it("a session that is disabled is over, and stays to be read; once more is no error", async () => {
    const { visitor, other, mine } = await twice();
    done(await ask(rpc.disableSession, { id: mine }));
    expect(refused(await visitor.whoami()).reason).toBe("SESSION_INACTIVE");
    accepted(await other.whoami());
    expect(await one(mine)).toMatchObject({ active: false });
    done(await ask(rpc.disableSession, { id: mine }));
    expect(reasonOf(await ask(rpc.disableSession, { id: nobody }))).toBe("NOT_FOUND");
  });

  it("a person's sessions are deleted, all of them", async () => {
    const { person, visitor, other } = await twice();
    done(await ask(rpc.deleteIdentitySessions, { id: person.id }));
    for (const each of [visitor, other]) expect(refused(await each.whoami()).reason).toBe("SESSION_INACTIVE");
    expect(await listed({ id: person.id })).toEqual([]);
    expect(reasonOf(await ask(rpc.deleteIdentitySessions, { id: person.id }))).toBe("NOT_FOUND");
  });

  it("many sessions are ended by their ids, or by those of people", async () => {
    const [a, b] = [await twice(), await twice()];
    const manage = async (message: JsonObject) => done(await ask(rpc.manageSessions, message));
    expect(await manage({ action: "disable", sessions: [a.mine, b.mine, nobody] })).toMatchObject({ processed: 2 });
    expect(refused(await a.visitor.whoami()).reason).toBe("SESSION_INACTIVE");
    accepted(await a.other.whoami());
    expect(await manage({ action: "delete", identities: [a.person.id, b.person.id] })).toMatchObject({ processed: 4 });
    expect(refused(await b.other.whoami()).reason).toBe("SESSION_INACTIVE");
    for (const message of [
      { action: "burn", sessions: [a.mine] },
      { action: "disable" },
      { action: "disable", sessions: [a.mine], identities: [a.person.id] },
      { action: "disable", sessions: ["x"] },
      { action: "disable", identities: ["*", a.person.id] },
    ])
      expect(reasonOf(await ask(rpc.manageSessions, message))).toBe("INVALID_FIELD");
  });

  it("all sessions of everybody are ended at once", async () => {
    const { visitor, mine } = await twice();
    const { processed } = done(await ask(rpc.manageSessions, { action: "disable", identities: ["*"] }));
    expect(Number(processed)).toBeGreaterThan(1);
    expect(refused(await visitor.whoami()).reason).toBe("SESSION_INACTIVE");
    expect(await one(mine)).toMatchObject({ active: false });
    done(await ask(rpc.manageSessions, { action: "delete", identities: ["*"] }));
    expect(await server.sql("SELECT 1 FROM sessions")).toEqual([]);
  });
});

describe("extending a session", () => {
  const { call } = operatorRest;
  const extend = (id: string) => call(server.adminUrl, rpc.extendSession, { id });
  const expiry = async (id: string) =>
    Date.parse((done(await call(server.adminUrl, rpc.getSession, { id })).session as Seen).expires_at);
  beforeAll(() => server.restart({ session: { lifespan: "24h", earliest_possible_extend: "1h" } }));
  afterAll(() => server.restart());

  it("moves its end when that is near, and not before; it proves nothing anew", async () => {
    const { visitor } = await enterAsNewPerson(nativeRest, server);
    const { id } = accepted(await visitor.whoami());
    const first = await expiry(id);
    done(await extend(id));
    expect(await expiry(id)).toBe(first);
    server.clock.advance(hours(23.5));
    const answer = done(await extend(id)).session as Seen & { readonly authenticated_at: string };
    expect(Date.parse(answer.expires_at)).toBe(server.clock.now().getTime() + hours(24));
    expect(Date.parse(answer.authenticated_at)).toBe(first - hours(24));
    // What it was before is over by now.
    server.clock.advance(hours(1));
    accepted(await visitor.whoami());
  });

  it("reaches the cookie of a browser at its next whoami", async () => {
    const { visitor } = await enterAsNewPerson(spa, server);
    const { id } = accepted(await visitor.whoami());
    server.clock.advance(hours(23.5));
    done(await extend(id));
    const cookie = visitor.credentials.jar?.header;
    const headers = { accept: "application/json", ...(cookie !== undefined && { cookie }) };
    const answer = await send(`${server.url}/sessions/whoami`, { headers });
    const [line = ""] = answer.setCookies.filter((each) => each.startsWith("ory_kratos_session="));
    expect(line).toMatch(/max-age=86\d{3}/i);
    visitor.credentials.jar?.take(answer.setCookies);
    server.clock.advance(hours(1));
    accepted(await visitor.whoami());
  });

  it("brings no session back that is over", async () => {
    const { visitor } = await enterAsNewPerson(nativeRest, server);
    const { id } = accepted(await visitor.whoami());
    server.clock.advance(hours(25));
    const before = await expiry(id);
    done(await extend(id));
    expect(await expiry(id)).toBe(before);
    const other = await enterAsNewPerson(nativeRest, server);
    const { id: disabled } = accepted(await other.visitor.whoami());
    done(await call(server.adminUrl, rpc.disableSession, { id: disabled }));
    server.clock.advance(hours(23.5));
    done(await extend(disabled));
    expect(refused(await other.visitor.whoami()).reason).toBe("SESSION_INACTIVE");
    expect(reasonOf(await extend(nobody))).toBe("NOT_FOUND");
  });

  it("answers nothing where that is asked for", async () => {
    await server.restart({ feature_flags: { faster_session_extend: true } });
    const { visitor } = await enterAsNewPerson(nativeRest, server);
    const { id } = accepted(await visitor.whoami());
    const answer = await extend(id);
    expect(answer.ok && answer.status).toBe(204);
  });
});
