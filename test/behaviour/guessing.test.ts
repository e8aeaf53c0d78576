import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { minutes, seconds } from "../protocols/clock.ts";
import { deadlockAt } from "../protocols/faults.ts";
import { send } from "../protocols/http.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { enterAsNewPerson, newEmail, signIn } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* Limits against guessing passwords: for one person, and from one network. */

const limits = (perIdentifier: number, perNetwork: number) => ({
  limits: { login: { window: "10m", per_identifier: perIdentifier, per_network: perNetwork } },
  serve: { public: { trusted_proxies: ["127.0.0.1"] } },
});

/** How failed sign-ins are held back is another test's subject. */
const atOnce = async () => undefined;

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: limits(3, 1_000), wait: atOnce });
});
afterAll(() => server?.stop());

const wrong = "not the password at all";

describe.each(protocols)("through $name", (protocol) => {
  it("after three wrong passwords a person's right one has to wait, until the window is over", async () => {
    const { person } = await enterAsNewPerson(protocol, server);
    const visitor = protocol.enter(server);
    for (let tries = 0; tries < 3; tries++) {
      expect(refused(await signIn(visitor, { ...person, password: wrong })).texts).toMatchObject([
        { node: "", id: 4000006 },
      ]);
      server.clock.advance(minutes(1));
    }
    const refusal = refused(await signIn(visitor, person));
    expect(refusal.reason).toBe("RATE_LIMITED");
    // The error page that browsers are sent to has no headers.
    if (!protocol.isForm) expect(refusal.retryAfter).toBe(7 * 60);
    server.clock.advance(minutes(7) - seconds(1));
    expect(refused(await signIn(visitor, person)).reason).toBe("RATE_LIMITED");
    server.clock.advance(seconds(1));
    // Another window: what failed in the last one is forgotten.
    refused(await signIn(visitor, { ...person, password: wrong }));
    accepted(await signIn(visitor, person));
  });
});

describe("what is counted", () => {
  it("is the person, however the identifier is written and whichever protocol is tried", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const spellings = [person.email, person.email.toUpperCase(), ` ${person.email} `];
    for (const [n, email] of spellings.entries())
      refused(await signIn((protocols[n] ?? nativeRest).enter(server), { email, password: wrong }));
    for (const protocol of protocols)
      expect(refused(await signIn(protocol.enter(server), person)).reason).toBe("RATE_LIMITED");
  });

  it("are failures: signing in rightly does not use a window up", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    for (let tries = 0; tries < 6; tries++) accepted(await signIn(nativeRest.enter(server), person));
  });

  it("is someone who does not exist in the same way, so that nothing is told about who does", async () => {
    const nobody = { email: newEmail(), password: wrong };
    const { person } = await enterAsNewPerson(nativeRest, server);
    const answers = async (who: typeof nobody) => {
      const seen: unknown[] = [];
      for (let tries = 0; tries < 5; tries++) {
        const { reason, texts, retryAfter } = refused(
          await signIn(nativeRest.enter(server), { ...who, password: wrong }),
        );
        seen.push({ reason, texts, retryAfter });
      }
      return seen;
    };
    expect(await answers(nobody)).toEqual(await answers(person));
  });

  it("does not reach another person", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const { person: other } = await enterAsNewPerson(nativeRest, server);
    for (let tries = 0; tries < 4; tries++)
      refused(await signIn(nativeRest.enter(server), { ...person, password: wrong }));
    accepted(await signIn(nativeRest.enter(server), other));
  });

  it("are tries at the same moment as well: forty at once get no further than forty in a row", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        signIn((protocols[n % protocols.length] ?? nativeRest).enter(server), { ...person, password: wrong }),
      ),
    );
    const reasons = answers.map((answer) => refused(answer).reason);
    expect(reasons.filter((reason) => reason === "FORM_REJECTED").length).toBeLessThanOrEqual(3);
    expect(reasons.filter((reason) => reason === "RATE_LIMITED").length).toBeGreaterThanOrEqual(37);
    server.clock.advance(minutes(10));
    accepted(await signIn(nativeRest.enter(server), person));
  });

  it("survives a restart, as it is kept in the database, and says no name there", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    for (let tries = 0; tries < 3; tries++)
      refused(await signIn(nativeRest.enter(server), { ...person, password: wrong }));
    await server.restart(limits(3, 1_000));
    expect(refused(await signIn(nativeRest.enter(server), person)).reason).toBe("RATE_LIMITED");
    expect(JSON.stringify(await server.sql("SELECT * FROM attempts"))).not.toContain(person.email);
  });
});

describe("every failure is counted", () => {
  const failuresOf = async () =>
    (await server.sql<{ total: number }>("SELECT MAX(failures) AS total FROM attempts"))[0]?.total;

  it("when the statement loses against others", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const disarm = await deadlockAt(server, { table: "attempts", event: "INSERT" });
    try {
      for (let tries = 0; tries < 3; tries++)
        expect(refused(await signIn(nativeRest.enter(server), { ...person, password: wrong })).reason).toBe(
          "FORM_REJECTED",
        );
    } finally {
      await disarm();
    }
    expect(refused(await signIn(nativeRest.enter(server), person)).reason).toBe("RATE_LIMITED");
  });

  it("with two nodes that write the same row: 96 of 96", async () => {
    await server.sql("DELETE FROM attempts");
    const node = await startServer({ overrides: limits(100_000, 100_000), beside: server, wait: atOnce });
    await server.restart(limits(100_000, 100_000));
    try {
      const loop = async (which: TestServer) => {
        const flow = accepted(await nativeRest.enter(which).login.create()).id;
        for (let tries = 0; tries < 8; tries++) {
          const submission = { method: "password", identifier: newEmail(), password: wrong };
          expect(refused(await nativeRest.enter(which).login.update(flow, submission)).reason).toBe("FORM_REJECTED");
        }
      };
      await Promise.all(Array.from({ length: 12 }, (_, n) => loop(n % 2 === 0 ? server : node)));
      expect(await failuresOf()).toBe(96);
    } finally {
      await node.stop();
    }
  }, 60_000);
});

describe("from one network", () => {
  beforeAll(() => server.restart(limits(1_000, 4)));

  const tryFrom = async (address: string, email: string, password: string) => {
    const flow = await send(`${server.url}/self-service/login/api`, { headers: { "x-forwarded-for": address } });
    return send(`${server.url}/self-service/login?flow=${String(flow.json.id)}`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-forwarded-for": address },
      body: JSON.stringify({ method: "password", identifier: email, password }),
    });
  };

  it("four wrong passwords for four people are enough, and other networks go on", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    for (let tries = 0; tries < 4; tries++) expect((await tryFrom("203.0.113.7", newEmail(), wrong)).status).toBe(400);
    const answer = await tryFrom("203.0.113.7", person.email, person.password);
    expect(answer.status).toBe(429);
    expect(Number(answer.headers["retry-after"])).toBe(600);
    expect(answer.json.error).toMatchObject({ details: { retry_after: 600 } });
    expect((await tryFrom("203.0.113.8", person.email, person.password)).status).toBe(200);
  });

  it("of IPv6 the first half counts, which one household commands", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    for (let tries = 0; tries < 4; tries++)
      expect((await tryFrom(`2001:db8:1:2::${tries + 1}`, newEmail(), wrong)).status).toBe(400);
    expect((await tryFrom("2001:db8:1:2:ffff::9", person.email, person.password)).status).toBe(429);
    expect((await tryFrom("2001:db8:1:3::1", person.email, person.password)).status).toBe(200);
  });
});

describe("on two nodes", () => {
  it("of many wrong passwords at once no more are compared than of one after the other", async () => {
    await server.restart(limits(5, 1_000));
    const node = await startServer({ beside: server, overrides: limits(5, 1_000), wait: atOnce });
    const { person } = await enterAsNewPerson(nativeRest, server);
    const guesses = [server, node].flatMap((each) =>
      Array.from({ length: 12 }, () => signIn(nativeRest.enter(each), { ...person, password: wrong })),
    );
    const reasons = (await Promise.all(guesses)).map((answer) => refused(answer).reason);
    const compared = reasons.filter((reason) => reason === "FORM_REJECTED").length;
    expect(compared).toBeGreaterThan(0);
    expect(compared).toBeLessThanOrEqual(5);
    expect(reasons.filter((reason) => reason === "RATE_LIMITED")).toHaveLength(24 - compared);
    await node.stop();
    await server.restart(limits(3, 1_000));
  });

  it("signing in rightly at once, again and again, uses nothing up", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    for (let round = 0; round < 3; round++)
      await Promise.all([1, 2].map(async () => accepted(await signIn(nativeRest.enter(server), person))));
    for (let tries = 0; tries < 2; tries++)
      refused(await signIn(nativeRest.enter(server), { ...person, password: wrong }));
    accepted(await signIn(nativeRest.enter(server), person));
  });
});
