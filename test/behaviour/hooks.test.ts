import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hours } from "../protocols/clock.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { change, enterAs, enterAsNewPerson, newPassword, signIn } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

const revoking = [{ hook: "revoke_active_sessions" }];
const after = (flow: string, keys: object) => ({ selfservice: { flows: { [flow]: { after: keys } } } });

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: after("settings", { password: { hooks: revoking } }) });
});
afterAll(() => server?.stop());

describe.each(protocols)("revoke_active_sessions after a password, through $name", (protocol) => {
  it("ends the person's other sessions with the change, and keeps the one it was made with", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const others = [await enterAs(nativeRest, server, person), await enterAs(protocol, server, person)];
    const { visitor: stranger } = await enterAsNewPerson(protocol, server);
    accepted(await change(visitor, { method: "password", password: newPassword() }));
    for (const other of others) expect(refused(await other.whoami()).reason).toBe("SESSION_INACTIVE");
    accepted(await visitor.whoami());
    accepted(await stranger.whoami());
  });

  it("ends them when a change that waited is applied, not before", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    server.clock.advance(hours(1));
    const other = await enterAs(nativeRest, server, person);
    const flow = accepted(await visitor.settings.create()).id;
    refused(await visitor.settings.update(flow, { method: "password", password: newPassword() }));
    accepted(await signIn(visitor, person, { refresh: "true" }));
    accepted(await other.whoami());
    accepted(await visitor.resume(flow));
    expect(refused(await other.whoami()).reason).toBe("SESSION_INACTIVE");
    accepted(await visitor.whoami());
  });

  it("ends none when the password is refused, or when it is the profile that changes", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const other = await enterAs(nativeRest, server, person);
    refused(await change(visitor, { method: "password", password: "short" }));
    accepted(await change(visitor, { method: "profile", traits: { email: person.email, name: { first: "Ada" } } }));
    accepted(await other.whoami());
  });
});

describe.each([
  ["as a hook of the method", { password: { hooks: revoking } }],
  ["as a general hook, where the method has none", { hooks: revoking }],
])("revoke_active_sessions after signing in, %s", (_, keys) => {
  beforeAll(() => server.restart(after("login", keys)));

  it.each(protocols)("through $name, ends the sessions there were", async (protocol) => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const later = await enterAs(protocol, server, person);
    expect(refused(await visitor.whoami()).reason).toBe("SESSION_INACTIVE");
    accepted(await later.whoami());
  });
});
