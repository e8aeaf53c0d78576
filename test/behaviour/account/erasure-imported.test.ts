import { generateKeyPairSync, randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { withKeys } from "../../protocols/keys.ts";
import { messagesTo } from "../../protocols/messages.ts";
import { done, operatorRest } from "../../protocols/operators.ts";
import { newEmail } from "../../protocols/person.ts";
import { placesOf, rowCounts } from "../../protocols/places.ts";
import { idBytes } from "../../protocols/rows.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";
import { publicKeyOf } from "../../setup/authenticator.ts";

/*
 * What is left of somebody who came with an import and was erased: nothing of what came along, of their devices, of
 * what waited for them, and no row that was not there before, also where what it says is encrypted.
 */

let server: TestServer;
beforeAll(async () => {
  const verifying = { after: { profile: { hooks: [{ hook: "verify_new_address" }] } } };
  server = await startServer({
    overrides: withKeys({
      selfservice: {
        flows: { settings: verifying, verification: { enabled: true }, recovery: { enabled: true } },
      },
    }),
  });
});
afterAll(() => server?.stop());

const canary = `canary${randomBytes(5).toString("hex")}`;
const password = "a given secret 9";

/** A document with the word in each of its fields. */
const documentOf = (email: string) => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const [id, userHandle] = [randomBytes(32), randomBytes(32)];
  const key = { id, userHandle, algorithm: "ES256" as const, privateKey, counter: 1 };
  const keys = {
    config: {
      user_handle: Buffer.from(userHandle.toString("hex")).toString("base64"),
      credentials: [
        {
          id: id.toString("base64"),
          public_key: publicKeyOf(key).toString("base64"),
          attestation_type: "none",
          authenticator: { aaguid: Buffer.alloc(16).toString("base64"), sign_count: 1, clone_warning: false },
          display_name: `${canary} key`,
          added_at: "2026-01-02T03:04:05Z",
          flags: { user_present: true, user_verified: true, backup_eligible: false, backup_state: false },
        },
      ],
    },
  };
  const tokens = { initial_id_token: canary, initial_access_token: canary, initial_refresh_token: canary };
  return {
    traits: { email, name: { first: canary }, tags: [canary] },
    metadata_public: { [canary]: canary },
    metadata_admin: [canary],
    external_id: `${canary} elsewhere`,
    verifiable_addresses: [{ value: email, via: "email", verified: true, status: "completed" }],
    credentials: {
      password: { config: { password } },
      oidc: { config: { providers: [{ provider: "acme", subject: `${canary}-subject`, ...tokens }] } },
      passkey: keys,
      code: { config: { addresses: [{ channel: "email", address: `${canary}.code@example.com` }] } },
    },
  };
};

/** Signs in, and leaves what a device leaves; gives the session token. */
const leaveTraces = async (email: string): Promise<string> => {
  const headers = { accept: "application/json", "content-type": "application/json", "user-agent": `${canary} browser` };
  const ask = async (path: string, body?: unknown, more: Record<string, string> = {}) => {
    const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const response = await fetch(`${server.url}${path}`, { ...init, headers: { ...headers, ...more } });
    return (await response.json()) as { id: string; session_token?: string; state?: string };
  };
  const begun = (kind: string, more = {}) =>
    ask(
      `/self-service/${kind}/api?return_to=${encodeURIComponent(`http://127.0.0.1:4455/${canary}`)}`,
      undefined,
      more,
    );
  const login = await begun("login");
  const wrong = { method: "password", identifier: email, password: canary, transient_payload: { canary } };
  await ask(`/self-service/login?flow=${login.id}`, wrong);
  const { session_token: token = "" } = await ask(`/self-service/login?flow=${login.id}`, { ...wrong, password });
  expect(token).not.toBe("");
  const session = { "x-session-token": token };
  const settings = await begun("settings", session);
  const traits = { email: `${canary}.wanted@example.com`, name: { first: `${canary} anew` } };
  const saved = await ask(
    `/self-service/settings?flow=${settings.id}`,
    { method: "profile", traits, transient_payload: { canary } },
    session,
  );
  expect(saved.state).toBe("success");
  for (const kind of ["recovery", "verification"]) {
    const flow = await begun(kind);
    await ask(`/self-service/${kind}?flow=${flow.id}`, { method: "code", email });
  }
  return token;
};

it("nothing of what came along is left, and no row more than before but that they were deleted", async () => {
  const before = await rowCounts(server);
  const email = `${canary}.${newEmail()}`;
  const answer = await fetch(`${server.adminUrl}/admin/identities/import?import_id=${canary}`, {
    method: "POST",
    headers: { "content-type": "application/x-ndjson" },
    body: JSON.stringify(documentOf(email)),
  });
  const { identity = "", error } = JSON.parse(await answer.text()) as { identity?: string; error?: unknown };
  expect(error).toBeUndefined();
  const token = await leaveTraces(email);

  const written = await placesOf(server, [Buffer.from(canary)]);
  expect(Object.keys(written)).toEqual(
    expect.arrayContaining([
      "identities.traits",
      "identities.credentials",
      "identities.metadata_public",
      "identities.metadata_admin",
      "identities.external_id",
      "identity_identifiers.identifier",
      "identity_addresses.value",
      "sessions.device",
      "flows.request_url",
      "security_events.user_agent",
      "courier_messages.recipient",
    ]),
  );
  const ofThem = Object.keys(await placesOf(server, [idBytes(identity)]));
  expect(ofThem).toEqual(expect.arrayContaining(["pending_addresses.identity_id", "identity_credentials.identity_id"]));
  expect(await messagesTo(server, email)).not.toEqual([]);

  done(await operatorRest.call(server.adminUrl, IdentityAdminService.method.deleteIdentity, { id: identity }));
  expect(await placesOf(server, [Buffer.from(canary)])).toEqual({});
  expect(await placesOf(server, [idBytes(identity), Buffer.from(identity)])).toEqual({
    "security_events.identity_id": 1,
  });
  expect(server.logged.filter((line) => line.includes(canary))).toEqual([]);
  // Caches as well: a token that was looked up just now finds nobody.
  const whoami = await fetch(`${server.url}/sessions/whoami`, { headers: { "x-session-token": token } });
  expect(whoami.status).toBe(401);
  // Counters of guesses and messages have digests alone, and end by themselves.
  const { attempts: _, event_stream: __, ...after } = await rowCounts(server);
  const { attempts: ___, event_stream: ____, ...there } = before;
  expect(after).toEqual({ ...there, security_events: Number(there.security_events) + 1 });
});
