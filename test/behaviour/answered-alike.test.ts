import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { merge } from "../../src/config/tree.ts";
import { passwordless, signUpWithCode } from "../protocols/codes.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { newEmail, newPhone } from "../protocols/person.ts";
import { accepted } from "../protocols/protocol.ts";
import { messagesTo } from "../protocols/sent-messages.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/*
 * Whoever asks for a code learns neither from the answer, nor from its time, nor
 * from what the server does for it, whether anybody has the address.
 */

const waits: number[] = [];
let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    overrides: merge(passwordless, {
      security: { account_enumeration: { mitigate: true } },
      selfservice: {
        flows: {
          recovery: { enabled: true, notify_unknown_recipients: true },
          verification: { enabled: true, notify_unknown_recipients: true },
        },
      },
      feature_flags: { use_continue_with_transitions: true },
      // Nothing answers there: messages wait beside all requests.
      courier: { channels: [{ id: "sms", request_config: { url: "http://127.0.0.1:9/", method: "POST" } }] },
    }),
    wait: async (milliseconds) => void waits.push(milliseconds),
  });
});
afterAll(() => server?.stop());
beforeEach(() => {
  waits.length = 0;
});

const kinds = ["recovery", "verification", "login"] as const;
type Kind = (typeof kinds)[number];

/** What one request for a code was answered, what the server did for it, and how long it took with what it waited. */
const ask = async (kind: Kind, email: string) => {
  const visitor = nativeRest.enter(server);
  const { id } = accepted(await visitor[kind].create());
  waits.length = 0;
  const before = server.gate.statements.length;
  const began = performance.now();
  const answer =
    kind === "login"
      ? await visitor.login.update(id, { method: "code", identifier: email })
      : await visitor[kind].update(id, { method: "code", email });
  const took = performance.now() - began;
  const statements = server.gate.statements
    .slice(before)
    // Those of deliveries, beside all requests.
    .filter((statement) => !/^(?:SELECT|UPDATE|DELETE)\b.*\b(?:jobs|courier_messages)\b/s.test(statement))
    .map((statement) => /^(?:INSERT INTO|UPDATE|DELETE FROM) \w+|^SELECT/.exec(statement)?.[0] ?? statement);
  const texts = answer.ok
    ? (answer.value as { readonly flow?: { readonly texts: readonly { readonly id: number }[] } }).flow?.texts
    : answer.texts;
  return { texts: texts?.map((text) => text.id), statements, waited: [...waits], took };
};

const someone = async (): Promise<string> => {
  const email = newEmail();
  accepted(await signUpWithCode(server, nativeRest.enter(server), { email }));
  return email;
};

describe.each(kinds)("a request for a code in a %s flow", (kind) => {
  it("is answered alike, with the same messages and counts, whether anybody has the address or not", async () => {
    const [known, unknown] = [await ask(kind, await someone()), await ask(kind, newEmail())];
    expect(unknown.texts).toEqual(known.texts);
    // What is locked and recorded of somebody takes its time below the moment until which all are held back.
    const ofSomebody = ["SELECT", "UPDATE identities", "INSERT INTO security_events"];
    const writes = ({ statements }: typeof known) => statements.filter((statement) => !ofSomebody.includes(statement));
    expect(writes(known).length).toBeGreaterThan(2);
    expect(writes(unknown)).toEqual(writes(known));
  });
});

/** The server learns how long it takes to write a message: a second here, so that nothing else counts. */
const slowDown = async (kind: Kind, known?: string): Promise<void> => {
  const to = known ?? (await someone());
  server.gate.watch(async (statement) => {
    if (statement.startsWith("INSERT INTO courier_messages")) await sleep(1_000);
  });
  await ask(kind, to);
  server.gate.watch(undefined);
};
/** Time of an answer, and what it waited of that. */
const timeOf = async (submit: () => Promise<unknown>) => {
  waits.length = 0;
  const began = performance.now();
  await submit();
  return { took: performance.now() - began, waited: [...waits] };
};
type Timed = Awaited<ReturnType<typeof timeOf>>;
/** What was learned only falls meanwhile, and what is answered at once does not wait for it at all. */
const expectSameMoment = (ofUnknown: Timed, ofKnown: Timed): void => {
  for (const { waited } of [ofUnknown, ofKnown]) expect(waited).toHaveLength(1);
  const [unknownWaited = 0, knownWaited = 0] = [ofUnknown.waited[0], ofKnown.waited[0]];
  expect(knownWaited).toBeGreaterThan(50);
  expect(unknownWaited).toBeGreaterThan(50);
};

describe.each(kinds)("a request for a code in a %s flow", (kind) => {
  it("is held back until the same moment, whether anybody has the address or not", async () => {
    await slowDown(kind);
    const known = await someone();
    const [ofUnknown, ofKnown] = [await ask(kind, newEmail()), await ask(kind, known)];
    expectSameMoment(ofUnknown, ofKnown);
    expect((ofUnknown.waited[0] ?? 0) + ofUnknown.took).toBeGreaterThanOrEqual(ofKnown.waited[0] ?? 0);
  });

  it("is held back when its code is wrong, whether anybody has the address or not", async () => {
    await slowDown(kind);
    const guess = async (email: string): Promise<Timed> => {
      const visitor = nativeRest.enter(server);
      const { id } = accepted(await visitor[kind].create());
      if (kind === "login") await visitor.login.update(id, { method: "code", identifier: email });
      else await visitor[kind].update(id, { method: "code", email });
      return timeOf(() =>
        kind === "login"
          ? visitor.login.update(id, { method: "code", identifier: email, code: "000000" })
          : visitor[kind].update(id, { method: "code", code: "000000" }),
      );
    };
    const known = await someone();
    expectSameMoment(await guess(newEmail()), await guess(known));
  });
});

describe.each(["verification", "login"] as const)("a request for a code by a text message in a %s flow", (kind) => {
  const someoneWithPhone = async (): Promise<string> => {
    const phone = newPhone();
    accepted(await signUpWithCode(server, nativeRest.enter(server), { email: newEmail(), phone }));
    return phone;
  };
  const textsTo = async (phone: string) =>
    (await messagesTo(server, phone)).map(({ channel, template }) => `${channel} ${template}`);

  it("is answered alike and held back until the same moment, whether anybody has the number or not", async () => {
    await slowDown(kind, await someoneWithPhone());
    const [known, unknown] = [await someoneWithPhone(), newPhone()];
    const before = (await textsTo(known)).length;
    const [ofUnknown, ofKnown] = [await ask(kind, unknown), await ask(kind, known)];
    // It is the way of text messages that was taken.
    expect((await textsTo(known)).slice(before)).toEqual([`sms ${kind}_code_valid`]);
    expect(ofUnknown.texts).toEqual(ofKnown.texts);
    expectSameMoment(ofUnknown, ofKnown);
    expect((ofUnknown.waited[0] ?? 0) + ofUnknown.took).toBeGreaterThanOrEqual(ofKnown.waited[0] ?? 0);
  });
});

describe("a sign-up by a code", () => {
  it("is held back until the same moment, whether anybody has the address already or not", async () => {
    await slowDown("login");
    const signUp = async (email: string): Promise<Timed> => {
      const visitor = nativeRest.enter(server);
      const { id } = accepted(await visitor.registration.create());
      return timeOf(() => visitor.registration.update(id, { method: "code", traits: { email } }));
    };
    const known = await someone();
    expectSameMoment(await signUp(newEmail()), await signUp(known));
  });
});

describe("a sign-in that asks first who it is", () => {
  it("is held back until the same moment, whether anybody has the address or not", async () => {
    const node = await startServer({
      beside: server,
      overrides: merge(passwordless, {
        security: { account_enumeration: { mitigate: true } },
        selfservice: { flows: { login: { style: "identifier_first" } } },
      }),
      wait: async (milliseconds) => void waits.push(milliseconds),
    });
    try {
      const identify = async (email: string): Promise<Timed> => {
        const visitor = nativeRest.enter(node);
        const { id } = accepted(await visitor.login.create());
        return timeOf(() => visitor.login.update(id, { method: "identifier_first", identifier: email }));
      };
      const known = await someone();
      for (const { waited } of [await identify(newEmail()), await identify(known)]) expect(waited).toHaveLength(1);
    } finally {
      await node.stop();
    }
  });
});
