import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { merge } from "../../src/config/tree.ts";
import { passwordless, signUpWithCode } from "../protocols/codes.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { newEmail } from "../protocols/person.ts";
import { accepted } from "../protocols/protocol.ts";
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
    // What is recorded of somebody takes its time below the moment until which all are held back.
    const writes = ({ statements }: typeof known) =>
      statements.filter((statement) => statement !== "SELECT" && statement !== "INSERT INTO security_events");
    expect(writes(known).length).toBeGreaterThan(2);
    expect(writes(unknown)).toEqual(writes(known));
  });
});

describe.each(["recovery", "verification"] as const)("a request for a code in a %s flow", (kind) => {
  it("is held back until the same moment, whether anybody has the address or not", async () => {
    // The server learns how long it takes to write a message: a second here, so that nothing else counts.
    server.gate.watch(async (statement) => {
      if (statement.startsWith("INSERT INTO courier_messages")) await sleep(1_000);
    });
    await ask(kind, await someone());
    server.gate.watch(undefined);
    const known = await someone();
    const [ofUnknown, ofKnown] = [await ask(kind, newEmail()), await ask(kind, known)];
    for (const { waited } of [ofUnknown, ofKnown]) expect(waited).toHaveLength(1);
    // What was learned only falls meanwhile, and what is answered at once does not wait for it at all.
    const [unknownWaited = 0, knownWaited = 0] = [ofUnknown.waited[0], ofKnown.waited[0]];
    expect(knownWaited).toBeGreaterThan(50);
    expect(unknownWaited + ofUnknown.took).toBeGreaterThanOrEqual(knownWaited);
  });
});
