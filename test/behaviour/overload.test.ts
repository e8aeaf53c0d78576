import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nativeRest } from "../protocols/json-rest.ts";
import { change, enterAs, enterAsNewPerson, newPassword, type Person, signIn } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* More passwords at once than can be hashed: some are done, the rest are told when to come back. */

let server: TestServer;
let person: Person;
beforeAll(async () => {
  // One at a time, one waiting, and each takes a while.
  server = await startServer({
    overrides: { hashers: { argon2: { memory: "64MB", iterations: 3 }, concurrency: 1, queue: 1 } },
  });
  ({ person } = await enterAsNewPerson(nativeRest, server));
});
afterAll(() => server?.stop());

describe.each(protocols)("through $name", (protocol) => {
  it("who comes when the queue is full is told when to come back, and nothing is lost", async () => {
    const visitors = protocols.slice(0, 6).map(() => protocol.enter(server));
    const flows = await Promise.all(visitors.map(async (visitor) => accepted(await visitor.login.create()).id));
    const submission = { method: "password", identifier: person.email, password: person.password };
    const answers = await Promise.all(visitors.map((visitor, n) => visitor.login.update(flows[n] ?? "", submission)));
    const busy = answers.filter((answer) => !answer.ok).map(refused);
    expect(busy.length).toBeGreaterThan(0);
    expect(busy.length).toBeLessThan(visitors.length);
    for (const refusal of busy) {
      expect(refusal.reason).toBe("OVERLOADED");
      if (!protocol.isForm) expect(refusal.retryAfter).toBeGreaterThanOrEqual(1);
    }
    // Being turned away is no failed guess, and the flow is as good as before.
    const later = answers.findIndex(({ ok }) => !ok);
    accepted((await visitors[later]?.login.update(flows[later] ?? "", submission)) ?? refused(answers[later] as never));
  });
});

describe("meanwhile", () => {
  it("whoever needs no hash does not wait for those who do", async () => {
    const visitor = await enterAs(nativeRest, server, person);
    let hashing = true;
    const work = Promise.all([
      change(visitor, { method: "password", password: newPassword() }),
      signIn(nativeRest.enter(server), { ...person, password: "another" }),
    ]).finally(() => {
      hashing = false;
    });
    let answered = 0;
    while (hashing && answered < 20) {
      accepted(await visitor.whoami());
      answered += 1;
    }
    expect(answered).toBeGreaterThan(3);
    await work;
  });
});
