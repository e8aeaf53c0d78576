import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { ConfigError } from "../../../src/config/config-error.ts";
import { nativeRest } from "../../protocols/json-rest.ts";
import { done, operatorRest } from "../../protocols/operators.ts";
import { newEmail, newPassword, signIn } from "../../protocols/person.ts";
import { accepted, refused } from "../../protocols/protocol.ts";
import { protocols } from "../../protocols/protocols.ts";
import { answering, type Receiver, startReceiver } from "../../protocols/receiver.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* Passwords that came without a hash are asked of the server that knows them, once. */

let receiver: Receiver;
let server: TestServer;
const migrating = (config: object, timeout = "1s") => ({
  clients: { web_hook: { timeout } },
  selfservice: { methods: { password: { config: { migrate_hook: { enabled: true, config } } } } },
});
beforeAll(async () => {
  receiver = await startReceiver();
  const auth = { type: "api_key", config: { name: "X-Key", value: "a-shared-secret", in: "header" } };
  server = await startServer({ overrides: migrating({ url: `${receiver.url}/check`, method: "POST", auth }) });
});
afterEach(() => receiver.reset());
afterAll(async () => {
  await server?.stop();
  await receiver?.close();
});

const rpc = IdentityAdminService.method;
const import_ = (at: TestServer, email: string) =>
  operatorRest.call(at.adminUrl, rpc.createIdentity, {
    traits: { email },
    credentials: { password: { config: { use_password_migration_hook: true } } },
  });
const imported = async () => {
  const person = { email: newEmail(), password: newPassword() };
  const { identity } = done(await import_(server, person.email)) as { readonly identity: { readonly id: string } };
  return { ...person, id: identity.id };
};
const storedOf = async (id: string): Promise<string> => {
  const [row] = await server.sql<{ config: unknown }>(
    "SELECT config FROM identity_credentials WHERE identity_id = UNHEX(REPLACE(?, '-', '')) AND type = 'password'",
    [id],
  );
  return JSON.stringify(row?.config);
};
const match = answering(200, { status: "password_match" });

describe.each(protocols)("through $name", (protocol) => {
  it("whoever gives the right password is signed in, and nobody is asked again", async () => {
    receiver.answer = match;
    const person = await imported();
    accepted(await signIn(protocol.enter(server), person));
    expect(receiver.bodies()).toEqual([
      {
        identifier: person.email,
        password: person.password,
        identity: expect.objectContaining({ id: person.id, state: "active", traits: { email: person.email } }),
      },
    ]);
    expect(receiver.received[0]).toMatchObject({ path: "/check", method: "POST" });
    expect(receiver.received[0]?.headers).toMatchObject({ "x-key": "a-shared-secret" });
    expect(await storedOf(person.id)).toMatch(/argon2id/);
    expect(await storedOf(person.id)).not.toContain("migration");
    receiver.reset();
    receiver.answer = answering(403, {});
    accepted(await signIn(protocol.enter(server), person));
    refused(await signIn(protocol.enter(server), { ...person, password: newPassword() }));
    expect(receiver.received).toEqual([]);
  });

  it.each([
    ["another status", answering(200, { status: "no" })],
    ["403", answering(403, { error: "no" })],
  ])("%s is a wrong password, told as any other", async (_, answer) => {
    receiver.answer = answer;
    const person = await imported();
    const wrong = refused(await signIn(protocol.enter(server), person));
    const unknown = refused(await signIn(protocol.enter(server), { email: newEmail(), password: newPassword() }));
    expect([wrong.reason, wrong.texts.map(({ id }) => id)]).toEqual(["FORM_REJECTED", [4000006]]);
    expect(wrong.texts).toEqual(unknown.texts);
    expect(receiver.received).toHaveLength(1);
    expect(await storedOf(person.id)).toContain("use_password_migration_hook");
  });
});

it.each([
  ["500", "UPSTREAM_FAILED", answering(500, {})],
  ["what is no JSON", "UPSTREAM_FAILED", (_, response) => void response.end("yes")],
  ["a redirect", "UPSTREAM_FAILED", (_, response) => void response.writeHead(302, { location: "/" }).end()],
  ["nothing in time", "UPSTREAM_TIMED_OUT", () => undefined],
] as const satisfies readonly (readonly [string, string, NonNullable<Receiver["answer"]>])[])(
  "with %s as an answer nobody is signed in, and no guess is counted",
  async (_, reason, answer) => {
    receiver.answer = answer;
    const person = await imported();
    for (let times = 0; times < 2; times++)
      expect(refused(await signIn(nativeRest.enter(server), person)).reason).toBe(reason);
    expect(server.logged.join("\n")).not.toContain(person.password);
    receiver.answer = match;
    accepted(await signIn(nativeRest.enter(server), person));
  },
);

it("a password that its owner sets anew takes the place of the one that is asked for", async () => {
  const person = await imported();
  const hash = "$2a$10$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq";
  const body = { traits: { email: person.email }, credentials: { password: { config: { hashed_password: hash } } } };
  done(await operatorRest.call(server.adminUrl, rpc.updateIdentity, { id: person.id, body }));
  accepted(await signIn(nativeRest.enter(server), { email: person.email, password: "123456" }));
  expect(receiver.received).toEqual([]);
});

it("who is disabled stays out, with the right password too", async () => {
  receiver.answer = match;
  const person = await imported();
  const patch = [{ op: "replace", path: "/state", value: "inactive" }];
  done(await operatorRest.call(server.adminUrl, rpc.patchIdentity, { id: person.id, patch }));
  expect(refused(await signIn(nativeRest.enter(server), person)).texts.map(({ id }) => id)).toEqual([4010011]);
});

it("private addresses are not asked where they may not be", async () => {
  const closed = await startServer({
    overrides: {
      ...migrating({ url: `${receiver.url}/check`, method: "POST" }),
      clients: { http: { disallow_private_ip_ranges: true } },
    },
    beside: server,
  });
  try {
    const person = await imported();
    expect(refused(await signIn(nativeRest.enter(closed), person)).reason).toBe("UPSTREAM_FAILED");
    expect(receiver.received).toEqual([]);
  } finally {
    await closed.stop();
  }
});

it.each([
  [{ method: "POST" }, "migrate_hook.config.url"],
  [{ url: "https://old.example.com", method: "GET" }, "migrate_hook.config.method"],
  [{ url: "ftp://old.example.com" }, "migrate_hook.config.url"],
  [{ url: "https://old.example.com", body: "base64://e30=" }, "migrate_hook.config.body"],
  [{ url: "https://old.example.com", auth: { type: "none" } }, "migrate_hook.config.auth.type"],
])("%j ends the start", async (config, path) => {
  const error = await startServer({ overrides: migrating(config), beside: server }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConfigError);
  expect(String(error)).toContain(path);
});
