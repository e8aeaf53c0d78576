import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seconds } from "../protocols/clock.ts";
import { passwordless, signUpWithCode } from "../protocols/codes.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { lastMessageTo, wrongCode } from "../protocols/messages.ts";
import { newEmail } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { idBytes } from "../protocols/rows.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* Two requests of one flow at the same moment: what one of them wrote is not lost, and a code is counted once. */

let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    overrides: {
      ...passwordless,
      selfservice: {
        methods: { code: { passwordless_enabled: true, config: { lifespan: "10m", max_submissions: 2 } } },
        flows: {
          verification: { enabled: true },
          recovery: { enabled: true },
          registration: { after: { code: { hooks: [{ hook: "session" }] } } },
        },
      },
      feature_flags: { use_continue_with_transitions: true },
    },
  });
});
afterAll(() => server?.stop());

/** Runs `meanwhile` just before the first of these statements of `act`, so many times. */
const interrupted = async <T>(
  statement: RegExp,
  act: () => Promise<T>,
  meanwhile: () => Promise<unknown>,
  times = 1,
): Promise<T> => {
  let left = times;
  let isInside = false;
  server.gate.watch(async (text) => {
    if (left === 0 || isInside || !statement.test(text)) return;
    left -= 1;
    isInside = true;
    // Messages are in the order of time.
    server.clock.advance(seconds(1));
    await meanwhile();
    isInside = false;
  });
  try {
    return await act();
  } finally {
    server.gate.watch(undefined);
    expect(left).toBe(0);
  }
};
const writesFlow = /^UPDATE flows \b.*SET .*\bstate = \?/;

describe.each(protocols)("through $name", (protocol) => {
  describe.each(["verification", "recovery"] as const)("a %s", (kind) => {
    it("whose wrong guess is late goes on with the code that was sent meanwhile", async () => {
      const email = newEmail();
      accepted(await signUpWithCode(server, nativeRest.enter(server), { email }));
      server.clock.advance(seconds(1));
      const visitor = protocol.enter(server);
      const { id } = accepted(await visitor[kind].create());
      accepted(await visitor[kind].update(id, { method: "code", email }));
      const { code: old } = await lastMessageTo(server, email);
      const late = await interrupted(
        writesFlow,
        () => visitor[kind].update(id, { method: "code", code: wrongCode(old) }),
        async () => accepted(await visitor[kind].update(id, { method: "code", email })),
      );
      expect(accepted(late).flow?.state).toBe("sent_email");
      const { code } = await lastMessageTo(server, email);
      expect(code).not.toBe(old);
      const ended = accepted(await visitor[kind].update(id, { method: "code", code }));
      if (kind === "verification") expect(ended.flow?.state).toBe("passed_challenge");
      else accepted(await visitor.whoami());
    });
  });

  it("a sign-in whose wrong guess is late goes on with the code that was sent meanwhile", async () => {
    const email = newEmail();
    accepted(await signUpWithCode(server, nativeRest.enter(server), { email }));
    server.clock.advance(seconds(1));
    const visitor = protocol.enter(server);
    const { id } = accepted(await visitor.login.create());
    refused(await visitor.login.update(id, { method: "code", identifier: email }));
    const { code: old } = await lastMessageTo(server, email);
    const late = await interrupted(
      writesFlow,
      () => visitor.login.update(id, { method: "code", identifier: email, code: wrongCode(old) }),
      async () => refused(await visitor.login.update(id, { method: "code", identifier: email, resend: "code" })),
    );
    expect(refused(late).reason).toBe("FORM_REJECTED");
    const { code } = await lastMessageTo(server, email);
    accepted(await visitor.login.update(id, { method: "code", identifier: email, code }));
    accepted(await visitor.whoami());
  });

  it("a sign-up whose wrong guess is late goes on with the code that was sent meanwhile", async () => {
    const traits = { email: newEmail() };
    const visitor = protocol.enter(server);
    const { id } = accepted(await visitor.registration.create());
    refused(await visitor.registration.update(id, { method: "code", traits }));
    const { code: old } = await lastMessageTo(server, traits.email);
    const late = await interrupted(
      writesFlow,
      () => visitor.registration.update(id, { method: "code", traits, code: wrongCode(old) }),
      async () => refused(await visitor.registration.update(id, { method: "code", traits, resend: "code" })),
    );
    expect(refused(late).reason).toBe("FORM_REJECTED");
    const { code } = await lastMessageTo(server, traits.email);
    accepted(await visitor.registration.update(id, { method: "code", traits, code }));
    accepted(await visitor.whoami());
  });

  it.each(["verification", "recovery", "login"] as const)(
    "a right code is one guess in a %s, though others write account or flow three times meanwhile",
    async (kind) => {
      const email = newEmail();
      const { session } = accepted(await signUpWithCode(server, nativeRest.enter(server), { email }));
      const person = session?.identityId ?? "";
      server.clock.advance(seconds(1));
      const visitor = protocol.enter(server);
      const { id } = accepted(await visitor[kind].create());
      const asked = kind === "login" ? { identifier: email } : { email };
      const again = kind === "login" ? { identifier: email } : {};
      await visitor[kind].update(id, { method: "code", ...asked });
      const { code } = await lastMessageTo(server, email);
      // One of the two that the flow allows.
      await visitor[kind].update(id, { method: "code", ...again, code: wrongCode(code) });
      const ended = await interrupted(
        // The first statement of the transaction: nothing is locked yet.
        kind === "login" ? /SET turn = turn/ : /^UPDATE identities SET/,
        () => visitor[kind].update(id, { method: "code", ...again, code }),
        () =>
          kind === "login"
            ? server.sql("UPDATE flows SET updated_at = updated_at + INTERVAL 1 SECOND WHERE id = ?", [idBytes(id)])
            : server.sql("UPDATE identities SET version = version + 1 WHERE id = ?", [idBytes(person)]),
        3,
      );
      accepted(ended);
      if (kind === "verification") expect(accepted(await visitor.verification.get(id)).state).toBe("passed_challenge");
      else accepted(await visitor.whoami());
    },
  );
});
