import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Raw } from "../../src/config/tree.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { enterAsNewPerson, signIn } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* Whoever has no verified address does not sign in, and hears with which flow to go on. */

const requiring = (verification: Raw): Raw => ({
  selfservice: {
    flows: {
      login: { after: { password: { hooks: [{ hook: "require_verified_address" }] } } },
      verification,
    },
    methods: { code: { enabled: true } },
  },
});

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: requiring({ enabled: true, use: "code" }) });
});
afterAll(() => server?.stop());

const sessions = async () => (await server.sql("SELECT 1 FROM sessions")).length;
const verify = (id: string) =>
  server.sql(
    `UPDATE identities SET version = version + 1, addresses = JSON_SET(addresses, '$.verifiable[0].verified',
      true, '$.verifiable[0].status', 'completed') WHERE id = ?`,
    [Buffer.from(id.replaceAll("-", ""), "hex")],
  );

// A form leads to the page of the verification flow, which says no reason.
describe.each(protocols.filter(({ isForm }) => !isForm))("through $name", (protocol) => {
  it("keeps people without a verified address from signing in, until one is", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const before = await sessions();
    const visitor = protocol.enter(server);
    expect(refused(await signIn(visitor, person)).reason).toBe("VERIFIED_ADDRESS_REQUIRED");
    expect(await sessions()).toBe(before);
    await verify(person.id);
    accepted(await signIn(visitor, person));
  });
});

it("names the verification flow that was sent a message for, in JSON", async () => {
  const { person } = await enterAsNewPerson(nativeRest, server);
  const created = await fetch(`${server.url}/self-service/login/api`);
  const { id } = (await created.json()) as { id: string };
  const answer = await fetch(`${server.url}/self-service/login?flow=${id}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ method: "password", identifier: person.email, password: person.password }),
  });
  expect(answer.status).toBe(403);
  const { error } = (await answer.json()) as { error: { id: string; details: { continue_with: object[] } } };
  expect(error).toMatchObject({
    id: "session_verified_address_required",
    details: { continue_with: [{ action: "show_verification_ui", flow: { verifiable_address: person.email } }] },
  });
  const [{ flow } = { flow: { id: "" } }] = error.details.continue_with as { flow: { id: string } }[];
  const found = await fetch(`${server.url}/self-service/verification/flows?id=${flow.id}`);
  expect(await found.json()).toMatchObject({ id: flow.id, state: "sent_email" });
});

it("says so in the form, where nothing can be verified", async () => {
  await server.restart(requiring({ enabled: false }));
  const { person } = await enterAsNewPerson(nativeRest, server);
  expect(refused(await signIn(nativeRest.enter(server), person)).texts).toMatchObject([{ id: 4000010 }]);
});
