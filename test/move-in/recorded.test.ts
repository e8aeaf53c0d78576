import { createPrivateKey } from "node:crypto";
import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IdentityAdminService } from "../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { createKratosCookies } from "../../src/session/kratos-cookie.ts";
import { minutes } from "../protocols/clock.ts";
import { nextCode, stepUp } from "../protocols/factors.ts";
import { send } from "../protocols/http.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { keyOrigin, useKey } from "../protocols/keys.ts";
import { done, operatorRest } from "../protocols/operators.ts";
import { signIn } from "../protocols/person.ts";
import { accepted, refused, type Visitor } from "../protocols/protocol.ts";
import { away, comeBack, showRealTime, signInAt, startProviders } from "../protocols/providers.ts";
import { shownIn } from "../protocols/seen.ts";
import { startServer, type TestServer, ui } from "../protocols/server.ts";
import { createAuthenticator } from "../setup/authenticator.ts";
import {
  type Moved,
  moveInto,
  type RecordedKey,
  recordedConfiguration,
  recordedNow,
  recordedPeople,
  recordedRows,
  recordedSource,
  type SourceDatabase,
} from "./source-database.ts";

/* Rows that Ory Kratos wrote: everybody signs in here with all that they had there, and nobody is signed out. */

const people = recordedPeople();
const configuration = recordedConfiguration();
let [server, source, report]: [TestServer, SourceDatabase, Moved] = [] as never;
beforeAll(async () => {
  server = await startServer({ overrides: configuration, now: recordedNow, wait: async () => undefined });
  source = await recordedSource();
  report = await moveInto(server, source, { configuration });
});
afterAll(async () => {
  await server?.stop();
  await source?.close();
});

const of = (kind: string) => people.filter((person) => person.kind === kind);
const having = (what: "totp" | "lookup" | "webauthn" | "passkey" | "provider") =>
  people.filter((person) => person[what] !== undefined);
const enter = async (person: { readonly email: string; readonly password: string }): Promise<Visitor> => {
  const visitor = nativeRest.enter(server);
  accepted(await signIn(visitor, person));
  return visitor;
};
const deviceOf = ({ id, userHandle, privateKey, signCount }: RecordedKey) =>
  createAuthenticator({
    origin: keyOrigin,
    keys: [
      {
        id: Buffer.from(id, "base64url"),
        userHandle: Buffer.from(userHandle, "base64url"),
        algorithm: "ES256",
        privateKey: createPrivateKey({ format: "jwk", key: privateKey as never }),
        counter: signCount,
      },
    ],
  });
const whoami = (headers: Record<string, string>) =>
  send(`${server.url}/sessions/whoami`, { headers: { accept: "application/json", ...headers } });
const stepsUp = (kind: string): boolean => ["totp", "lookup", "webauthn", "everything"].includes(kind);
/** The token in a cookie. */
const openCookie = createKratosCookies("ory_kratos_session", ["golden-golden-golden-golden-golden"]);
const tokenOf = (token: string | undefined, cookie: string | undefined): string | undefined =>
  token ?? openCookie(cookie?.slice(cookie.indexOf("=") + 1) ?? "")?.token;
const names = new Map(recordedRows("identity_credential_types").map(({ id, name }) => [id, String(name)]));

it("everybody comes along, with as many of each kind", async () => {
  expect(report).toMatchObject({ found: 32, moved: 32, refused: 0, changed: 0, kept: 0, people: [] });
  const expected: Record<string, number> = {};
  for (const { identity_credential_type_id: type, config } of recordedRows("identity_credentials")) {
    const name = names.get(type) ?? "";
    if (config !== "{}") expected[name] = (expected[name] ?? 0) + 1;
  }
  expect(report.credentials).toEqual(expected);
  const stored = await server.sql("SELECT type, COUNT(*) AS many FROM identity_credentials GROUP BY type");
  expect(Object.fromEntries(stored.map(({ type, many }) => [type, Number(many)]))).toEqual(expected);
  expect(report.sessions).toBe(recordedRows("sessions").length);
  expect(report.left).toEqual({});
});

it("ids, traits, metadata, state and addresses are as they were", async () => {
  const addresses = recordedRows("identity_verifiable_addresses");
  for (const row of recordedRows("identities")) {
    const answer = await operatorRest.call(server.adminUrl, IdentityAdminService.method.getIdentity, {
      id: String(row.id),
    });
    const own = addresses.filter(({ identity_id }) => identity_id === row.id);
    expect(done(answer).identity).toMatchObject({
      id: row.id,
      schema_id: row.schema_id,
      state: row.state,
      traits: JSON.parse(String(row.traits)) as JsonObject,
      metadata_public: JSON.parse(String(row.metadata_public)) as JsonObject,
      metadata_admin: JSON.parse(String(row.metadata_admin)) as JsonObject,
      created_at: `${String(row.created_at).replace(" ", "T")}Z`,
      verifiable_addresses: own.map(({ id, value, via, status, verified }) => ({
        id,
        value,
        via,
        status,
        verified: verified === 1,
      })),
      recovery_addresses: [{ via: "email", value: own[0]?.value }],
    });
  }
});

it("tokens of apps and cookies of browsers stay valid, at their level; those of disabled people do not", async () => {
  const rows = recordedRows("sessions");
  const levels = new Set<string>();
  for (const { id, kind, sessions } of people)
    for (const { token, cookie } of sessions) {
      const answer = await whoami(token === undefined ? { cookie: cookie ?? "" } : { "x-session-token": token });
      if (kind === "disabled") {
        expect(answer.status).toBe(401);
        continue;
      }
      const row = rows.find((each) => each.token === tokenOf(token, cookie));
      // Whoever has a second factor is asked for it where the session lacks it, as before.
      if (row?.aal === "aal1" && stepsUp(kind)) {
        expect(answer).toMatchObject({ status: 403, json: { error: { id: "session_aal2_required" } } });
        continue;
      }
      const body = answer.json as { id: string; identity: { id: string }; authenticator_assurance_level: string };
      expect([answer.status, body.identity.id]).toEqual([200, id]);
      levels.add(body.authenticator_assurance_level);
      expect(body.authenticator_assurance_level).toBe(rows.find((each) => each.id === body.id)?.aal);
    }
  expect([...levels].sort()).toEqual(["aal1", "aal2"]);
  expect(people.flatMap(({ sessions }) => sessions).length).toBeGreaterThan(40);
});

it("a cookie whose secret, name or content is another signs nobody in", async () => {
  const cookie = of("cookie")[0]?.sessions.find((session) => session.cookie)?.cookie ?? "";
  const [name, value = ""] = [cookie.slice(0, cookie.indexOf("=")), cookie.slice(cookie.indexOf("=") + 1)];
  const bytes = Buffer.from(value, "base64url");
  const altered = (at: number): string => {
    const other = Buffer.from(bytes);
    other.writeUInt8(other.readUInt8(at) ^ 1, at);
    return `${name}=${other.toString("base64url")}`;
  };
  for (const wrong of [altered(3), altered(40), altered(bytes.length - 1), `${name}=${value.slice(0, -8)}`, `${name}=`])
    expect((await whoami({ cookie: wrong })).status).toBe(401);
  expect((await whoami({ cookie })).status).toBe(200);
});

it("a browser signs out with the cookie that it had", async () => {
  const cookie = of("proven")[1]?.sessions.find((session) => session.cookie)?.cookie ?? "";
  const { json } = await send(`${server.url}/self-service/logout/browser`, {
    headers: { accept: "application/json", cookie },
  });
  const token = new URL(String(json.logout_url)).searchParams.get("token") ?? "";
  await send(`${server.url}/self-service/logout?token=${token}`, { headers: { accept: "application/json", cookie } });
  expect((await whoami({ cookie })).status).toBe(401);
});

it("each password signs in, of whatever form its hash was, and a wrong one does not", async () => {
  const withPassword = people.filter(({ kind }) => kind !== "oidc");
  for (const person of withPassword) {
    const answer = await signIn(nativeRest.enter(server), person);
    expect([person.kind, answer.ok]).toEqual([person.kind, person.kind !== "disabled"]);
    const wrong = await signIn(nativeRest.enter(server), { ...person, password: `${person.password}x` });
    expect(refused(wrong).reason).toBe("FORM_REJECTED");
  }
  expect(withPassword).toHaveLength(30);
});

describe("second factors", () => {
  it("codes of each authenticator app are taken, once", async () => {
    for (const person of having("totp")) {
      const visitor = await enter(person);
      const code = nextCode(server, person.totp ?? "");
      accepted(await stepUp(visitor, { method: "totp", totp_code: code }));
      expect(accepted(await visitor.whoami()).aal).toBe(2);
      expect((await stepUp(await enter(person), { method: "totp", totp_code: code })).ok).toBe(false);
    }
  });

  it("each backup code is good once, and those that were used stay used", async () => {
    const used = recordedRows("identity_credentials").flatMap(({ config }) => {
      const { recovery_codes = [] } = JSON.parse(String(config)) as {
        recovery_codes?: { code: string; used_at: string | null }[];
      };
      return recovery_codes.filter(({ used_at }) => used_at !== null).map(({ code }) => code);
    });
    for (const person of having("lookup"))
      for (const code of (person.lookup ?? []).slice(0, 2)) {
        const give = async () => stepUp(await enter(person), { method: "lookup_secret", lookup_secret: code });
        expect([code, (await give()).ok]).toEqual([code, !used.includes(code)]);
        expect((await give()).ok).toBe(false);
      }
  });

  it("each security key is taken", async () => {
    for (const person of having("webauthn")) {
      const visitor = await enter(person);
      accepted(await useKey(visitor, deviceOf(person.webauthn as RecordedKey), { aal: "aal2" }));
      expect(accepted(await visitor.whoami()).aal).toBe(2);
    }
    expect(having("webauthn")).toHaveLength(4);
  });
});

it("each passkey signs in, without a name", async () => {
  for (const person of having("passkey")) {
    const visitor = nativeRest.enter(server);
    const flow = accepted(await visitor.login.create());
    const passkey_login = deviceOf(person.passkey as RecordedKey).get(shownIn(flow, "passkey_challenge"));
    accepted(await visitor.login.update(flow.id, { method: "passkey", passkey_login }));
    const answer = await visitor.whoami();
    if (stepsUp(person.kind)) expect(refused(answer).reason).toBe("AAL2_REQUIRED");
    else expect(accepted(answer).identityId).toBe(person.id);
  }
  expect(having("passkey")).toHaveLength(4);
});

it("run again it changes nothing, and the source is as it was", async () => {
  const tables = ["identities", "identity_credentials", "identity_identifiers", "identity_addresses", "sessions"];
  const content = () => Promise.all(tables.map((table) => server.sql(`CHECKSUM TABLE ${table}`)));
  const before = await content();
  const again = await moveInto(server, source, { configuration });
  expect(again).toMatchObject({ found: 32, moved: 0, changed: 0, unchanged: 32, kept: 0, refused: 0, deleted: 0 });
  expect(await content()).toEqual(before);
  const [rows] = await source.connection.query("SELECT * FROM identities ORDER BY id");
  expect(rows).toHaveLength(32);
});

it("each link to a provider signs its owner in", async () => {
  showRealTime(server);
  const providers = await startProviders(server, {}, configuration);
  try {
    for (const person of having("provider")) {
      const visitor = spa.enter(server);
      const flow = accepted(await visitor.login.create());
      const location = away(await visitor.login.update(flow.id, { method: "oidc", provider: "acme" }));
      const account = { sub: person.provider?.subject ?? "", email: person.email };
      const back = await comeBack(await signInAt(providers.acme, location, account), visitor);
      expect(back.headers.location).not.toContain(ui.error);
      server.clock.advance(minutes(1));
      expect([person.kind, accepted(await visitor.whoami()).identityId]).toEqual([person.kind, person.id]);
    }
    expect(having("provider")).toHaveLength(4);
  } finally {
    await providers.close();
  }
});
