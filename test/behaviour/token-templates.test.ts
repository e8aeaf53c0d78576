import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { enrolTotp, withFactors } from "../protocols/factors.ts";
import { send } from "../protocols/http.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { enterAs, enterAsNewPerson } from "../protocols/person.ts";
import { accepted } from "../protocols/protocol.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* Whoami as a signed token, how long its answer may be kept, and what browsers forget at logout. */

const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
const jwk = { ...(await exportJWK(privateKey)), alg: "ES256", kid: "first", use: "sig" };
const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), alg: "ES256", kid: "first" }] });
const base64 = (text: string): string => `base64://${Buffer.from(text).toString("base64")}`;
const jwks_url = base64(JSON.stringify({ keys: [jwk] }));
const mapper = `
  local session = std.extVar('session');
  local claims = std.extVar('claims');
  { claims: {
    email: session.identity.traits.email, aal: session.authenticator_assurance_level, was: claims.sub, iss: 'evil'
  } }`;

let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    overrides: {
      ...withFactors,
      session: {
        whoami: {
          tokenizer: {
            templates: {
              plain: { jwks_url },
              mapped: { jwks_url, claims_mapper_url: base64(mapper), ttl: "5m" },
              external: { jwks_url, subject_source: "external_id" },
              keyless: { jwks_url: base64('{"keys":[]}') },
              broken: { jwks_url, claims_mapper_url: base64("error 'no'") },
            },
          },
        },
      },
      feature_flags: { cacheable_sessions: true, cacheable_sessions_max_age: "10m" },
    },
  });
});
afterAll(() => server?.stop());

const ask = async (template: string, token: string | undefined) =>
  send(`${server.url}/sessions/whoami?tokenize_as=${template}`, {
    headers: { accept: "application/json", "x-session-token": token },
  });
const verify = (token: unknown) => jwtVerify(String(token), keys, { currentDate: server.clock.now() });

it("a session comes as a token that its key has signed, with the claims of its template", async () => {
  const { person, visitor } = await enterAsNewPerson(nativeRest, server);
  const { token } = visitor.credentials;
  const plain = (await ask("plain", token)).json;
  const { payload, protectedHeader } = await verify(plain.tokenized);
  expect(protectedHeader).toMatchObject({ alg: "ES256", kid: "first" });
  expect(payload).toMatchObject({ sub: person.id, sid: plain.id, iss: server.url });
  expect(Number(payload.exp) - Number(payload.iat)).toBe(60);

  const mapped = await verify((await ask("mapped", token)).json.tokenized);
  expect(mapped.payload).toMatchObject({ email: person.email, aal: "aal1", was: person.id, iss: server.url });
  expect(Number(mapped.payload.exp) - Number(mapped.payload.iat)).toBe(300);
});

it("nobody gets one without a session, of a template that is not there, or without its subject", async () => {
  expect((await ask("plain", "nonsense")).status).toBe(401);
  const { person, visitor } = await enterAsNewPerson(nativeRest, server);
  const { token } = visitor.credentials;
  for (const template of ["other", "constructor", "external"]) expect((await ask(template, token)).status).toBe(400);
  await send(`${server.adminUrl}/admin/identities/${person.id}`, {
    method: "PATCH",
    headers: { "content-type": "application/json" },
    body: JSON.stringify([{ op: "add", path: "/external_id", value: "ext 1" }]),
  });
  expect((await verify((await ask("external", token)).json.tokenized)).payload.sub).toBe("ext 1");
});

it("keys and mappers that cannot be used are told as such, and nothing of them", async () => {
  const { visitor } = await enterAsNewPerson(nativeRest, server);
  for (const template of ["keyless", "broken"]) {
    const { status, text } = await ask(template, visitor.credentials.token);
    expect([status, text.includes("keys")]).toEqual([502, false]);
  }
});

it("whoami says how long its answer may be cached, if configured, at most until the session ends", async () => {
  const { visitor } = await enterAsNewPerson(nativeRest, server);
  const cacheFor = async () => (await ask("", visitor.credentials.token)).headers["ory-session-cache-for"];
  expect(await cacheFor()).toBe("600");
  const left = accepted(await visitor.whoami()).expiresAt - server.clock.now().getTime();
  server.clock.advance(left - 60_000);
  expect(Number(await cacheFor())).toBeLessThanOrEqual(60);
  expect((await ask("", "nonsense")).headers["ory-session-cache-for"]).toBeUndefined();
  // A signed token says itself until when it is good.
  expect((await ask("plain", visitor.credentials.token)).status).toBe(200);
});

it("a token says no more than whoami: it waits for the second factor as well", async () => {
  const { person, visitor } = await enterAsNewPerson(nativeRest, server);
  await enrolTotp(visitor, server);
  const other = await enterAs(nativeRest, server, person);
  const { status, text } = await ask("mapped", other.credentials.token);
  expect([status, text.includes(person.email), text.includes(person.id)]).toEqual([403, false, false]);
  expect((await ask("mapped", visitor.credentials.token)).status).toBe(200);
});

describe("signing out", () => {
  let clearing: TestServer;
  beforeAll(async () => {
    clearing = await startServer({
      beside: server,
      overrides: {
        serve: { public: { trusted_proxies: ["127.0.0.0/8", "::1"] } },
        selfservice: { flows: { logout: { clear_browser_data: true } } },
      },
    });
  });
  afterAll(() => clearing?.stop());

  /** Signs a browser out, which reached the server this way; gives what it is told to forget. */
  const signOut = async (at: TestServer, proto: "http" | "https"): Promise<unknown> => {
    const { visitor } = await enterAsNewPerson(spa, at);
    const headers = { accept: "application/json", cookie: visitor.credentials.jar?.header, "x-forwarded-proto": proto };
    const link = await send(`${at.url}/self-service/logout/browser`, { headers });
    const token = String(link.json.logout_token);
    const done = await send(`${at.url}/self-service/logout?token=${token}`, { headers });
    expect(done.status).toBeLessThan(400);
    return done.headers["clear-site-data"];
  };

  it("has browsers forget this host where that is configured, over https alone", async () => {
    expect(await signOut(clearing, "https")).toBe('"cookies","storage","cache"');
    expect(await signOut(clearing, "http")).toBeUndefined();
    expect(await signOut(server, "https")).toBeUndefined();
  });
});
