import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { acceptHtml } from "../protocols/browser-form.ts";
import { hours, minutes } from "../protocols/clock.ts";
import { enrolTotp, withFactors } from "../protocols/factors.ts";
import { send } from "../protocols/http.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import {
  change,
  enterAs,
  enterAsNewPerson,
  newEmail,
  newPassword,
  newPhone,
  type Person,
  signIn,
} from "../protocols/person.ts";
import { accepted, type Protocol, refused, type Visitor } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { eventsOf, idBytes } from "../protocols/rows.ts";
import { codeSchemaUrl } from "../protocols/schema.ts";
import { lastCodeTo, messagesTo, wrongCode } from "../protocols/sent-messages.ts";
import { startServer, type TestServer, ui } from "../protocols/server.ts";

/* The hook `verify_new_address`: an address is the account's once it is proven, and not before. */

const verifying = { hook: "verify_new_address" };
const schema = {
  type: "object",
  properties: {
    traits: {
      type: "object",
      properties: {
        email: { type: "string", format: "email", "ory.sh/kratos": uses() },
        others: {
          type: "array",
          items: { type: "string", format: "email", "ory.sh/kratos": { verification: { via: "email" } } },
        },
        name: { type: "string" },
      },
      required: ["email"],
      additionalProperties: false,
    },
  },
};
function uses() {
  const email = { via: "email" };
  return { credentials: { password: { identifier: true } }, verification: email, recovery: email };
}
const configured = {
  identity: {
    schemas: [{ id: "person", url: `base64://${Buffer.from(JSON.stringify(schema)).toString("base64")}` }],
  },
  selfservice: {
    flows: {
      settings: { after: { profile: { hooks: [verifying] } } },
      verification: { enabled: true },
      recovery: { enabled: true },
    },
  },
  limits: { messages: { per_network: 100_000, per_address: 1_000, per_identity: 1_000 } },
};

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: configured });
});
afterAll(() => server?.stop());

const accountOf = async (visitor: Visitor) => accepted(await visitor.whoami());
const rowOf = async (id: string) => {
  const [row] = await server.sql<{ traits: unknown; addresses: unknown }>(
    "SELECT traits, addresses FROM identities WHERE id = ?",
    [idBytes(id)],
  );
  const json = (value: unknown) => (typeof value === "string" ? JSON.parse(value) : value) as never;
  return { traits: json(row?.traits) as Record<string, unknown>, addresses: json(row?.addresses) as Addresses };
};
interface Addresses {
  readonly verifiable: readonly { readonly value: string; readonly verified: boolean; readonly status: string }[];
  readonly recovery: readonly { readonly value: string }[];
}

/** Someone who asks for another address. */
const asking = async (protocol: Protocol, traits: Record<string, unknown> = {}) => {
  const { person, visitor } = await enterAsNewPerson(protocol, server);
  const email = newEmail();
  const flow = accepted(await visitor.settings.create());
  const answer = await visitor.settings.update(flow.id, { method: "profile", traits: { email, ...traits } as never });
  return { person, visitor, email, done: accepted(answer), location: answer.location };
};

/** The verification flow in which the newest message went to an address. */
const flowFor = async (address: string): Promise<string> => {
  const rows = await server.sql<{ id: Buffer; form: unknown }>(
    "SELECT id, form FROM flows WHERE kind = 'verification' ORDER BY id DESC",
  );
  const found = rows.filter(({ form }) => JSON.stringify(form).includes(address));
  const [one] = found;
  if (one === undefined) throw new Error(`no flow for ${address}`);
  const hex = one.id.toString("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
};

/** Proves an address on a device that has nothing but the message. */
const prove = async (address: string, code?: string) =>
  nativeRest
    .enter(server)
    .verification.update(await flowFor(address), { method: "code", code: code ?? (await lastCodeTo(server, address)) });

const signsInWith = async (person: Person, email: string): Promise<boolean> =>
  (await signIn(nativeRest.enter(server), { ...person, email })).ok;

describe.each(protocols)("through $name", (protocol) => {
  it("a new address waits: the account is as it was, and the code that went there makes it the account's", async () => {
    const { person, visitor, email, done, location } = await asking(protocol);
    if (protocol.isForm) expect(location?.startsWith(ui.verification)).toBe(true);
    else {
      expect(done.flow).toMatchObject({ state: "show_form", texts: [] });
      expect(done.next).toMatchObject([{ action: "show_verification_ui", flow: { verifiableAddress: email } }]);
      const { url } = done.next?.[0]?.flow ?? {};
      expect(url?.startsWith(ui.verification) ?? false).toBe(protocol.family === "browser");
    }
    expect((await rowOf(person.id)).traits).toEqual({ email: person.email });
    expect(await messagesTo(server, email)).toMatchObject([{ template: "verification_code_valid" }]);
    expect(await signsInWith(person, email)).toBe(false);
    expect(accepted(await visitor.pendingAddresses())).toMatchObject([{ via: "email", value: email }]);

    const wrong = accepted(await prove(email, wrongCode(await lastCodeTo(server, email)))).flow;
    expect(wrong?.texts.map(({ id }) => id)).toEqual([4070006]);
    const verification = await flowFor(email);
    const passed = accepted(await prove(email)).flow;
    expect(passed).toMatchObject({ state: "passed_challenge", texts: [{ id: 1080002 }] });
    const { traits, addresses } = await rowOf(person.id);
    expect(traits).toEqual({ email });
    expect(addresses.verifiable).toMatchObject([{ value: email, verified: true, status: "completed" }]);
    expect(addresses.recovery).toMatchObject([{ value: email }]);
    expect(await signsInWith(person, email)).toBe(true);
    expect(await signsInWith(person, person.email)).toBe(false);
    expect(accepted(await visitor.pendingAddresses())).toEqual([]);
    const again = await nativeRest.enter(server).verification.update(verification, { method: "code", code: "123456" });
    expect(refused(again).reason).toBe("FLOW_REPLACED");
  });

  it("everything else of the same submit is saved at once", async () => {
    const { person, email, done } = await asking(protocol, { name: "Ada" });
    if (!protocol.isForm) {
      expect(done.flow).toMatchObject({ state: "success", texts: [{ id: 1050001 }] });
      expect(done.next?.[0]).toMatchObject({ action: "show_verification_ui" });
    }
    expect((await rowOf(person.id)).traits).toEqual({ email: person.email, name: "Ada" });
    accepted(await prove(email));
    expect((await rowOf(person.id)).traits).toEqual({ email, name: "Ada" });
  });

  it("several wait at once, each by itself: they are listed, given up, and sent again", async () => {
    const others = [newEmail(), newEmail()];
    const { person, visitor, email } = await asking(protocol, { others });
    const waiting = accepted(await visitor.pendingAddresses());
    expect(waiting.map(({ value }) => value).toSorted()).toEqual([email, ...others].toSorted());
    const idOf = (value = "") => waiting.find((each) => each.value === value)?.id ?? "";
    accepted(await visitor.cancelPending(idOf(others[0])));
    expect(accepted(await prove(others[0] ?? "")).flow?.texts.map(({ id }) => id)).toEqual([4070006]);
    expect(await messagesTo(server, others[1] ?? "")).toHaveLength(1);
    const flow = accepted(await visitor.resendPending(idOf(others[1])));
    expect(await messagesTo(server, others[1] ?? "")).toHaveLength(2);
    const code = await lastCodeTo(server, others[1] ?? "");
    accepted(await nativeRest.enter(server).verification.update(flow, { method: "code", code }));
    expect((await rowOf(person.id)).traits).toEqual({ email: person.email, others: [others[1]] });
    expect(accepted(await visitor.pendingAddresses())).toMatchObject([{ value: email }]);
  });

  it("whoever is not the owner neither sees nor ends nor sends again what waits", async () => {
    const { visitor, email } = await asking(protocol);
    const { visitor: stranger } = await enterAsNewPerson(protocol, server);
    const [{ id } = { id: "" }] = accepted(await visitor.pendingAddresses());
    expect(accepted(await stranger.pendingAddresses())).toEqual([]);
    accepted(await stranger.cancelPending(id));
    expect(refused(await stranger.resendPending(id)).reason).toBe("NOT_FOUND");
    expect(accepted(await visitor.pendingAddresses())).toMatchObject([{ value: email }]);
    const nobody = protocol.enter(server);
    for (const answer of [
      await nobody.pendingAddresses(),
      await nobody.cancelPending(id),
      await nobody.resendPending(id),
    ])
      expect(refused(answer).reason).toBe("SESSION_INACTIVE");
  });
});

/** What a change that waits does not outlive. */
const ends: readonly (readonly [string, (waiting: { visitor: Visitor; person: Person }) => Promise<unknown>])[] = [
  [
    "a new password",
    async ({ visitor }) => accepted(await change(visitor, { method: "password", password: newPassword() })),
  ],
  ["the end of the session that asked", async ({ visitor }) => accepted(await visitor.signOut())],
  [
    "the revocation of that session from another one",
    async ({ visitor, person }) => {
      const other = await enterAs(nativeRest, server, person);
      accepted(await other.revoke((await accountOf(visitor)).id));
    },
  ],
  [
    "a recovery",
    async ({ person }) => {
      const stranger = nativeRest.enter(server);
      const flow = accepted(await stranger.recovery.create());
      accepted(await stranger.recovery.update(flow.id, { method: "code", email: person.email }));
      const { code = "" } =
        (await messagesTo(server, person.email)).find(({ template }) => template === "recovery_code_valid") ?? {};
      accepted(await stranger.recovery.update(flow.id, { method: "code", code }));
    },
  ],
  [
    "being disabled, however short",
    async ({ person }) => {
      for (const value of ["inactive", "active"])
        await fetch(`${server.adminUrl}/admin/identities/${person.id}`, {
          method: "PATCH",
          headers: { "content-type": "application/json" },
          body: JSON.stringify([{ op: "replace", path: "/state", value }]),
        }).then(({ status }) => expect(status).toBe(200));
    },
  ],
  ["the time that it may wait", async () => server.clock.advance(hours(24))],
];

it.each(ends)("a new address dies with %s", async (_, end) => {
  const { person, visitor, email } = await asking(nativeRest);
  const code = await lastCodeTo(server, email);
  await end({ person, visitor });
  const brought = await prove(email, code);
  if (brought.ok) expect(brought.value.flow?.texts.map(({ id }) => id)).toEqual([4070006]);
  else expect(refused(brought).reason).toBe("FLOW_EXPIRED");
  expect((await rowOf(person.id)).traits).toEqual({ email: person.email });
});

it("until it is verified, sign-in and recovery use the previous address, and the new one from then on", async () => {
  const { person, email } = await asking(nativeRest);
  const proof = await lastCodeTo(server, email);
  const recovers = async (address: string): Promise<boolean> => {
    const visitor = nativeRest.enter(server);
    const { id } = accepted(await visitor.recovery.create());
    const before = (await messagesTo(server, address)).length;
    accepted(await visitor.recovery.update(id, { method: "code", email: address }));
    return (await messagesTo(server, address)).slice(before).some(({ template }) => template === "recovery_code_valid");
  };
  const ways = async (address: string) => [await signsInWith(person, address), await recovers(address)];
  expect([await ways(person.email), await ways(email)]).toEqual([
    [true, true],
    [false, false],
  ]);
  accepted(await prove(email, proof));
  expect([await ways(person.email), await ways(email)]).toEqual([
    [false, false],
    [true, true],
  ]);
});

it("other changes of the account do not void it; one of the same place does", async () => {
  const { person, visitor, email } = await asking(nativeRest);
  accepted(await change(visitor, { method: "profile", traits: { email: person.email, name: "Ada" } }));
  const second = newEmail();
  accepted(await change(visitor, { method: "profile", traits: { email: second, name: "Ada" } }));
  expect(accepted(await visitor.pendingAddresses())).toMatchObject([{ value: second }]);
  expect(accepted(await prove(email)).flow?.texts.map(({ id }) => id)).toEqual([4070006]);
  accepted(await prove(second));
  expect((await rowOf(person.id)).traits).toEqual({ email: second, name: "Ada" });
});

it("of two people who claim an address the first to verify it gets it, and neither learns of the other", async () => {
  const [one, other] = [await asking(nativeRest), await enterAsNewPerson(nativeRest, server)];
  expect(await messagesTo(server, one.email)).toHaveLength(1);
  const answer = accepted(await change(other.visitor, { method: "profile", traits: { email: one.email } }));
  const own = { id: "", action: "", nodes: [], traits: {} };
  expect({ ...answer.flow, ...own }).toEqual({ ...one.done.flow, ...own });
  const sent = await messagesTo(server, one.email);
  expect(sent.map(({ template }) => template)).toEqual(["verification_code_valid", "verification_code_valid"]);
  const flows = await server.sql<{ id: Buffer }>("SELECT id FROM flows WHERE kind = 'verification'");
  expect(flows.length).toBeGreaterThan(1);
  const [late] = answer.next ?? [];
  accepted(
    await nativeRest
      .enter(server)
      .verification.update(one.done.next?.[0]?.flow?.id ?? "", { method: "code", code: sent[0]?.code ?? "" }),
  );
  const lost = refused(
    await nativeRest
      .enter(server)
      .verification.update(late?.flow?.id ?? "", { method: "code", code: sent[1]?.code ?? "" }),
  );
  expect(lost.texts).toMatchObject([{ id: 4000007 }]);
  expect((await rowOf(other.person.id)).traits).toEqual({ email: other.person.email });
  expect((await rowOf(one.person.id)).traits).toEqual({ email: one.email });
});

it("an address that somebody has is refused at once, and nothing is sent or saved", async () => {
  const { person: owner } = await enterAsNewPerson(nativeRest, server);
  const before = await messagesTo(server, owner.email);
  const { person, visitor } = await enterAsNewPerson(nativeRest, server);
  const error = refused(await change(visitor, { method: "profile", traits: { email: owner.email, name: "Ada" } }));
  expect(error.texts).toMatchObject([{ node: "", id: 4000007 }]);
  expect(await messagesTo(server, owner.email)).toHaveLength(before.length);
  expect((await rowOf(person.id)).traits).toEqual({ email: person.email });
});

it("a change that needs a recent session is parked first, and the address waits once it is resumed", async () => {
  const { person, visitor } = await enterAsNewPerson(nativeRest, server);
  server.clock.advance(minutes(16));
  const email = newEmail();
  const flow = accepted(await visitor.settings.create());
  const submission = { method: "profile", traits: { email } };
  expect(refused(await visitor.settings.update(flow.id, submission)).reason).toBe("SESSION_REFRESH_REQUIRED");
  expect(await messagesTo(server, email)).toEqual([]);
  accepted(await signIn(visitor, person, { refresh: "true" }));
  const done = accepted(await visitor.resume(flow.id));
  expect(done.next).toMatchObject([{ flow: { verifiableAddress: email } }]);
  accepted(await prove(email));
  expect((await rowOf(person.id)).traits).toEqual({ email });
});

it("the form of the verification sends the message once more", async () => {
  const { person, email } = await asking(nativeRest);
  const flow = await flowFor(email);
  const visitor = nativeRest.enter(server);
  const [first] = await messagesTo(server, email);
  server.clock.advance(1_000);
  accepted(await visitor.verification.update(flow, { method: "code", email }));
  const second = await lastCodeTo(server, email);
  expect(
    accepted(await visitor.verification.update(flow, { method: "code", code: first?.code ?? "" })).flow?.state,
  ).toBe("sent_email");
  accepted(await visitor.verification.update(flow, { method: "code", code: second }));
  expect((await rowOf(person.id)).traits).toEqual({ email });
});

it("what waits can be read by nobody who reads the database", async () => {
  const { person, email } = await asking(nativeRest);
  const rows = await server.sql("SELECT * FROM pending_addresses WHERE identity_id = ?", [idBytes(person.id)]);
  expect(rows).toHaveLength(1);
  for (const text of ["utf8", "latin1"] as const)
    expect(
      Object.values(rows[0] ?? {})
        .map((value) => (Buffer.isBuffer(value) ? value.toString(text) : String(value)))
        .join(),
    ).not.toContain(email);
});

it("the page of the settings lists what waits, sends it again, and gives it up", async () => {
  const { visitor, email } = await asking(spa);
  const browse = (path: string, body?: string) =>
    send(`${server.url}/hosted/${path}`, {
      ...(body !== undefined && { method: "POST", body }),
      headers: {
        accept: acceptHtml,
        cookie: visitor.credentials.jar?.header,
        ...(body !== undefined && {
          "content-type": "application/x-www-form-urlencoded",
          "sec-fetch-site": "same-origin",
          origin: server.url,
        }),
      },
    });
  const { id: flow } = accepted(await visitor.settings.create());
  const page = await browse(`settings?flow=${flow}`);
  expect(page.text).toContain(email);
  const [{ id } = { id: "" }] = accepted(await visitor.pendingAddresses());
  const sent = await browse("pending-address", `id=${id}&action=resend&back=settings`);
  expect([sent.status, sent.headers.location]).toEqual([303, expect.stringMatching(/^verification\?flow=/)]);
  expect(await messagesTo(server, email)).toHaveLength(2);
  const ended = await browse("pending-address", `id=${id}&action=cancel&back=settings`);
  expect([ended.status, ended.headers.location]).toEqual([303, "settings?given_up=one#pending-addresses"]);
  expect(accepted(await visitor.pendingAddresses())).toEqual([]);
});

describe("where accounts are hidden", () => {
  it("an address of another person is answered like any other; no mail is sent, it cannot be verified", async () => {
    const { person: owner } = await enterAsNewPerson(nativeRest, server);
    const before = await messagesTo(server, owner.email);
    const { person, visitor } = await enterAsNewPerson(nativeRest, server);
    await server.restart({ ...configured, security: { account_enumeration: { mitigate: true } } });
    const done = accepted(await change(visitor, { method: "profile", traits: { email: owner.email } }));
    expect(done.next).toMatchObject([{ action: "show_verification_ui", flow: { verifiableAddress: owner.email } }]);
    const [{ id } = { id: "" }] = accepted(await visitor.pendingAddresses());
    accepted(await visitor.resendPending(id));
    expect(await messagesTo(server, owner.email)).toHaveLength(before.length);
    const flow = done.next?.[0]?.flow?.id ?? "";
    const tried = accepted(
      await nativeRest.enter(server).verification.update(flow, { method: "code", code: "123456" }),
    );
    expect(tried.flow?.texts.map((text) => text.id)).toEqual([4070006]);
    expect((await rowOf(person.id)).traits).toEqual({ email: person.email });
  });

  it("another message to it in the flow is none, though who is unknown is written to", async () => {
    await server.restart(configured);
    const { person: owner } = await enterAsNewPerson(nativeRest, server);
    const before = await messagesTo(server, owner.email);
    const people = [await enterAsNewPerson(nativeRest, server), await enterAsNewPerson(nativeRest, server)];
    await server.restart({
      ...configured,
      security: { account_enumeration: { mitigate: true } },
      selfservice: {
        flows: {
          ...configured.selfservice.flows,
          verification: { enabled: true, notify_unknown_recipients: true },
        },
      },
    });
    const events: (readonly string[])[] = [];
    for (const [n, { person, visitor }] of people.entries()) {
      const email = n === 0 ? owner.email : newEmail();
      const done = accepted(await change(visitor, { method: "profile", traits: { email } }));
      const flow = done.next?.[0]?.flow?.id ?? "";
      server.clock.advance(minutes(1));
      const sent = accepted(await nativeRest.enter(server).verification.update(flow, { method: "code", email }));
      expect(sent.flow?.texts.map(({ id }) => id)).toEqual([1080003]);
      const [row] = await server.sql<{ subject_id: Buffer }>("SELECT subject_id FROM flows WHERE id = ?", [
        idBytes(flow),
      ]);
      expect(row?.subject_id.equals(idBytes(person.id))).toBe(true);
      events.push(await eventsOf(server, person.id));
    }
    expect(await messagesTo(server, owner.email)).toHaveLength(before.length);
    // Nor does whoever asks find out from what is recorded of them.
    expect(events[0]).toEqual(events[1]);
  });
});

describe("where phones are written to, and addresses are proven by a link", () => {
  it("each new number counts for the person, whatever the numbers", async () => {
    await server.restart({
      ...configured,
      identity: { schemas: [{ id: "person", url: codeSchemaUrl }] },
      selfservice: {
        methods: { link: { enabled: true } },
        flows: { ...configured.selfservice.flows, verification: { enabled: true, use: "link" } },
      },
      courier: { channels: [{ id: "sms", request_config: { url: "http://127.0.0.1:9/", method: "POST" } }] },
      limits: { messages: { ...configured.limits.messages, per_identity: 3 } },
    });
    const { person, visitor } = await enterAsNewPerson(nativeRest, server);
    const changeTo = (phone: string) => change(visitor, { method: "profile", traits: { email: person.email, phone } });
    const phones = Array.from({ length: 4 }, newPhone);
    for (const phone of phones.slice(0, 3)) accepted(await changeTo(phone));
    expect(refused(await changeTo(phones[3] ?? "")).reason).toBe("RATE_LIMITED");
    expect((await Promise.all(phones.map((phone) => messagesTo(server, phone)))).flat()).toHaveLength(3);
  });
});

describe("where messages are limited, and a second factor is wanted", () => {
  beforeAll(() =>
    server.restart({
      ...configured,
      limits: { messages: { ...configured.limits.messages, per_identity: 2 } },
      session: { whoami: { required_aal: "highest_available" } },
      selfservice: { ...configured.selfservice, ...withFactors.selfservice, flows: configured.selfservice.flows },
    }),
  );

  it("too many messages are refused", async () => {
    const { visitor } = await asking(nativeRest);
    const [{ id } = { id: "" }] = accepted(await visitor.pendingAddresses());
    await visitor.resendPending(id);
    expect(refused(await visitor.resendPending(id)).reason).toBe("RATE_LIMITED");
  });

  it("whoever has given one factor of two neither sees nor ends what waits", async () => {
    const { person, visitor } = await enterAsNewPerson(nativeRest, server);
    await enrolTotp(visitor, server);
    const half = await enterAs(nativeRest, server, person);
    for (const answer of [
      await half.pendingAddresses(),
      await half.cancelPending(person.id),
      await half.resendPending(person.id),
    ])
      expect(refused(answer).reason).toBe("AAL2_REQUIRED");
  });
});

it("it does not start where verification is off", async () => {
  const flows = { ...configured.selfservice.flows, verification: { enabled: false } };
  await expect(server.restart({ ...configured, selfservice: { flows } })).rejects.toThrow(
    /verify_new_address needs selfservice\.flows\.verification\.enabled/,
  );
});
