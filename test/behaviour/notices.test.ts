import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { enrolTotp, withFactors } from "../protocols/factors.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { lastMessageTo, messagesTo } from "../protocols/messages.ts";
import { change, enterAsNewPerson, newEmail, newPassword } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { messagesTo as sentTo } from "../protocols/sent-messages.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* Messages about what has changed in an account, one switch for each kind. */

const all = { password: true, provider: true, factor: true, address: true };
const configured = (notices: object = all, limits = {}) => ({
  ...withFactors,
  selfservice: { ...withFactors.selfservice, notices },
  limits: { messages: { per_address: 4, ...limits } },
});

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: configured() });
});
afterAll(() => server?.stop());

const templatesTo = async (email: string) => (await messagesTo(server, email)).map(({ template }) => template);

describe.each(protocols)("through $name", (protocol) => {
  it("a new password, a factor that comes and goes, and a changed address are told", async () => {
    const { person, visitor } = await enterAsNewPerson(protocol, server);
    accepted(await change(visitor, { method: "password", password: newPassword() }));
    expect(await templatesTo(person.email)).toEqual(["password_changed"]);
    await enrolTotp(visitor, server);
    expect((await templatesTo(person.email)).toSorted()).toEqual(["authenticator_key_added", "password_changed"]);
    accepted(await change(visitor, { method: "totp", totp_unlink: true }));
    expect((await templatesTo(person.email)).toSorted()).toEqual([
      "authenticator_key_added",
      "authenticator_key_removed",
      "password_changed",
    ]);
    const email = newEmail();
    accepted(await change(visitor, { method: "profile", traits: { email } }));
    expect(await templatesTo(email)).toEqual([]);
    // Masked, as whoever has only the old address may see it.
    const notice = (await messagesTo(server, person.email)).find(
      ({ template }) => template === "verifiable_address_changed",
    );
    expect(notice?.newAddress).toBe(`${email.slice(0, 2)}****${email.slice(email.indexOf("@"))}`);
  });
});

it("what is refused, and what changes nothing of the kind, is told nobody", async () => {
  const { person, visitor } = await enterAsNewPerson(nativeRest, server);
  refused(await change(visitor, { method: "password", password: "short" }));
  accepted(await change(visitor, { method: "profile", traits: { email: person.email, name: { first: "Ada" } } }));
  expect(await templatesTo(person.email)).toEqual([]);
});

it("backup codes are told, in the language of the person, and without a code", async () => {
  const { person, visitor } = await enterAsNewPerson(nativeRest, server);
  const flow = accepted(await visitor.settings.create());
  accepted(await visitor.settings.update(flow.id, { method: "lookup_secret", lookup_secret_regenerate: true }));
  accepted(await visitor.settings.update(flow.id, { method: "lookup_secret", lookup_secret_confirm: true }));
  expect(await templatesTo(person.email)).toEqual(["backup_codes_changed"]);
  expect(await lastMessageTo(server, person.email)).toMatchObject({ code: "", url: "" });
  accepted(await change(visitor, { method: "lookup_secret", lookup_secret_disable: true }));
  expect((await templatesTo(person.email)).toSorted()).toEqual(["backup_codes_changed", "backup_codes_removed"]);
  expect((await sentTo(server, person.email)).map(({ language }) => language)).toEqual(["en", "en"]);
});

it("nobody is flooded: beyond the limit the change goes on, and is not told", async () => {
  const { person, visitor } = await enterAsNewPerson(nativeRest, server);
  for (let times = 0; times < 6; times++)
    accepted(await change(visitor, { method: "password", password: newPassword() }));
  expect(await templatesTo(person.email)).toHaveLength(4);
});

describe("a kind that is switched off", () => {
  beforeAll(() => server.restart(configured({ ...all, password: false, address: false })));

  it("is told nobody, and the others are", async () => {
    const { person, visitor } = await enterAsNewPerson(nativeRest, server);
    accepted(await change(visitor, { method: "password", password: newPassword() }));
    accepted(await change(visitor, { method: "profile", traits: { email: newEmail() } }));
    expect(await templatesTo(person.email)).toEqual([]);
    await enrolTotp(visitor, server);
    const { email } = accepted(await visitor.whoami()).traits;
    expect(await templatesTo(String(email))).toEqual(["authenticator_key_added"]);
  });
});

it("none is sent where nothing is said, as a configuration of Ory Kratos does not", async () => {
  await server.restart(withFactors);
  const { person, visitor } = await enterAsNewPerson(nativeRest, server);
  accepted(await change(visitor, { method: "password", password: newPassword() }));
  expect(await templatesTo(person.email)).toEqual([]);
});
