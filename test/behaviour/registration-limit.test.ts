import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { minutes, seconds } from "../protocols/clock.ts";
import { send } from "../protocols/http.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { newEmail, newPassword } from "../protocols/person.ts";
import { accepted, refused, type Visitor } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import {
  away,
  comeBack,
  errorAt,
  locationOf,
  type Providers,
  showRealTime,
  signInAt,
  startProviders,
} from "../protocols/providers.ts";
import { startServer, type TestServer, ui } from "../protocols/server.ts";

/* How many accounts one network may create. */

const limits = (perNetwork: number) => ({
  limits: { registration: { window: "10m", per_network: perNetwork } },
  serve: { public: { trusted_proxies: ["127.0.0.1"] } },
});

let server: TestServer;
let node: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: limits(3) });
  node = await startServer({ overrides: limits(3), beside: server });
});
afterAll(async () => {
  await node?.stop();
  await server?.stop();
});

const register = async (visitor: Visitor, password = newPassword()) => {
  const flow = accepted(await visitor.registration.create());
  return visitor.registration.update(flow.id, { method: "password", password, traits: { email: newEmail() } });
};

describe.each(protocols)("through $name", (protocol) => {
  it("after three accounts a fourth has to wait, until the window is over", async () => {
    for (let n = 0; n < 3; n++) {
      accepted(await register(protocol.enter(server)));
      server.clock.advance(minutes(1));
    }
    const refusal = refused(await register(protocol.enter(server)));
    expect(refusal.reason).toBe("RATE_LIMITED");
    // The error page that browsers are sent to has no headers.
    if (!protocol.isForm) expect(refusal.retryAfter).toBe(7 * 60);
    server.clock.advance(minutes(7) - seconds(1));
    expect(refused(await register(protocol.enter(server))).reason).toBe("RATE_LIMITED");
    server.clock.advance(seconds(1));
    accepted(await register(protocol.enter(server)));
    server.clock.advance(minutes(10));
  });
});

const registerFrom = async (url: string, address: string): Promise<number> => {
  const flow = await send(`${url}/self-service/registration/api`, { headers: { "x-forwarded-for": address } });
  const { status } = await send(`${url}/self-service/registration?flow=${String(flow.json.id)}`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-forwarded-for": address },
    body: JSON.stringify({ method: "password", password: newPassword(), traits: { email: newEmail() } }),
  });
  return status;
};

describe("what is counted", () => {
  it("are accounts, not forms that do not hold", async () => {
    for (let n = 0; n < 5; n++)
      expect(refused(await register(nativeRest.enter(server), "short")).reason).toBe("FORM_REJECTED");
    accepted(await register(nativeRest.enter(server)));
    server.clock.advance(minutes(10));
  });

  it("holds for a network over all nodes: of twelve at once on two nodes three succeed; others go on", async () => {
    const statuses = await Promise.all(
      Array.from({ length: 12 }, (_, n) => registerFrom(n % 2 === 0 ? server.url : node.url, "203.0.113.7")),
    );
    expect(statuses.filter((status) => status === 200)).toHaveLength(3);
    expect(statuses.filter((status) => status === 429)).toHaveLength(9);
    expect(await registerFrom(node.url, "203.0.113.8")).toBe(200);
    expect(JSON.stringify(await server.sql("SELECT * FROM attempts"))).not.toContain("203.0.113");
  });
});

describe("with a provider", () => {
  let providers: Providers;
  beforeAll(async () => {
    providers = await startProviders(server, {}, limits(1));
  });
  beforeEach(async () => {
    showRealTime(server);
    await server.sql("DELETE FROM attempts");
  });
  afterAll(() => providers?.close());

  const withCode = { return_to: ui.welcome, return_session_token_exchange_code: "true" };
  const someone = () => ({ sub: randomUUID(), email: newEmail(), email_verified: true, given_name: "Ann" });

  it("a second account in a native app has to wait, and its codes are good when it has waited", async () => {
    const enter = async () => {
      const visitor = nativeRest.enter(server);
      const flow = accepted(await visitor.registration.create(withCode));
      const location = away(await visitor.registration.update(flow.id, { method: "oidc", provider: "acme" }));
      const back = await comeBack(await signInAt(providers.acme, location, someone()));
      const code = locationOf(back).searchParams.get("code") ?? "";
      return () => visitor.exchange(flow.exchangeCode ?? "", code);
    };
    accepted(await (await enter())());
    const fetch = await enter();
    const refusal = refused(await fetch());
    expect(refusal.reason).toBe("RATE_LIMITED");
    expect(refusal.retryAfter).toBeGreaterThan(0);
    // As if it had waited: what a provider signs has real times.
    await server.sql("DELETE FROM attempts");
    accepted(await fetch());
  });

  it("a second account in a browser has to wait", async () => {
    const enter = async () => {
      const visitor = spa.enter(server);
      const flow = accepted(await visitor.registration.create());
      const location = away(await visitor.registration.update(flow.id, { method: "oidc", provider: "acme" }));
      return comeBack(await signInAt(providers.acme, location, someone()), visitor);
    };
    expect(locationOf(await enter()).href).toBe(ui.welcome);
    expect(await errorAt(server, await enter())).toMatchObject({ code: 429 });
  });
});
