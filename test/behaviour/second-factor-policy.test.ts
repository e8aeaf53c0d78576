import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hours, seconds } from "../protocols/clock.ts";
import { enrolTotp, withFactors } from "../protocols/factors.ts";
import { change, enterAs, enterAsNewPerson, signIn } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { identitySchemaUrl } from "../protocols/schema.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

const schema = {
  id: "person",
  url: identitySchemaUrl,
  second_factor: "required",
  second_factor_grace_period: "24h",
};
let server: TestServer;
beforeAll(async () => {
  const identity = { default_schema_id: "person", schemas: [schema] };
  // Whoever has a second factor is asked for it, whatever the endpoints ask for.
  server = await startServer({
    overrides: { ...withFactors, identity, session: { lifespan: "1000h", whoami: { required_aal: "aal1" } } },
  });
});
afterAll(() => server.stop());

describe.each(protocols)("through $name", (protocol) => {
  it("people are let in until the grace period is over, and then led to enrolment", async () => {
    const { person, visitor } = await enterAsNewPerson(protocol, server);
    server.clock.advance(hours(24) - seconds(1));
    expect(accepted(await visitor.whoami()).identityId).toBe(person.id);
    server.clock.advance(seconds(2));
    const error = refused(await visitor.whoami());
    expect(error.reason).toBe("AAL2_REQUIRED");
    expect(error.stepUp?.redirectBrowserTo).toBe(`${server.url}/self-service/settings/browser`);
    expect(refused(await visitor.sessions()).reason).toBe("AAL2_REQUIRED");
  });

  it("then nothing can be done but to set a second factor up, which ends it", async () => {
    const { person, visitor: before } = await enterAsNewPerson(protocol, server);
    server.clock.advance(hours(24));
    const visitor = protocol.enter(server);
    const entered = await signIn(visitor, person);
    if (protocol.family === "browser")
      expect(entered).toMatchObject({ ok: true, location: `${server.url}/self-service/settings/browser` });
    else expect(accepted(entered).session).toMatchObject({ identityId: "" });
    const flow = accepted(await visitor.settings.create());
    expect([...new Set(flow.nodes.map(({ group }) => group))]).toEqual(["default", "lookup_secret", "totp"]);
    expect(flow.texts).toMatchObject([{ node: "", id: 1059003 }, ...flow.texts.slice(1)]);
    for (const other of [
      { method: "profile", traits: { email: person.email, nickname: "nick" } },
      { method: "password", password: "another long one 5" },
    ])
      expect(refused(await visitor.settings.update(flow.id, other)).reason).toBe("AAL2_REQUIRED");
    await enrolTotp(visitor, server);
    expect(accepted(await visitor.whoami())).toMatchObject({ aal: 2, identityId: person.id });
    expect(refused(await before.whoami()).stepUp?.redirectBrowserTo).toBe(
      `${server.url}/self-service/login/browser?aal=aal2`,
    );
  });

  it("the last second factor stays once one is required", async () => {
    const { person, visitor } = await enterAsNewPerson(protocol, server);
    await enrolTotp(visitor, server);
    accepted(await change(visitor, { method: "totp", totp_unlink: true }));
    server.clock.advance(hours(25));
    const again = accepted(await visitor.login.create({ refresh: "true" }));
    const { email: identifier, password } = person;
    accepted(await visitor.login.update(again.id, { method: "password", identifier, password }));
    await enrolTotp(visitor, server);
    expect(refused(await change(visitor, { method: "totp", totp_unlink: true })).texts).toMatchObject([
      { node: "", id: 4000001 },
    ]);
    expect(accepted(await visitor.whoami()).aal).toBe(2);
  });
});

describe("accounts that are older than the rule", () => {
  it("have the grace period from then on", async () => {
    const [native] = protocols;
    if (native === undefined) throw new Error("no protocol");
    const { person } = await enterAsNewPerson(native, server);
    server.clock.advance(hours(100));
    const since = new Date(server.clock.now().getTime() - 1_000).toISOString();
    await server.restart({
      ...withFactors,
      identity: { default_schema_id: "person", schemas: [{ ...schema, second_factor_since: since }] },
    });
    const visitor = await enterAs(native, server, person);
    expect(accepted(await visitor.whoami()).identityId).toBe(person.id);
    server.clock.advance(hours(24));
    expect(refused(await (await enterAs(native, server, person)).whoami()).reason).toBe("AAL2_REQUIRED");
  });
});
