import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hours, seconds } from "../protocols/clock.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { lastMessageTo, messagesTo, wrongCode } from "../protocols/messages.ts";
import { enterAsNewPerson, newEmail, newPhone } from "../protocols/person.ts";
import { accepted, refused, type Submission, type Visitor } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { severalAddressesSchemaUrl } from "../protocols/schema.ts";
import type { SeenFlow } from "../protocols/seen.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* Whoever has several addresses chooses the one that the code goes to. */

const overrides = {
  selfservice: { flows: { recovery: { enabled: true } } },
  identity: { schemas: [{ id: "person", url: severalAddressesSchemaUrl }] },
  feature_flags: { choose_recovery_address: true, use_continue_with_transitions: true },
  limits: { messages: { per_network: 10_000 } },
};
const sms = { courier: { channels: [{ id: "sms", request_config: { url: "http://127.0.0.1:9/" } }] } };

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides });
});
afterAll(() => server?.stop());

const namesOf = (flow: SeenFlow | undefined) =>
  flow?.nodes.filter(({ name }) => name !== "csrf_token").map(({ name, type, value }) => [name, type, value]);
const idsOf = (flow: SeenFlow | undefined) => flow?.texts.map(({ id }) => id);
const masked = (address: string) => `${address.slice(0, 2)}****${address.slice(address.indexOf("@"))}`;

/** Someone with two addresses, and a stranger who is about to be them. */
const withTwo = async (protocol: (typeof protocols)[number]) => {
  const second = newEmail();
  const { person } = await enterAsNewPerson(protocol, server, { second });
  const visitor = protocol.enter(server);
  const begun = accepted(await visitor.recovery.create());
  const submit = async (submission: Submission) => {
    server.clock.advance(seconds(1));
    const answer = await visitor.recovery.update(begun.id, { method: "code", ...submission });
    accepted(answer);
    return accepted(await visitor.recovery.get(begun.id));
  };
  return { person, first: person.email, second, visitor, begun, submit };
};

/** What stands for an address, by the order of the addresses. */
const choiceOf = (flow: SeenFlow, address: string, ...all: readonly string[]) =>
  String(flow.nodes.filter(({ name }) => name === "recovery_select_address")[all.toSorted().indexOf(address)]?.value);

describe.each(protocols)("through $name", (protocol) => {
  it("names one address, chooses another of the masked ones, writes it in full, and is back by its code", async () => {
    const { person, first, second, visitor, begun, submit } = await withTwo(protocol);
    expect(begun.state).toBe("recovery_awaiting_address");
    expect(namesOf(begun)).toEqual([
      ["recovery_address", "text", undefined],
      ["method", "submit", "code"],
    ]);

    const choice = await submit({ recovery_address: first });
    expect(choice.state).toBe("recovery_awaiting_address_choice");
    expect(idsOf(choice)).toEqual([1060006]);
    expect(namesOf(choice)).toEqual([
      ["recovery_select_address", "submit", expect.any(String)],
      ["recovery_select_address", "submit", expect.any(String)],
      ["method", "hidden", "code"],
      ["recovery_address", "hidden", first],
    ]);
    expect(JSON.stringify(choice)).not.toContain(second);
    expect(await messagesTo(server, first)).toEqual([]);

    const select = choiceOf(choice, second, first, second);
    const confirming = await submit({ recovery_address: first, recovery_select_address: select });
    expect(confirming.state).toBe("recovery_confirming_address");
    expect(idsOf(confirming)).toEqual([1060005]);
    expect(namesOf(confirming)).toEqual([
      ["recovery_confirm_address", "email", undefined],
      ["recovery_address", "hidden", first],
      ["method", "submit", "code"],
      ["method", "hidden", "code"],
      ["screen", "submit", "previous"],
    ]);

    const sent = await submit({ recovery_address: first, recovery_confirm_address: second });
    expect(sent.state).toBe("recovery_awaiting_code");
    expect(sent.texts).toMatchObject([{ id: 1060004, text: expect.stringContaining(masked(second)) }]);
    expect(namesOf(sent)).toEqual([
      ["code", "text", undefined],
      ["method", "submit", "code"],
      ["method", "hidden", "code"],
      ["recovery_confirm_address", "submit", second],
      ["recovery_address", "hidden", first],
      ["screen", "submit", "previous"],
    ]);
    expect(await messagesTo(server, first)).toEqual([]);

    const { code } = await lastMessageTo(server, second);
    const wrong = await submit({ code: wrongCode(code), recovery_address: first });
    expect([wrong.state, idsOf(wrong)]).toEqual(["recovery_awaiting_code", [4060006]]);
    accepted(await visitor.recovery.update(begun.id, { method: "code", code, recovery_address: first }));
    expect(accepted(await visitor.whoami())).toMatchObject({ identityId: person.id, methods: ["code_recovery"] });
  });

  it("who chooses the address that they named gets the code at once, and another one by the button", async () => {
    const { first, second, visitor, begun, submit } = await withTwo(protocol);
    const choice = await submit({ recovery_address: first });
    const select = choiceOf(choice, first, first, second);
    const sent = await submit({ recovery_address: first, recovery_select_address: select });
    expect(sent.state).toBe("recovery_awaiting_code");
    const again = await submit({ recovery_address: first, recovery_confirm_address: first });
    expect([again.state, idsOf(again)]).toEqual(["recovery_awaiting_code", [1060004]]);
    expect(await messagesTo(server, first)).toHaveLength(2);
    const { code } = await lastMessageTo(server, first);
    accepted(await visitor.recovery.update(begun.id, { method: "code", code }));
    accepted(await visitor.whoami());
  });

  it("goes back to the choice, from the confirmation and from the code", async () => {
    const { first, second, submit } = await withTwo(protocol);
    const choice = await submit({ recovery_address: first });
    const select = choiceOf(choice, second, first, second);
    await submit({ recovery_address: first, recovery_select_address: select });
    const back = await submit({ recovery_address: first, screen: "previous" });
    expect([back.state, idsOf(back)]).toEqual(["recovery_awaiting_address_choice", [1060006]]);
    expect(choiceOf(back, second, first, second)).toBe(select);
    await submit({ recovery_address: first, recovery_select_address: select });
    await submit({ recovery_address: first, recovery_confirm_address: second });
    const fromCode = await submit({ recovery_address: first, screen: "previous" });
    expect(fromCode.state).toBe("recovery_awaiting_address_choice");
  });

  it("there is no choice for one address, nor for one that nobody has, and both are answered alike", async () => {
    const { person } = await enterAsNewPerson(protocol, server);
    for (const email of [person.email, newEmail()]) {
      const visitor = protocol.enter(server);
      const begun = accepted(await visitor.recovery.create());
      server.clock.advance(seconds(1));
      accepted(await visitor.recovery.update(begun.id, { method: "code", recovery_address: email }));
      const sent = accepted(await visitor.recovery.get(begun.id));
      expect(sent.state).toBe("recovery_awaiting_code");
      expect(sent.texts).toMatchObject([{ id: 1060004, text: expect.stringContaining(masked(email)) }]);
      expect(namesOf(sent)?.map(([name]) => name)).toEqual([
        "code",
        "method",
        "method",
        "recovery_confirm_address",
        "recovery_address",
        "screen",
      ]);
      expect(await messagesTo(server, email)).toHaveLength(email === person.email ? 1 : 0);
      accepted(
        await visitor.recovery.update(begun.id, { method: "code", recovery_address: email, screen: "previous" }),
      );
      expect(accepted(await visitor.recovery.get(begun.id)).state).toBe("recovery_awaiting_address");
    }
  });

  it("what is no address, or no choice, is asked for again", async () => {
    const { first, visitor, begun, submit } = await withTwo(protocol);
    const texts = async (submission: Submission) =>
      refused(await visitor.recovery.update(begun.id, { method: "code", ...submission })).texts;
    expect(await texts({})).toMatchObject([{ node: "recovery_address", id: 4000002 }]);
    expect(await texts({ recovery_address: "x" })).toMatchObject([{ node: "recovery_address", id: 4000040 }]);
    await submit({ recovery_address: first });
    const made_up = { recovery_address: first, recovery_select_address: "AAAA" };
    expect(await texts(made_up)).toMatchObject([{ node: "recovery_select_address", id: 4000002 }]);
    expect(accepted(await visitor.recovery.get(begun.id)).state).toBe("recovery_awaiting_address_choice");
  });
});

describe("what stands for a masked address", () => {
  it("is another in every flow, and is good in none but its own", async () => {
    const { first, second, submit } = await withTwo(nativeRest);
    const choice = await submit({ recovery_address: first });
    const other = nativeRest.enter(server);
    const flow = accepted(await other.recovery.create());
    const seen = accepted(await other.recovery.update(flow.id, { method: "code", recovery_address: first })).flow;
    const select = choiceOf(choice, second, first, second);
    expect(choiceOf(seen as SeenFlow, second, first, second)).not.toBe(select);
    const foreign = { method: "code", recovery_address: first, recovery_select_address: select };
    expect(refused(await other.recovery.update(flow.id, foreign)).texts).toMatchObject([{ id: 4000002 }]);
  });
});

describe("a phone number", () => {
  const begin = async (at: TestServer) => {
    const phone = newPhone();
    const { person } = await enterAsNewPerson(nativeRest, at, { phone });
    const visitor: Visitor = nativeRest.enter(at);
    const { id } = accepted(await visitor.recovery.create());
    const submit = async (submission: Submission) =>
      accepted(await visitor.recovery.update(id, { method: "code", recovery_address: person.email, ...submission }))
        .flow as SeenFlow;
    return { phone, person, visitor, id, submit };
  };

  it("is among the choices where text messages are sent, and its code brings its owner back", async () => {
    const texting = await startServer({ overrides: { ...overrides, ...sms }, beside: server });
    try {
      const { phone, person, visitor, id, submit } = await begin(texting);
      const choice = await submit({});
      const select = choiceOf(choice, phone, phone, person.email);
      const confirming = await submit({ recovery_select_address: select });
      expect(namesOf(confirming)?.[0]).toEqual(["recovery_confirm_address", "tel", undefined]);
      const sent = await submit({ recovery_confirm_address: phone });
      expect(sent.state).toBe("recovery_awaiting_code");
      const { channel, code } = await lastMessageTo(server, phone);
      expect(channel).toBe("sms");
      accepted(await visitor.recovery.update(id, { method: "code", code }));
      expect(accepted(await visitor.whoami()).identityId).toBe(person.id);
    } finally {
      await texting.stop();
    }
  });

  it("is none of them where no text message can be sent", async () => {
    const { submit } = await begin(server);
    expect((await submit({})).state).toBe("recovery_awaiting_code");
  });
});

describe("naming addresses", () => {
  it("is limited per network, also where it shows a choice", async () => {
    const strict = await startServer({
      overrides: { ...overrides, limits: { messages: { per_network: 3 } } },
      beside: server,
    });
    try {
      // What the tests before have asked for counts no more.
      server.clock.advance(hours(25));
      const second = newEmail();
      const { person } = await enterAsNewPerson(nativeRest, strict, { second });
      const reasons: string[] = [];
      for (let n = 0; n < 5; n++) {
        const visitor = nativeRest.enter(strict);
        const { id } = accepted(await visitor.recovery.create());
        const answer = await visitor.recovery.update(id, { method: "code", recovery_address: person.email });
        reasons.push(answer.ok ? "shown" : answer.reason);
      }
      expect(reasons).toEqual(["shown", "shown", "shown", "RATE_LIMITED", "RATE_LIMITED"]);
    } finally {
      await strict.stop();
    }
  });

  it("is limited likewise by the way back, whether anybody has the address or not", async () => {
    const strict = await startServer({
      overrides: { ...overrides, limits: { messages: { per_network: 3 } } },
      beside: server,
    });
    try {
      const { person } = await enterAsNewPerson(nativeRest, strict, { second: newEmail() });
      for (const email of [newEmail(), person.email]) {
        server.clock.advance(hours(25));
        const reasons: string[] = [];
        for (let n = 0; n < 5; n++) {
          const visitor = nativeRest.enter(strict);
          const { id } = accepted(await visitor.recovery.create());
          const back = { method: "code", recovery_address: email, screen: "previous" };
          const answer = await visitor.recovery.update(id, back);
          reasons.push(answer.ok ? "shown" : answer.reason);
        }
        expect(reasons).toEqual(["shown", "shown", "shown", "RATE_LIMITED", "RATE_LIMITED"]);
      }
    } finally {
      await strict.stop();
    }
  });
});
