import { afterAll, beforeAll, expect, it } from "vitest";
import { merge } from "../../src/config/tree.ts";
import { enrolTotp, withFactors } from "../protocols/factors.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { enterAsNewPerson, signIn } from "../protocols/person.ts";
import { accepted } from "../protocols/protocol.ts";
import { startServer, type TestServer } from "../protocols/server.ts";
import { type RunningExample, startExample } from "./run-example.ts";

/* examples/backend: who has a session is answered, and the server is asked once in a while. */

const maxAge = 1_000;

let server: TestServer;
let example: RunningExample;
beforeAll(async () => {
  server = await startServer({
    overrides: merge(withFactors, { session: { whoami: { required_aal: "highest_available" } } }),
  });
  example = await startExample("backend", server.url, { SESSION_MAX_AGE: String(maxAge) });
}, 120_000);
afterAll(async () => {
  await example?.stop();
  await server?.stop();
});

const orders = (token?: string) =>
  fetch(example.url, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });

const asked = () => server.logged.filter((line) => line.includes("WhoAmI")).length;

it("answers people with a session, and asks about each once for many requests", async () => {
  const { person, visitor } = await enterAsNewPerson(nativeRest, server);
  const { token } = visitor.credentials;
  const before = asked();
  const answers = await Promise.all(Array.from({ length: 10 }, () => orders(token)));
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
  await expect(answers[0]?.json()).resolves.toMatchObject({ of: person.id });
  await orders(token);
  expect(asked() - before).toBe(1);
});

it("answers nobody without one, and notices within its time that one was ended", async () => {
  expect((await orders()).status).toBe(401);
  expect((await orders("ory_st_nobody_has_this_one")).status).toBe(401);
  const { visitor } = await enterAsNewPerson(nativeRest, server);
  const { token } = visitor.credentials;
  expect((await orders(token)).status).toBe(200);
  await visitor.signOut();
  await expect.poll(async () => (await orders(token)).status, { timeout: 10 * maxAge, interval: 200 }).toBe(401);
});

it("answers nobody whose session owes a second factor, and asks about it once", async () => {
  const { visitor, person } = await enterAsNewPerson(nativeRest, server);
  await enrolTotp(visitor, server);
  const other = nativeRest.enter(server);
  accepted(await signIn(other, person));
  const before = asked();
  for (let time = 0; time < 3; time++) expect((await orders(other.credentials.token)).status).toBe(401);
  expect(asked() - before).toBe(1);
});

it("says that nobody can tell when the server is away, and recovers", async () => {
  const { visitor } = await enterAsNewPerson(nativeRest, server);
  const { token } = visitor.credentials;
  const alone = await startExample("backend", "http://127.0.0.1:1");
  try {
    const answer = await fetch(alone.url, { headers: { authorization: `Bearer ${token}` } });
    expect(answer.status).toBe(503);
  } finally {
    await alone.stop();
  }
  expect((await orders(token)).status).toBe(200);
});
