import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Raw } from "../../src/config/tree.ts";
import { seconds } from "../protocols/clock.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { lastMessageTo, messagesTo, wrongCode } from "../protocols/messages.ts";
import { change, enterAs, enterAsNewPerson, newEmail, type Person } from "../protocols/person.ts";
import { accepted, type Protocol, type Visitor } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { codeSchemaUrl } from "../protocols/schema.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* Whoever writes the address of somebody else into their account has the budget of that address, on every device. */

const PER_ADDRESS = 2;
const limits = {
  messages: { per_address: PER_ADDRESS, per_device: 2, per_network: 100_000, per_identity: 100_000 },
  codes: { per_address: 3, per_device: 4, per_identity: 6 },
};
const configured = (use: "code" | "link", more: Raw = {}): Raw => ({
  identity: { schemas: [{ id: "person", url: codeSchemaUrl }] },
  selfservice: {
    flows: { recovery: { enabled: true, use }, verification: { enabled: true, use }, ...more },
    methods: {
      link: { enabled: true },
      code: { passwordless_enabled: true, config: { missing_credential_fallback_enabled: true } },
    },
  },
  limits,
});

let server: TestServer;
let byLink: TestServer;
let pending: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: configured("code") });
  byLink = await startServer({ overrides: configured("link"), beside: server });
  const after = { profile: { hooks: [{ hook: "verify_new_address" }] } };
  pending = await startServer({ overrides: configured("code", { settings: { after } }), beside: server });
});
afterAll(async () => {
  await pending?.stop();
  await byLink?.stop();
  await server?.stop();
});

/** Sends a secret to an address in a flow of its own; gives the flow. */
const ask = async (
  visitor: Visitor,
  kind: "verification" | "recovery",
  email: string,
  method: "code" | "link" = "code",
): Promise<string> => {
  const { id } = accepted(await visitor[kind].create());
  server.clock.advance(seconds(1));
  accepted(await visitor[kind].update(id, { method, email }));
  return id;
};

const isCompared = async (visitor: Visitor, kind: "verification" | "recovery", id: string, code: string) => {
  const tried = await visitor[kind].update(id, { method: "code", code });
  return tried.ok;
};

/** Somebody who has proven their address, signed in again. */
const enterProven = async (protocol: Protocol) => {
  const { person } = await enterAsNewPerson(nativeRest, server);
  const stranger = nativeRest.enter(server);
  const { url, code } = await lastMessageTo(server, person.email);
  const id = new URL(url).searchParams.get("flow") ?? "";
  accepted(await stranger.verification.update(id, { method: "code", code }));
  return { person, visitor: await enterAs(protocol, server, person) };
};

describe.each(protocols)("an address that an account only claims, through $name", (protocol) => {
  it.each(["code", "link"] as const)("gets no more messages by more sign-ins, with a %s", async (method) => {
    const on = method === "code" ? server : byLink;
    const { person } = await enterAsNewPerson(nativeRest, on);
    for (let n = 0; n < 3; n++) {
      const visitor = await enterAs(protocol, on, person);
      await ask(visitor, "verification", person.email, method);
    }
    expect(await messagesTo(on, person.email)).toHaveLength(PER_ADDRESS);
  });

  it("has no more guesses by more sign-ins", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const compared: boolean[] = [];
    for (let n = 0; n < 3; n++) {
      const visitor = await enterAs(protocol, server, person);
      const id = await ask(visitor, "verification", person.email);
      for (let guess = 0; guess < 2; guess++) compared.push(await isCompared(visitor, "verification", id, "123456"));
    }
    expect(compared).toEqual([true, true, true, false, false, false]);
  });
});

describe.each(protocols)("an address that an account has proven, through $name", (protocol) => {
  it("leaves a device of its owner budgets of its own, and all of their devices one for the person", async () => {
    const { person, visitor: owner } = await enterProven(protocol);
    const stranger = nativeRest.enter(server);
    for (let n = 0; n < 2; n++) await ask(stranger, "recovery", person.email);
    const before = (await messagesTo(server, person.email)).length;
    expect(before).toBe(PER_ADDRESS);
    const devices = [owner, await enterAs(protocol, server, person)];
    for (const visitor of devices) {
      const id = await ask(visitor, "verification", person.email);
      const { code } = await lastMessageTo(server, person.email);
      for (let guess = 0; guess < 3; guess++)
        expect(await isCompared(visitor, "verification", id, wrongCode(code))).toBe(true);
    }
    expect(await messagesTo(server, person.email)).toHaveLength(before + 2);
    const last = await enterAs(protocol, server, person);
    const id = await ask(last, "verification", person.email);
    const { code } = await lastMessageTo(server, person.email);
    // Answered like a wrong one, though it is right.
    const tried = accepted(await last.verification.update(id, { method: "code", code })).flow;
    expect(tried?.state).toBe("sent_email");
  });
});

/** Recovers the account in a browser that is known from before. */
const recover = async (visitor: Visitor, email: string, method: "code" | "link") => {
  accepted(await visitor.signOut());
  await ask(visitor, "recovery", email, method);
};

/** Everything that sends a secret to an address that is not proven, on a device of the person that claims it. */
const waysToAsk: readonly {
  readonly name: string;
  readonly on: () => TestServer;
  readonly ask: (visitor: Visitor, person: Person) => Promise<unknown>;
}[] = [
  { name: "verification", on: () => server, ask: (visitor, { email }) => ask(visitor, "verification", email) },
  { name: "recovery", on: () => server, ask: (visitor, { email }) => recover(visitor, email, "code") },
  {
    name: "verification by a link",
    on: () => byLink,
    ask: (visitor, { email }) => ask(visitor, "verification", email, "link"),
  },
  {
    name: "recovery by a link",
    on: () => byLink,
    ask: (visitor, { email }) => recover(visitor, email, "link"),
  },
  {
    name: "a sign-in with a code",
    on: () => server,
    ask: async (visitor, { email }) => {
      const { id } = accepted(await visitor.login.create({ refresh: "true" }));
      server.clock.advance(seconds(1));
      await visitor.login.update(id, { method: "code", identifier: email });
    },
  },
  {
    name: "a change to another address and back",
    on: () => server,
    ask: async (visitor, { email }) => {
      accepted(await change(visitor, { method: "profile", traits: { email: newEmail() } }));
      accepted(await change(visitor, { method: "profile", traits: { email } }));
    },
  },
];

describe("a device has no budget for an address that is not proven", () => {
  it.each(waysToAsk)("in $name", async ({ on, ask: askFor }) => {
    const { person } = await enterAsNewPerson(nativeRest, on());
    // The budget of the address is used up by strangers, that of the device is not.
    await ask(nativeRest.enter(on()), "verification", person.email, on() === byLink ? "link" : "code");
    const before = await messagesTo(on(), person.email);
    expect(before).toHaveLength(PER_ADDRESS);
    await askFor(await enterAs(spa, on(), person), person);
    expect(await messagesTo(on(), person.email)).toHaveLength(PER_ADDRESS);
  });

  it("in a change that waits until the address is proven, and in another message to it", async () => {
    const to = newEmail();
    for (let n = 0; n < PER_ADDRESS; n++) {
      const { visitor } = await enterAsNewPerson(nativeRest, pending);
      accepted(await change(visitor, { method: "profile", traits: { email: to } }));
    }
    const { visitor } = await enterAsNewPerson(nativeRest, pending);
    accepted(await change(visitor, { method: "profile", traits: { email: to } }));
    const [waiting] = accepted(await visitor.pendingAddresses());
    server.clock.advance(seconds(120));
    accepted(await visitor.resendPending(waiting?.id ?? ""));
    expect(await messagesTo(pending, to)).toHaveLength(PER_ADDRESS);
  });
});
