import { newEmail, newPassword, type Person } from "../protocols/person.ts";
import { type Answer, accepted, type Protocol, type Visitor } from "../protocols/protocol.ts";
import type { TestServer } from "../protocols/server.ts";

/** What a load has seen. */
export interface LoadCounts {
  requests: number;
  /** Answers that the client is not to blame for. */
  errors: number;
  /** Of those: nobody knows whether it took effect. */
  unknown: number;
  /** Changes that were acknowledged. */
  writes: number;
  /** Reads on the other server that did not show what was acknowledged before. */
  stale: number;
  signOuts: number;
  /** Of those: refused on the other server at the very next request. */
  effective: number;
  readonly reasons: Record<string, number>;
  /** Milliseconds of the longest request. */
  longest: number;
}

/** Someone who has been changed, and how often. */
export interface Changed {
  readonly person: Person;
  /** The age that was acknowledged last. */
  age: number;
  /** An age that may be there. */
  readonly doubtful: Set<number>;
  acknowledged: number;
}

/** Creates counts of nothing. */
export const createCounts = (): LoadCounts => ({
  requests: 0,
  errors: 0,
  unknown: 0,
  writes: 0,
  stale: 0,
  signOuts: 0,
  effective: 0,
  reasons: {},
  longest: 0,
});

const faults: ReadonlySet<string> = new Set(["UNAVAILABLE", "OUTCOME_UNKNOWN", "INTERNAL", "OVERLOADED"]);

/** What the people of a load share. */
export interface LoadOptions {
  readonly servers: readonly [TestServer, TestServer];
  readonly protocol: Protocol;
  readonly counts: LoadCounts;
  /** Whether to go on. */
  isOn(): boolean;
}

/** The same person, through another server. */
const through = (protocol: Protocol, server: TestServer, visitor: Visitor): Visitor => {
  const other = protocol.enter(server);
  other.credentials.token = visitor.credentials.token;
  return other;
};

/** One person who signs up, then changes a trait by one server, reads it by the other, signs in and out, on and on. */
export const live = async ({ servers, protocol, counts, isOn }: LoadOptions): Promise<Changed> => {
  const ask = async <T>(request: () => Promise<Answer<T>>): Promise<Answer<T>> => {
    const began = Date.now();
    const answer = await request();
    counts.requests++;
    counts.longest = Math.max(counts.longest, Date.now() - began);
    if (!answer.ok) counts.reasons[answer.reason] = (counts.reasons[answer.reason] ?? 0) + 1;
    if (!answer.ok && faults.has(answer.reason)) counts.errors++;
    if (!answer.ok && answer.reason === "OUTCOME_UNKNOWN") counts.unknown++;
    return answer;
  };
  const [one, other] = servers;
  const person = { email: newEmail(), password: newPassword() };
  const visitor = protocol.enter(one);
  const flow = accepted(await visitor.registration.create());
  const { session } = accepted(
    await visitor.registration.update(flow.id, {
      method: "password",
      password: person.password,
      traits: { email: person.email, age: 18 },
    }),
  );
  const changed: Changed = {
    person: { ...person, id: session?.identityId ?? "" },
    age: 18,
    doubtful: new Set(),
    acknowledged: 0,
  };

  const change = async (here: Visitor, there: Visitor) => {
    const created = await ask(() => here.settings.create());
    if (!created.ok) return;
    const age = 19 + changed.acknowledged + changed.doubtful.size;
    const answer = await ask(() =>
      here.settings.update(created.value.id, { method: "profile", traits: { email: person.email, age } }),
    );
    if (answer.ok) {
      changed.age = age;
      changed.acknowledged++;
      counts.writes++;
    } else if (answer.reason === "OUTCOME_UNKNOWN") changed.doubtful.add(age);
    for (const reader of [there, here, there]) {
      const seen = await ask(() => reader.whoami());
      if (seen.ok && Number(seen.value.traits.age) < changed.age) counts.stale++;
    }
  };

  const signOut = async (here: TestServer, there: TestServer) => {
    const visitor = protocol.enter(here);
    const created = await ask(() => visitor.login.create());
    if (!created.ok) return;
    const { email: identifier, password } = person;
    const entered = await ask(() =>
      visitor.login.update(created.value.id, { method: "password", identifier, password }),
    );
    if (!entered.ok) return;
    const beside = through(protocol, there, visitor);
    const ended = await ask(() => visitor.signOut());
    if (!ended.ok) return;
    counts.signOuts++;
    const after = await ask(() => beside.whoami());
    if (!after.ok && after.reason === "SESSION_INACTIVE") counts.effective++;
  };

  const away = through(protocol, other, visitor);
  for (let turn = 0; isOn(); turn++) {
    if (turn % 2 === 0) await change(visitor, away);
    else await change(away, visitor);
    if (turn % 2 === 0) await signOut(one, other);
    else await signOut(other, one);
  }
  return changed;
};
