import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { spa } from "../protocols/json-rest.ts";
import { hand, newEmail } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { away, comeBack, type Providers, showRealTime, signInAt, startProviders } from "../protocols/providers.ts";
import { ageSessions } from "../protocols/rows.ts";
import { shownIn } from "../protocols/seen.ts";
import { lastCodeTo, messagesTo } from "../protocols/sent-messages.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* People whose only way in is a provider that cannot show that they are there now. Codes are no way in otherwise. */

let server: TestServer;
let providers: Providers;
beforeAll(async () => {
  server = await startServer();
  providers = await startProviders(
    server,
    { reauthentication: "none" },
    { selfservice: { flows: { registration: { after: { oidc: { hooks: [{ hook: "session" }] } } } } } },
  );
});
beforeEach(() => showRealTime(server));
afterAll(async () => {
  await server?.stop();
  await providers?.close();
});

describe.each(protocols.filter(({ family }) => family === "browser"))("through $name", (protocol) => {
  /** Someone who signed up at a provider, long ago. */
  const enter = async (provider: "acme" | "globex", isVerified: boolean) => {
    const account = { sub: randomUUID(), email: newEmail(), email_verified: isVerified, given_name: "Ann" };
    const way = spa.enter(server);
    const { id } = accepted(await way.registration.create());
    const location = away(await way.registration.update(id, { method: "oidc", provider }));
    await comeBack(await signInAt(providers[provider], location, account), way);
    const visitor = protocol.enter(server);
    hand(way, visitor);
    const session = accepted(await visitor.whoami());
    await ageSessions(server, session.identityId);
    await messagesTo(server, account.email);
    return { visitor, session, email: account.email };
  };

  it("they authenticate again by a code to their verified address, and keep the session", async () => {
    const { visitor, session, email } = await enter("globex", true);
    const flow = accepted(await visitor.login.create({ refresh: "true" }));
    expect(flow.nodes.filter(({ group }) => group === "oidc")).toEqual([]);
    expect(shownIn(flow, "identifier")).toBe(email);
    refused(await visitor.login.update(flow.id, { method: "code", identifier: email }));
    const code = await lastCodeTo(server, email);
    accepted(await visitor.login.update(flow.id, { method: "code", identifier: email, code }));
    expect(accepted(await visitor.whoami())).toMatchObject({
      id: session.id,
      methods: ["oidc", "code"],
      authenticatedAt: server.clock.now().getTime(),
    });
  });

  it("whoever has a provider that shows it gets no code", async () => {
    const { visitor, email } = await enter("acme", true);
    const flow = accepted(await visitor.login.create({ refresh: "true" }));
    expect(flow.nodes.filter(({ group }) => group === "code")).toEqual([]);
    refused(await visitor.login.update(flow.id, { method: "code", identifier: email }));
    expect(await messagesTo(server, email)).toEqual([]);
  });
});
