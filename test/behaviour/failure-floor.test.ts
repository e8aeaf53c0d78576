import bcrypt from "bcryptjs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createHasher } from "../../src/lib/hashing/hasher.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { enterAsNewPerson, newEmail, type Person, signIn } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* Every way to fail at signing in is held back by the same floor, so that time tells nothing. */

const waits: number[] = [];
let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    overrides: { limits: { login: { per_identifier: 5 } } },
    wait: async (milliseconds) => void waits.push(milliseconds),
  });
});
afterAll(() => server?.stop());
beforeEach(() => {
  waits.length = 0;
});

const store = async (person: Person, config: object | null): Promise<Person> => {
  if (config === null)
    await server.sql("DELETE FROM identity_credentials WHERE identity_id = UNHEX(REPLACE(?, '-', ''))", [person.id]);
  else
    await server.sql("UPDATE identity_credentials SET config = ? WHERE identity_id = UNHEX(REPLACE(?, '-', ''))", [
      JSON.stringify(config),
      person.id,
    ]);
  return person;
};
const withHash = (person: Person, hash: string): Promise<Person> => store(person, { hashed_password: hash });
const newPerson = async (): Promise<Person> => (await enterAsNewPerson(nativeRest, server)).person;

const weakly = createHasher({
  algorithm: "argon2",
  argon2: { memory: 1_024, iterations: 1, parallelism: 1, salt_length: 16, key_length: 32 },
  bcrypt: { cost: 4 },
  max_cost: { bcrypt: 14, argon2_memory: 262_144, argon2_iterations: 10 },
  concurrency: 1,
  queue: 10,
});
afterAll(() => weakly.close());

/** Each way to fail, with what it is answered. */
const ways: Readonly<
  Record<
    string,
    {
      readonly who: () => Promise<Pick<Person, "email" | "password">>;
      readonly reason?: string;
      readonly text?: number;
    }
  >
> = {
  "a person who does not exist": { who: async () => ({ email: newEmail(), password: "wrong" }) },
  "a wrong password with a hash made as configured": {
    who: async () => ({ ...(await newPerson()), password: "wrong" }),
  },
  "a wrong password with a bcrypt hash": {
    who: async () => ({ ...(await withHash(await newPerson(), bcrypt.hashSync("other", 6))), password: "wrong" }),
  },
  "a wrong password with a weaker argon2 hash": {
    who: async () => ({ ...(await withHash(await newPerson(), await weakly.hash("other"))), password: "wrong" }),
  },
  "a person who signs in through providers only": { who: async () => store(await newPerson(), null) },
  "a hash that cannot be read": { who: async () => withHash(await newPerson(), "$argon2id$v=19$m=nonsense") },
  "a hash that asks for too much work": { who: async () => withHash(await newPerson(), `$2b$20$${"N".repeat(53)}`) },
  "a disabled person's wrong password": {
    who: async () => ({ ...(await disabled(await newPerson())), password: "wrong" }),
  },
  "a disabled person's right password": { who: async () => disabled(await newPerson()), text: 4010011 },
  "too many tries before": { who: async () => exhausted(await newPerson()), reason: "RATE_LIMITED" },
  "too many tries before at somebody who does not exist": {
    who: async () => exhausted({ email: newEmail(), password: "wrong" }),
    reason: "RATE_LIMITED",
  },
};

const disabled = async (person: Person): Promise<Person> => {
  await server.sql("UPDATE identities SET state = 'inactive' WHERE id = UNHEX(REPLACE(?, '-', ''))", [person.id]);
  return person;
};

const exhausted = async <T extends Pick<Person, "email" | "password">>(person: T): Promise<T> => {
  for (let tries = 0; tries < 5; tries++)
    refused(await signIn(nativeRest.enter(server), { ...person, password: "wrong" }));
  return person;
};

describe.each(protocols)("through $name", (protocol) => {
  it("a failed sign-in is held back, a right one is not", async () => {
    const person = await newPerson();
    refused(await signIn(protocol.enter(server), { ...person, password: "wrong" }));
    expect(waits).toHaveLength(1);
    accepted(await signIn(protocol.enter(server), person));
    expect(waits).toHaveLength(1);
  });
});

describe("it is held back once, and by the same floor, for", () => {
  it.each(Object.entries(ways))("%s", async (_, { who, reason = "FORM_REJECTED", text }) => {
    const person = await who();
    // A floor that is far above what anything here takes: all that differs is what was spent already.
    const floor = await raiseFloor();
    waits.length = 0;
    const started = performance.now();
    const refusal = refused(await signIn(nativeRest.enter(server), person));
    const spent = performance.now() - started;
    expect(refusal.reason).toBe(reason);
    if (text !== undefined) expect(refusal.texts).toMatchObject([{ id: text }]);
    else if (reason === "FORM_REJECTED") expect(refusal.texts).toMatchObject([{ id: 4000006 }]);
    expect(waits).toHaveLength(1);
    expect(waits[0]).toBeGreaterThan(floor - spent - 1);
    expect(waits[0]).toBeLessThanOrEqual(floor);
  });
});

/** Has the server learn of a hash that takes long, and reads the floor from the metrics. */
const raiseFloor = async (): Promise<number> => {
  refused(
    await signIn(nativeRest.enter(server), {
      ...(await withHash(await newPerson(), bcrypt.hashSync("other", 9))),
      password: "wrong",
    }),
  );
  const text = await (await fetch(`${server.adminUrl}/metrics/prometheus`)).text();
  const seconds = Number(/^ostiary_login_failure_floor_seconds (\S+)$/m.exec(text)?.[1]);
  expect(seconds).toBeGreaterThan(0);
  return seconds * 1000;
};
