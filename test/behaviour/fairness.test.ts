import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send } from "../protocols/http.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { change, enterAs, enterAsNewPerson, newEmail, newPassword, type Person, signIn } from "../protocols/person.ts";
import { accepted } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* Strangers who keep hashing busy take nothing from the people who are known. */

let server: TestServer;
let person: Person;
beforeAll(async () => {
  server = await startServer({
    overrides: {
      // One hash at a time, few places in the queue: a handful of callers fills it.
      hashers: { argon2: { memory: "8MB", iterations: 1 }, concurrency: 1, queue: 4 },
      limits: { login: { per_identifier: 100_000, per_network: 1_000_000 }, registration: { per_network: 1_000_000 } },
      serve: { public: { trusted_proxies: ["127.0.0.1"] } },
    },
  });
  ({ person } = await enterAsNewPerson(nativeRest, server));
});
afterAll(() => server?.stop());

interface Flood {
  stop(): Promise<{ readonly refused: number }>;
}

/** Callers who submit one after the other without a rest, until they are stopped. Resolves when some were refused. */
const flood = async (
  kind: "login" | "registration",
  body: () => object,
  address = "203.0.113.66",
  callers = 8,
): Promise<Flood> => {
  let [over, refused] = [false, 0];
  const headers = { "content-type": "application/json", "x-forwarded-for": address };
  const call = async (): Promise<void> => {
    const flow = await send(`${server.url}/self-service/${kind}/api`, { headers });
    while (!over) {
      const { status } = await send(`${server.url}/self-service/${kind}?flow=${String(flow.json.id)}`, {
        method: "POST",
        headers,
        body: JSON.stringify(body()),
      });
      if (status === 503) refused += 1;
    }
  };
  const work = Promise.all(Array.from({ length: callers }, call));
  for (let tries = 0; tries < 500 && refused < callers; tries++) await sleep(10);
  return {
    stop: async () => {
      over = true;
      await work;
      return { refused };
    },
  };
};

const registrations = () =>
  flood("registration", () => ({ method: "password", password: newPassword(), traits: { email: newEmail() } }));
const wrongLogins = () => flood("login", () => ({ method: "password", identifier: person.email, password: "wrong" }));
const loginsOfNobody = () => flood("login", () => ({ method: "password", identifier: newEmail(), password: "wrong" }));

describe.each([
  ["registrations", registrations],
  ["wrong passwords for the person", wrongLogins],
  ["wrong passwords for people who do not exist", loginsOfNobody],
] as const)("under a flood of %s", (_, start) => {
  it.each(protocols.map((protocol) => [protocol.name, protocol] as const))(
    "whoever is signed in through %s is never refused",
    async (_name, protocol) => {
      const visitor = await enterAs(protocol, server, person);
      const attack = await start();
      for (let tries = 0; tries < 3; tries++) accepted(await signIn(visitor, person, { refresh: "true" }));
      const password = newPassword();
      accepted(await change(visitor, { method: "password", password }));
      person = { ...person, password };
      expect((await attack.stop()).refused).toBeGreaterThan(0);
    },
  );

  it("whoever signs in where they did before is never refused", async () => {
    const visitor = await enterAs(spa, server, person);
    accepted(await visitor.signOut());
    const attack = await start();
    for (let tries = 0; tries < 5; tries++) {
      accepted(await signIn(visitor, person));
      accepted(await visitor.signOut());
    }
    expect((await attack.stop()).refused).toBeGreaterThan(0);
  });

  it("whoever signs in from another network is never refused", async () => {
    const attack = await start();
    for (let tries = 0; tries < 5; tries++) accepted(await signIn(nativeRest.enter(server), person));
    expect((await attack.stop()).refused).toBeGreaterThan(0);
  });
});

describe("what waits, runs and was refused", () => {
  it("shows in the metrics, by purpose", async () => {
    const attack = await registrations();
    const text = await (await fetch(`${server.adminUrl}/metrics/prometheus`)).text();
    await attack.stop();
    const figure = (name: string, purpose: string) =>
      Number(new RegExp(`^ostiary_hashing_${name}\\{purpose="${purpose}"\\} (\\S+)$`, "m").exec(text)?.[1]);
    // One at a time and four places; between two hashes one of them may be free.
    expect(figure("waiting", "sign_up")).toBeGreaterThanOrEqual(1);
    expect(figure("waiting", "sign_up")).toBeLessThanOrEqual(4);
    expect(figure("running", "sign_up")).toBeLessThanOrEqual(1);
    expect(figure("refused_total", "sign_up")).toBeGreaterThan(0);
    expect(figure("done_total", "sign_up")).toBeGreaterThan(0);
    for (const purpose of ["session", "device", "sign_in"]) expect(figure("waiting", purpose)).toBe(0);
    expect(figure("refused_total", "session")).toBe(0);
  });
});
