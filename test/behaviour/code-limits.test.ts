import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { merge } from "../../src/config/tree.ts";
import { passwordless, signUpWithCode } from "../protocols/codes.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { newEmail } from "../protocols/person.ts";
import { type Answer, accepted, type Done, refused, type Visitor } from "../protocols/protocol.ts";
import { lastCodeTo, messagesTo, wrongCode } from "../protocols/sent-messages.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* Two nodes on one database: what is counted on one counts on the other. */

const few = merge(passwordless, {
  limits: {
    codes: { per_address: 20, per_identity: 30, per_device: 5 },
    messages: { per_address: 10, per_device: 3, per_network: 100_000 },
  },
});

let nodes: readonly TestServer[];
const node = (index: number): TestServer => nodes[index % nodes.length] as TestServer;
beforeAll(async () => {
  const first = await startServer({ overrides: few });
  nodes = [first, await startServer({ beside: first, overrides: few })];
});
afterAll(async () => {
  for (const each of [...(nodes ?? [])].reverse()) await each.stop();
});
// Windows that one test has used up are over for the next.
afterEach(() => node(0).clock.advance(2 * 60 * 60_000));

const newPerson = async (): Promise<string> => {
  const email = newEmail();
  accepted(await signUpWithCode(node(0), spa.enter(node(0)), { email }));
  return email;
};

const askFor = async (visitor: Visitor, email: string): Promise<string> => {
  const { id } = accepted(await visitor.login.create());
  await visitor.login.update(id, { method: "code", identifier: email });
  return id;
};

it("guesses are counted over all flows and nodes: after twenty even the right code is refused", async () => {
  const email = await newPerson();
  node(0).clock.advance(2 * 60 * 60_000);
  const answers: Answer<Done>[] = [];
  let compared = 0;
  for (let flow = 0; flow < 8; flow++) {
    const visitor = nativeRest.enter(node(flow));
    const id = await askFor(visitor, email);
    const code = await lastCodeTo(node(0), email);
    for (let guess = 0; guess < 5; guess++) {
      const typed = flow === 7 ? code : wrongCode(code);
      const answer = await visitor.login.update(id, { method: "code", identifier: email, code: typed });
      answers.push(answer);
      if (!answer.ok && answer.texts.some((text) => text.id === 4010008)) compared++;
    }
  }
  expect(compared).toBe(20);
  expect(answers.some((answer) => answer.ok)).toBe(false);
  expect(refused(answers.at(-1) as Answer<Done>)).toMatchObject({ reason: "RATE_LIMITED" });
  expect(refused(answers.at(-1) as Answer<Done>).retryAfter).toBeGreaterThan(0);
});

it("an address that nobody has is counted in the same way when signing up", async () => {
  const email = newEmail();
  let compared = 0;
  for (let flow = 0; flow < 6; flow++) {
    const visitor = nativeRest.enter(node(flow));
    const { id } = accepted(await visitor.registration.create());
    refused(await visitor.registration.update(id, { method: "code", traits: { email } }));
    const code = wrongCode(await lastCodeTo(node(0), email));
    for (let guess = 0; guess < 5; guess++) {
      const answer = refused(await visitor.registration.update(id, { method: "code", traits: { email }, code }));
      if (answer.texts.some((text) => text.id === 4040003)) compared++;
    }
  }
  expect(compared).toBe(20);
});

it("what strangers guess leaves the owner a budget on a device on which they signed in", async () => {
  const email = newEmail();
  const owner = spa.enter(node(0));
  accepted(await signUpWithCode(node(0), owner, { email }));
  accepted(await owner.signOut());
  for (let flow = 0; flow < 5; flow++) {
    const visitor = nativeRest.enter(node(flow));
    const id = await askFor(visitor, email);
    const code = wrongCode(await lastCodeTo(node(0), email));
    for (let guess = 0; guess < 5; guess++) await visitor.login.update(id, { method: "code", identifier: email, code });
  }
  const id = await askFor(owner, email);
  const code = await lastCodeTo(node(0), email);
  accepted(await owner.login.update(id, { method: "code", identifier: email, code }));
});

it("beyond so many messages to an address the answer is the usual one, and nothing is sent", async () => {
  const email = await newPerson();
  const before = (await messagesTo(node(0), email)).length;
  const answers: unknown[] = [];
  for (let asked = 0; asked < 14; asked++) {
    const visitor = nativeRest.enter(node(asked));
    const { id } = accepted(await visitor.login.create());
    answers.push(refused(await visitor.login.update(id, { method: "code", identifier: email })).texts);
  }
  expect(new Set(answers.map((texts) => JSON.stringify(texts))).size).toBe(1);
  // One was sent to sign up.
  expect((await messagesTo(node(0), email)).length).toBe(10);
  expect(before).toBe(1);
});

it("of many who submit the right code at once, on two nodes, one is signed in", async () => {
  const email = await newPerson();
  const visitor = nativeRest.enter(node(0));
  const id = await askFor(visitor, email);
  const code = await lastCodeTo(node(0), email);
  const answers = await Promise.all(
    Array.from({ length: 4 }, (_, index) =>
      nativeRest.enter(node(index)).login.update(id, { method: "code", identifier: email, code }),
    ),
  );
  expect(answers.filter((answer) => answer.ok)).toHaveLength(1);
});

it("of many who sign up with the right code at once, on two nodes, one gets an account", async () => {
  const email = newEmail();
  const visitor = nativeRest.enter(node(0));
  const { id } = accepted(await visitor.registration.create());
  refused(await visitor.registration.update(id, { method: "code", traits: { email } }));
  const code = await lastCodeTo(node(0), email);
  const answers = await Promise.all(
    Array.from({ length: 4 }, (_, index) =>
      nativeRest.enter(node(index)).registration.update(id, { method: "code", traits: { email }, code }),
    ),
  );
  expect(answers.filter((answer) => answer.ok)).toHaveLength(1);
});

it("a network that asks for too many messages has to wait", async () => {
  const limits = { limits: { messages: { per_network: 3 } } };
  const strict = await startServer({ overrides: merge(few, limits) });
  try {
    const visitor = nativeRest.enter(strict);
    const ask = async () => {
      const { id } = accepted(await visitor.registration.create());
      return visitor.registration.update(id, { method: "code", traits: { email: newEmail() } });
    };
    for (let asked = 0; asked < 3; asked++) expect(refused(await ask()).reason).toBe("FORM_REJECTED");
    const answer = await ask();
    expect(refused(answer)).toMatchObject({ reason: "RATE_LIMITED" });
    expect(refused(answer).retryAfter).toBeGreaterThan(0);
  } finally {
    await strict.stop();
  }
});
