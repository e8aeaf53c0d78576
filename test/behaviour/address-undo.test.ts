import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { acceptHtml } from "../protocols/browser-form.ts";
import { hours, minutes } from "../protocols/clock.ts";
import { send } from "../protocols/http.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { messagesTo } from "../protocols/messages.ts";
import { change, enterAs, enterAsNewPerson, newEmail, newPassword, type Person, signIn } from "../protocols/person.ts";
import { accepted, refused, type Visitor } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { eventsOf, idBytes } from "../protocols/rows.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* The hook `notify_previous_addresses`: whoever had an address hears that it was changed, and may undo it once. */

const telling = (config?: object) => [{ hook: "notify_previous_addresses", ...(config && { config }) }];
const configured = (hooks: readonly object[] = telling()) => ({
  selfservice: {
    flows: {
      settings: { privileged_session_max_age: "2000h", after: { profile: { hooks } } },
      verification: { enabled: true },
      recovery: { enabled: true },
    },
  },
  session: { lifespan: "2000h" },
  limits: { messages: { per_network: 100_000, per_address: 1_000, per_identity: 1_000 } },
});

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: configured() });
});
afterAll(() => server?.stop());

const accountOf = async (id: string) => {
  const [row] = await server.sql<{ traits: unknown; addresses: unknown }>(
    "SELECT traits, addresses FROM identities WHERE id = ?",
    [idBytes(id)],
  );
  const json = (value: unknown) => (typeof value === "string" ? JSON.parse(value) : value) as never;
  const { verifiable } = json(row?.addresses) as { verifiable: { value: string; verified: boolean }[] };
  return { traits: json(row?.traits) as Record<string, unknown>, verifiable };
};

/** Proves the address of a person by the code that went there. */
const prove = async ({ email }: Person): Promise<void> => {
  const visitor = nativeRest.enter(server);
  const flow = accepted(await visitor.verification.create());
  accepted(await visitor.verification.update(flow.id, { method: "code", email }));
  const codes = (await messagesTo(server, email)).filter(({ template }) => template === "verification_code_valid");
  for (const { code } of codes) {
    const done = accepted(await visitor.verification.update(flow.id, { method: "code", code }));
    if (done.flow?.state === "passed_challenge") return;
  }
  throw new Error("no code was right");
};

/** Someone whose address is proven. */
const provenPerson = async (protocol = nativeRest, traits = {}) => {
  const entered = await enterAsNewPerson(protocol, server, traits);
  await prove(entered.person);
  return entered;
};

const setEmail = async (visitor: Visitor, email: string, others = {}) =>
  accepted(await change(visitor, { method: "profile", traits: { email, ...others } }));

const noticesTo = async (email: string) =>
  (await messagesTo(server, email)).filter(({ template }) => template === "verifiable_address_changed");
const tokenOf = async (email: string): Promise<string> => {
  const [notice] = await noticesTo(email);
  return new URL(notice?.url ?? "").searchParams.get("token") ?? "";
};

const look = (token: string) =>
  send(`${server.url}/self-service/address-undo?token=${token}`, { headers: { accept: "application/json" } });
const undo = (token: string) =>
  send(`${server.url}/self-service/address-undo`, {
    method: "POST",
    headers: { accept: "application/json", "content-type": "application/json" },
    body: JSON.stringify({ token }),
  });
const signsInWith = async (person: Person, email: string) =>
  (await signIn(nativeRest.enter(server), { ...person, email })).ok;

describe.each(protocols)("through $name", (protocol) => {
  it("whoever had the address gets a link that gives it back and ends every session", async () => {
    const { person, visitor } = await provenPerson(protocol);
    const other = await enterAs(nativeRest, server, person);
    const stolen = newEmail();
    await setEmail(visitor, stolen, { name: { first: "Ada" } });
    const token = await tokenOf(person.email);
    const said = accepted(await visitor.addressUndo(token));
    expect(said).toEqual({ via: "email", value: person.email });
    accepted(await visitor.undoAddress(token));
    const { traits, verifiable } = await accountOf(person.id);
    expect(traits).toEqual({ email: person.email, name: { first: "Ada" } });
    expect(verifiable).toMatchObject([{ value: person.email, verified: true }]);
    for (const each of [visitor, other]) expect(refused(await each.whoami()).reason).toBe("SESSION_INACTIVE");
    expect(await signsInWith(person, stolen)).toBe(false);
    expect(await signsInWith(person, person.email)).toBe(true);
    expect((await messagesTo(server, person.email)).some(({ template }) => template === "address_change_undone")).toBe(
      true,
    );
    for (const answer of [await visitor.undoAddress(token), await visitor.addressUndo(token)])
      expect(refused(answer).reason).toBe("NOT_FOUND");
  });
});

it("opening the link changes nothing, however often; it leads to a page, and the button there undoes it", async () => {
  const { person, visitor } = await provenPerson(spa);
  const stolen = newEmail();
  await setEmail(visitor, stolen);
  const [{ url } = { url: "" }] = await noticesTo(person.email);
  const headers = { accept: acceptHtml, "accept-language": "en" };
  for (let times = 0; times < 3; times++) {
    const page = await send(url, { headers });
    expect(page.status).toBe(200);
    expect(page.text).toContain(person.email);
  }
  expect((await accountOf(person.id)).traits).toMatchObject({ email: stolen });
  const token = new URL(url).searchParams.get("token") ?? "";
  const pressed = await send(`${server.url}/self-service/address-undo`, {
    method: "POST",
    headers: {
      ...headers,
      "content-type": "application/x-www-form-urlencoded",
      "sec-fetch-site": "same-origin",
      "sec-fetch-mode": "navigate",
      origin: server.url,
    },
    body: new URLSearchParams({ token }).toString(),
  });
  expect([pressed.status, pressed.headers.location]).toEqual([303, `${server.url}/hosted/address-undo?done=true`]);
  expect((await accountOf(person.id)).traits).toMatchObject({ email: person.email });
  expect((await send(`${server.url}/hosted/address-undo?done=true`, { headers })).status).toBe(200);
  expect((await send(url, { headers })).status).toBe(404);
});

it("nobody else can have the address as long as it can be undone, and anybody afterwards", async () => {
  const { person, visitor } = await provenPerson();
  await setEmail(visitor, newEmail());
  const signUp = async () => {
    const stranger = nativeRest.enter(server);
    const flow = accepted(await stranger.registration.create());
    const traits = { email: person.email };
    return stranger.registration.update(flow.id, { method: "password", password: newPassword(), traits });
  };
  expect(refused(await signUp()).texts).toMatchObject([{ id: 4000007 }]);
  const { visitor: other } = await enterAsNewPerson(nativeRest, server);
  expect(refused(await change(other, { method: "profile", traits: { email: person.email } })).texts).toMatchObject([
    { id: 4000007 },
  ]);
  // It is nobody's: nothing is sent there, and nobody signs in with it.
  const before = await messagesTo(server, person.email);
  const recovering = nativeRest.enter(server);
  const flow = accepted(await recovering.recovery.create());
  accepted(await recovering.recovery.update(flow.id, { method: "code", email: person.email }));
  expect(await messagesTo(server, person.email)).toHaveLength(before.length);
  expect(await signsInWith(person, person.email)).toBe(false);

  const token = await tokenOf(person.email);
  server.clock.advance(hours(72) + minutes(1));
  await server.sql("UPDATE jobs SET run_at = created_at WHERE kind = 'release_addresses'");
  await expect
    .poll(async () => server.sql("SELECT 1 FROM identity_addresses WHERE value = ?", [person.email]), {
      timeout: 10_000,
    })
    .toEqual([]);
  accepted(await signUp());
  expect([(await look(token)).status, (await undo(token)).status]).toEqual([404, 404]);
});

it("the person themselves may take the address back by hand, and the link is good no more", async () => {
  const { person, visitor } = await provenPerson();
  await setEmail(visitor, newEmail());
  const token = await tokenOf(person.email);
  await setEmail(visitor, person.email);
  expect((await undo(token)).status).toBe(404);
  accepted(await visitor.whoami());
  expect(await signsInWith(person, person.email)).toBe(true);
});

it("after a second change the first link still gives the first address back, and the second is void", async () => {
  const { person, visitor } = await provenPerson();
  const second = newEmail();
  await setEmail(visitor, second);
  await prove({ ...person, email: second });
  const third = newEmail();
  await setEmail(visitor, third);
  const [first, later] = [await tokenOf(person.email), await tokenOf(second)];
  expect((await undo(first)).status).toBe(200);
  expect((await accountOf(person.id)).traits).toMatchObject({ email: person.email });
  expect((await undo(later)).status).toBe(404);
  expect((await accountOf(person.id)).traits).toMatchObject({ email: person.email });
});

it("who undoes the second change does not keep the first from being undone", async () => {
  const { person, visitor } = await provenPerson();
  const second = newEmail();
  await setEmail(visitor, second);
  await prove({ ...person, email: second });
  await setEmail(visitor, newEmail());
  const [first, later] = [await tokenOf(person.email), await tokenOf(second)];
  expect((await undo(later)).status).toBe(200);
  expect((await accountOf(person.id)).traits).toMatchObject({ email: second });
  expect((await undo(first)).status).toBe(200);
  expect((await accountOf(person.id)).traits).toMatchObject({ email: person.email });
});

it("an address that nobody has proven is told, without a link: it may be a stranger's", async () => {
  const { person, visitor } = await enterAsNewPerson(nativeRest, server);
  await setEmail(visitor, newEmail());
  expect(await noticesTo(person.email)).toMatchObject([{ url: "" }]);
  const { visitor: other } = await enterAsNewPerson(nativeRest, server);
  await setEmail(other, person.email);
});

it.each([
  [
    "disabled",
    async (id: string) => server.sql("UPDATE identities SET state = 'inactive' WHERE id = ?", [idBytes(id)]),
  ],
  ["deleted", async (id: string) => fetch(`${server.adminUrl}/admin/identities/${id}`, { method: "DELETE" })],
])("it undoes nothing for somebody who was %s", async (_, end) => {
  const { person, visitor } = await provenPerson();
  await setEmail(visitor, newEmail());
  const token = await tokenOf(person.email);
  await end(person.id);
  expect([(await look(token)).status, (await undo(token)).status]).toEqual([404, 404]);
});

it("tokens that are none, altered or of another are refused alike", async () => {
  const { person, visitor } = await provenPerson();
  await setEmail(visitor, newEmail());
  const token = await tokenOf(person.email);
  for (const wrong of ["", "x", `${token.slice(0, -2)}AA`, token.slice(1), `_${token.slice(1)}`]) {
    expect([wrong, (await look(wrong)).status]).toEqual([wrong, 404]);
    expect([wrong, (await undo(wrong)).status]).toEqual([wrong, 404]);
  }
  expect((await undo(token)).status).toBe(200);
});

it("of many who undo at once one does", async () => {
  const { person, visitor } = await provenPerson();
  await setEmail(visitor, newEmail());
  const token = await tokenOf(person.email);
  const all = await Promise.all(Array.from({ length: 6 }, () => undo(token)));
  expect(all.map(({ status }) => status).toSorted()).toEqual([200, 404, 404, 404, 404, 404]);
});

it("what was sent before the undo is good no more, an operator's code among it", async () => {
  const { person, visitor } = await provenPerson();
  await setEmail(visitor, newEmail());
  const made = await fetch(`${server.adminUrl}/admin/recovery/code`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ identity_id: person.id }),
  });
  const { recovery_code: code, recovery_link: link } = (await made.json()) as Record<string, string>;
  server.clock.advance(1_000);
  expect((await undo(await tokenOf(person.email))).status).toBe(200);
  const flow = new URL(link ?? "").searchParams.get("flow") ?? "";
  const owner = nativeRest.enter(server);
  // However often it is tried.
  for (let tries = 0; tries < 2; tries++) {
    const tried = accepted(await owner.recovery.update(flow, { method: "code", code: code ?? "" }));
    expect(tried.flow?.texts.map(({ id }) => id)).toEqual([4060006]);
    server.clock.advance(1_000);
  }
});

it("a sign-in code that was sent before the undo is refused, and one that is sent later is accepted", async () => {
  const code = { passwordless_enabled: true, config: { missing_credential_fallback_enabled: true } };
  await server.restart({ ...configured(), selfservice: { ...configured().selfservice, methods: { code } } });
  const { person, visitor } = await provenPerson();
  const askForCode = async () => {
    const client = nativeRest.enter(server);
    const { id } = accepted(await client.login.create());
    // A step of a native app is answered as a form that asks on.
    await client.login.update(id, { method: "code", identifier: person.email });
    const sent = await messagesTo(server, person.email);
    const code = sent.findLast(({ template }) => template === "login_code_valid")?.code ?? "";
    return { client, submit: () => client.login.update(id, { method: "code", code }) };
  };
  const before = await askForCode();
  await setEmail(visitor, newEmail());
  expect((await undo(await tokenOf(person.email))).status).toBe(200);
  for (let tries = 0; tries < 2; tries++)
    expect(refused(await before.submit()).texts.map(({ id }) => id)).toEqual([4010008]);
  server.clock.advance(1_000);
  const after = await askForCode();
  accepted(await after.submit());
  accepted(await after.client.whoami());
});

it("a deletion that was asked for since, by whoever is shut out, is called off by it", async () => {
  const { person, visitor } = await provenPerson();
  const stolen = newEmail();
  await setEmail(visitor, stolen);
  const deletion = (method: string) =>
    send(`${server.url}/account/deletion`, {
      method,
      headers: { accept: "application/json", "x-session-token": visitor.credentials.token },
    });
  expect((await deletion("POST")).status).toBeLessThan(300);
  expect((await undo(await tokenOf(person.email))).status).toBe(200);
  expect(await server.sql("SELECT 1 FROM account_deletions WHERE identity_id = ?", [idBytes(person.id)])).toEqual([]);
  expect((await messagesTo(server, person.email)).map(({ template }) => template)).toEqual(
    expect.arrayContaining(["address_change_undone", "account_deletion_undone"]),
  );
  expect(await eventsOf(server, person.id)).toEqual(
    expect.arrayContaining(["address.change_undone done", "deletion.cancelled done"]),
  );
});

it("no row of the database shows an address or a token of an undo", async () => {
  const { person, visitor } = await provenPerson();
  await setEmail(visitor, newEmail());
  const token = await tokenOf(person.email);
  const [row] = await server.sql("SELECT * FROM address_undos WHERE identity_id = ?", [idBytes(person.id)]);
  const text = Object.values(row ?? {})
    .map((value) => (Buffer.isBuffer(value) ? value.toString("latin1") : String(value)))
    .join();
  expect(text).not.toContain(person.email);
  expect(text).not.toContain(Buffer.from(token, "base64url").subarray(32).toString("latin1"));
  expect(server.logged.join()).not.toContain(token);
});

it.each([
  ["all_verified", ["kept"]],
  ["all", ["kept", "unproven"]],
])("recipients: %s tells more of those there were", async (recipients, told) => {
  const schema = schemaWithOthers();
  await server.restart({
    ...configured(telling({ recipients })),
    identity: { schemas: [{ id: "person", url: schema }] },
  });
  const [kept, unproven] = [newEmail(), newEmail()];
  const { person, visitor } = await provenPerson(nativeRest, { others: [kept, unproven] });
  await prove({ ...person, email: kept });
  await setEmail(visitor, newEmail(), { others: [kept, unproven] });
  const heard = { kept: await noticesTo(kept), unproven: await noticesTo(unproven) };
  for (const [name, notices] of Object.entries(heard)) {
    expect([name, notices.length]).toEqual([name, told.includes(name) ? 1 : 0]);
    expect(notices.every(({ url }) => url === "")).toBe(true);
  }
  expect((await noticesTo(person.email))[0]?.url).toContain(`${server.url}/hosted/address-undo?token=`);
});

it("recipients that are none end the start", async () => {
  await expect(server.restart(configured(telling({ recipients: "everybody" })))).rejects.toThrow(
    /recipients must be removed, all_verified or all/,
  );
});

/** A schema in which people have further addresses. */
function schemaWithOthers(): string {
  const verification = { via: "email" };
  const email = { type: "string", format: "email" };
  const own = { credentials: { password: { identifier: true } }, verification, recovery: { via: "email" } };
  const schema = {
    type: "object",
    properties: {
      traits: {
        type: "object",
        properties: {
          email: { ...email, "ory.sh/kratos": own },
          others: { type: "array", items: { ...email, "ory.sh/kratos": { verification } } },
        },
        required: ["email"],
      },
    },
  };
  return `base64://${Buffer.from(JSON.stringify(schema)).toString("base64")}`;
}
