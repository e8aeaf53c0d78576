import { afterAll, beforeAll, expect, it } from "vitest";
import { nativeRest } from "../protocols/json-rest.ts";
import { enterAsNewPerson, type Person, signIn } from "../protocols/person.ts";
import { accepted, type Visitor } from "../protocols/protocol.ts";
import { idBytes } from "../protocols/rows.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* Somebody is erased while a message to them is on its way into the database: nothing of them comes back. */

let server: TestServer;
beforeAll(async () => {
  const code = { passwordless_enabled: true, config: { missing_credential_fallback_enabled: true } };
  const on = { enabled: true };
  server = await startServer({
    overrides: { selfservice: { flows: { recovery: on, verification: on }, methods: { code } } },
  });
});
afterAll(() => server?.stop());

const erase = async (id: string) => {
  const { status } = await fetch(`${server.adminUrl}/admin/identities/${id}`, { method: "DELETE" });
  expect(status).toBe(204);
};

/** Has somebody erased just before the transaction of a request. */
const erasedBefore = async (id: string, act: () => Promise<unknown>) => {
  const held = server.gate.hold();
  const acting = act();
  await held.reached;
  await erase(id);
  held.release();
  return acting;
};

/** What is left of somebody in the tables, apart from the event that says that they were erased. */
const leftOf = async ({ id, email }: Person & { readonly id: string }) => ({
  messages: await server.sql("SELECT 1 FROM courier_messages WHERE recipient = ? OR identity_id = ?", [
    email,
    idBytes(id),
  ]),
  flows: await server.sql("SELECT 1 FROM flows WHERE subject_id = ? OR home_id = ?", [idBytes(id), idBytes(id)]),
  events: await server.sql("SELECT type FROM security_events WHERE identity_id = ? AND type <> 'identity.deleted'", [
    idBytes(id),
  ]),
});
const nothing = { messages: [], flows: [], events: [] };

const asking =
  (kind: "recovery" | "verification" | "login") =>
  async (stranger: Visitor, { email }: Person) => {
    const { id } = accepted(await stranger[kind].create());
    const body = kind === "login" ? { identifier: email } : { email };
    return () => stranger[kind].update(id, { method: "code", ...body });
  };

it.each(["recovery", "verification", "login"] as const)("a code of a %s that is asked for", async (kind) => {
  const { person } = await enterAsNewPerson(nativeRest, server);
  const act = await asking(kind)(nativeRest.enter(server), person);
  await erasedBefore(person.id, act);
  expect(await leftOf(person)).toEqual(nothing);
});

it("a recovery code that an operator makes is refused", async () => {
  const { person } = await enterAsNewPerson(nativeRest, server);
  const answer = await erasedBefore(person.id, () =>
    fetch(`${server.adminUrl}/admin/recovery/code`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ identity_id: person.id }),
    }),
  );
  expect((answer as Response).status).toBe(404);
  expect(await leftOf(person)).toEqual(nothing);
});

it("a refusal is recorded of nobody", async () => {
  const { person } = await enterAsNewPerson(nativeRest, server);
  const held = server.gate.hold();
  await signIn(nativeRest.enter(server), { ...person, password: "not this one" });
  await held.reached;
  await erase(person.id);
  held.release();
  // What is refused to somebody else is recorded after it.
  const { person: other } = await enterAsNewPerson(nativeRest, server);
  await signIn(nativeRest.enter(server), { ...other, password: "not this one" });
  const refusals = (id: string) =>
    server.sql("SELECT 1 FROM security_events WHERE identity_id = ? AND type = 'login.refused'", [idBytes(id)]);
  await expect.poll(() => refusals(other.id)).toHaveLength(1);
  expect(await leftOf(person)).toEqual(nothing);
});
