import { afterAll, beforeAll, expect, it } from "vitest";
import { seconds } from "../protocols/clock.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { lastMessageTo, messagesTo, wrongCode } from "../protocols/messages.ts";
import { enterAsNewPerson, newEmail } from "../protocols/person.ts";
import { accepted } from "../protocols/protocol.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* What is counted of codes and messages, over two servers on one database. */

const overrides = {
  selfservice: { flows: { recovery: { enabled: true } } },
  feature_flags: { use_continue_with_transitions: true },
};
let server: TestServer;
let node: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides });
  node = await startServer({ overrides, beside: server });
});
afterAll(async () => {
  await node?.stop();
  await server?.stop();
});
const either = (n: number) => (n % 2 === 0 ? server : node);

it("a code brings one session, however many bring it to whichever server at the same moment", async () => {
  const { person } = await enterAsNewPerson(nativeRest, server);
  const visitor = nativeRest.enter(server);
  const { id } = accepted(await visitor.recovery.create());
  accepted(await visitor.recovery.update(id, { method: "code", email: person.email }));
  const { code } = await lastMessageTo(server, person.email);
  const answers = await Promise.all(
    Array.from({ length: 5 }, (_, n) => nativeRest.enter(either(n)).recovery.update(id, { method: "code", code })),
  );
  expect(answers.filter((answer) => answer.ok && answer.value.token !== undefined)).toHaveLength(1);
  const sessions = await server.sql("SELECT id FROM sessions WHERE identity_id = UNHEX(?)", [
    person.id.replaceAll("-", ""),
  ]);
  // That of the sign-up, and one.
  expect(sessions).toHaveLength(2);
});

it("guesses in many flows get no further than in one, and messages stop with the usual answer", async () => {
  const { person } = await enterAsNewPerson(nativeRest, server);
  const nobody = newEmail();
  const outcomes = { [person.email]: [] as string[], [nobody]: [] as string[] };
  for (let n = 0; n < 14; n++) {
    for (const email of [person.email, nobody]) {
      const visitor = nativeRest.enter(either(n));
      const { id } = accepted(await visitor.recovery.create());
      const asked = accepted(await visitor.recovery.update(id, { method: "code", email })).flow;
      expect(asked?.texts.map((text) => text.id)).toEqual([1060003]);
      for (let guess = 0; guess < 2; guess++) {
        const tried = await visitor.recovery.update(id, { method: "code", code: "123456" });
        outcomes[email]?.push(tried.ok ? "compared" : tried.reason);
      }
    }
  }
  // Nobody learns from it who has an account.
  expect(outcomes[person.email]).toEqual(outcomes[nobody]);
  expect(outcomes[person.email]?.filter((outcome) => outcome === "compared")).toHaveLength(20);
  expect(outcomes[person.email]?.at(-1)).toBe("RATE_LIMITED");
  expect(await messagesTo(server, person.email)).toHaveLength(10);
});

it("a stranger who uses all of that up leaves the owner's device its own", async () => {
  const { person, visitor: owner } = await enterAsNewPerson(spa, server);
  for (let n = 0; n < 12; n++) {
    const stranger = nativeRest.enter(server);
    const { id } = accepted(await stranger.recovery.create());
    accepted(await stranger.recovery.update(id, { method: "code", email: person.email }));
    for (let guess = 0; guess < 2; guess++) await stranger.recovery.update(id, { method: "code", code: "123456" });
  }
  accepted(await owner.signOut());
  server.clock.advance(seconds(1));
  const { id } = accepted(await owner.recovery.create());
  accepted(await owner.recovery.update(id, { method: "code", email: person.email }));
  const { code } = await lastMessageTo(server, person.email);
  accepted(await owner.recovery.update(id, { method: "code", code: wrongCode(code) }));
  accepted(await owner.recovery.update(id, { method: "code", code }));
  expect(accepted(await owner.whoami()).identityId).toBe(person.id);
});
