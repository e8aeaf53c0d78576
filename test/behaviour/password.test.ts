import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hours } from "../protocols/clock.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { change, enterAsNewPerson, newPassword, signIn } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { everythingWritten, idBytes, passwordHashOf } from "../protocols/rows.ts";
import { shownIn } from "../protocols/seen.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.stop());

const signsIn = async (email: string, password: string): Promise<boolean> =>
  (await signIn(nativeRest.enter(server), { email, password })).ok;

describe.each(protocols)("through $name", (protocol) => {
  it("a new password takes the place of the old one", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const password = newPassword();
    const done = accepted(await change(visitor, { method: "password", password }));
    expect(done.flow).toMatchObject({ state: "success", texts: [{ node: "", id: 1050001 }] });
    expect(await signsIn(person.email, password)).toBe(true);
    expect(await signsIn(person.email, person.password)).toBe(false);
    expect(accepted(await visitor.whoami()).identityId).toBe(person.id);
  });

  it("a missing password is told before the session's age is looked at", async () => {
    const { visitor } = await enterAsNewPerson(protocol, server);
    server.clock.advance(hours(2));
    const refusal = refused(await change(visitor, { method: "password", password: "" }));
    expect(refusal).toMatchObject({ reason: "FORM_REJECTED", texts: [{ node: "password", id: 4000001 }] });
  });

  it("a password that a rule forbids is refused at its field, is never shown, and nothing is written", async () => {
    const nickname = `nick-${newPassword().slice(5, 13)}`;
    const { visitor, person } = await enterAsNewPerson(protocol, server, { nickname });
    const flow = accepted(await visitor.settings.create());
    const before = await everythingWritten(server);
    const refusedWith: readonly (readonly [string, number])[] = [
      ["sev·en!", 4000032],
      [person.password, 4000039],
      [`${nickname}1`, 4000031],
      [person.email, 4000031],
      ["x".repeat(1_025), 4000033],
    ];
    for (const [password, id] of refusedWith) {
      const refusal = refused(await visitor.settings.update(flow.id, { method: "password", password }));
      expect(refusal).toMatchObject({ reason: "FORM_REJECTED", texts: [{ node: "password", id }] });
    }
    const shown = accepted(await visitor.settings.get(flow.id));
    expect(shown).toMatchObject({ state: "show_form", texts: [{ node: "password", id: 4000033 }] });
    expect(shownIn(shown, "password")).toBeUndefined();
    expect(await everythingWritten(server)).toEqual(before);
  });

  it("lengths are counted in characters: eight of four bytes each are eight", async () => {
    const { visitor } = await enterAsNewPerson(protocol, server);
    accepted(await change(visitor, { method: "password", password: "🜁🜂🜃🜄🜅🜆🜇🜈" }));
  });

  it("nothing of a long password is cut off", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const start = newPassword().repeat(6);
    accepted(await change(visitor, { method: "password", password: `${start} one` }));
    expect(await signsIn(person.email, `${start} one`)).toBe(true);
    expect(await signsIn(person.email, `${start} two`)).toBe(false);
    expect(await signsIn(person.email, start)).toBe(false);
  });

  it("someone without a password sets one", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    await server.sql("DELETE FROM identity_credentials WHERE identity_id = ?", [idBytes(person.id)]);
    const password = newPassword();
    accepted(await change(visitor, { method: "password", password }));
    expect(await signsIn(person.email, password)).toBe(true);
  });

  it("someone without anything to sign in with is told so", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    await server.sql("UPDATE identities SET credentials = '{}' WHERE id = ?", [idBytes(person.id)]);
    const refusal = refused(await change(visitor, { method: "password", password: newPassword() }));
    expect(refusal).toMatchObject({ reason: "FORM_REJECTED", texts: [{ node: "", id: 4000009 }] });
  });

  it("the new password is kept as an argon2id hash and nowhere else", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const password = newPassword();
    accepted(await change(visitor, { method: "password", password }));
    expect(await passwordHashOf(server, person.id)).toMatch(/^\$argon2id\$v=19\$m=8,t=1,p=1\$/);
    expect(JSON.stringify(await everythingWritten(server))).not.toContain(password);
    expect(JSON.stringify(await server.sql("SELECT * FROM flows"))).not.toContain(password);
  });
});
