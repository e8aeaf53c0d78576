import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Raw } from "../../src/config/tree.ts";
import { hours, seconds } from "../protocols/clock.ts";
import { passwordless, signUpWithCode } from "../protocols/codes.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { lastMessageTo, messagesTo, wrongCode } from "../protocols/messages.ts";
import { enterAsNewPerson, newEmail } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
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

it("a stranger who uses all of that up leaves the device of whoever has proven the address its own", async () => {
  const { person, visitor: owner } = await enterAsNewPerson(spa, server);
  // Whoever recovers has proven the address.
  const otherDevice = nativeRest.enter(server);
  const proof = accepted(await otherDevice.recovery.create());
  accepted(await otherDevice.recovery.update(proof.id, { method: "code", email: person.email }));
  const proven = (await lastMessageTo(server, person.email)).code;
  accepted(await otherDevice.recovery.update(proof.id, { method: "code", code: proven }));
  server.clock.advance(hours(2));
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

describe.each(protocols)("one address has one budget through $name", (protocol) => {
  const limited = (limits: Raw): Raw => ({
    ...passwordless,
    selfservice: {
      ...(passwordless.selfservice as Raw),
      flows: {
        recovery: { enabled: true },
        verification: { enabled: true },
        registration: { after: { code: { hooks: [{ hook: "session" }] } } },
      },
    },
    feature_flags: { use_continue_with_transitions: true },
    limits,
  });
  let strict: TestServer;
  beforeAll(async () => {
    strict = await startServer({
      overrides: limited({ codes: { per_address: 4 }, messages: { per_address: 3, per_network: 100_000 } }),
      beside: server,
    });
  });
  afterAll(() => strict?.stop());

  const newPerson = async () => {
    const email = newEmail();
    accepted(await signUpWithCode(strict, nativeRest.enter(strict), { email }));
    server.clock.advance(hours(2));
    return email;
  };

  it("for guesses at codes that sign in, recover and verify", async () => {
    const email = await newPerson();
    const guess = async (kind: "login" | "recovery" | "verification") => {
      const visitor = protocol.enter(strict);
      const { id } = accepted(await visitor[kind].create());
      const asked = kind === "login" ? { identifier: email } : { email };
      await visitor[kind].update(id, { method: "code", ...asked });
      const tried = await visitor[kind].update(id, { method: "code", ...(kind === "login" && asked), code: "123456" });
      return tried.ok || tried.reason === "FORM_REJECTED" ? "compared" : tried.reason;
    };
    const outcomes: string[] = [];
    for (const kind of ["login", "recovery", "verification", "login", "recovery", "login", "verification"] as const)
      outcomes.push(await guess(kind));
    expect(outcomes).toEqual([...Array(4).fill("compared"), ...Array(3).fill("RATE_LIMITED")]);
  });

  it("for messages, and beyond it the code that was sent last stays good", async () => {
    const email = await newPerson();
    const sent = (await messagesTo(strict, email)).length;
    const other = protocol.enter(strict);
    for (const kind of ["recovery", "verification"] as const) {
      const { id } = accepted(await other[kind].create());
      accepted(await other[kind].update(id, { method: "code", email }));
      server.clock.advance(seconds(1));
    }
    const visitor = protocol.enter(strict);
    const { id } = accepted(await visitor.login.create());
    const first = refused(await visitor.login.update(id, { method: "code", identifier: email }));
    const { code } = await lastMessageTo(strict, email);
    expect(await messagesTo(strict, email)).toHaveLength(sent + 3);

    const again = refused(await visitor.login.update(id, { method: "code", identifier: email, resend: "code" }));
    expect(again.texts).toEqual(first.texts);
    expect(await messagesTo(strict, email)).toHaveLength(sent + 3);
    accepted(await visitor.login.update(id, { method: "code", identifier: email, code }));
    accepted(await visitor.whoami());
  });

  it("for messages of a sign-up, whose code stays good likewise", async () => {
    const traits = { email: newEmail() };
    const visitor = protocol.enter(strict);
    const { id } = accepted(await visitor.registration.create());
    refused(await visitor.registration.update(id, { method: "code", traits }));
    for (let n = 0; n < 4; n++) {
      server.clock.advance(seconds(1));
      refused(await visitor.registration.update(id, { method: "code", traits, resend: "code" }));
    }
    expect(await messagesTo(strict, traits.email)).toHaveLength(3);
    const { code } = await lastMessageTo(strict, traits.email);
    accepted(await visitor.registration.update(id, { method: "code", traits, code }));
    accepted(await visitor.whoami());
  });
});
