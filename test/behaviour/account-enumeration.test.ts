import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { merge } from "../../src/config/tree.ts";
import { passwordless } from "../protocols/codes.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { newEmail, newPassword, signIn } from "../protocols/person.ts";
import { accepted, type Protocol, type Refusal, refused, type Visitor } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { lastCodeTo, messagesTo, wrongCode } from "../protocols/sent-messages.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

const hidden = { security: { account_enumeration: { mitigate: true } } };
let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: merge(passwordless, hidden) });
});
afterAll(() => server?.stop());

const begin = async (visitor: Visitor, email: string, traits: Record<string, string> = {}) => {
  const password = newPassword();
  const { id } = accepted(await visitor.registration.create());
  const fields = { method: "password", password, traits: { email, ...traits } };
  const answer = await visitor.registration.update(id, fields);
  const confirm = (more: Record<string, string>) =>
    visitor.registration.update(id, { method: "code", traits: { email, ...traits }, ...more });
  return { id, password, answer, confirm };
};

/** Someone with a password, who has proven their address. */
const newPerson = async (protocol: Protocol = spa): Promise<{ email: string; password: string }> => {
  const email = newEmail();
  const { password, confirm } = await begin(protocol.enter(server), email);
  accepted(await confirm({ code: await lastCodeTo(server, email) }));
  return { email, password };
};

/** An answer without what is another in each flow. */
const withoutIds = ({ form: _, location: __, ...answer }: Refusal) => answer;

/** How many messages and flows there are. */
const written = async (): Promise<readonly number[]> => {
  const tables = ["courier_messages", "flows"];
  const counts = await Promise.all(
    tables.map((table) => server.sql<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table}`)),
  );
  return counts.map(([row]) => Number(row?.n));
};

describe.each(protocols)("through $name", (protocol) => {
  it("whoever signs up with a password proves the address first, and is signed in then", async () => {
    const visitor = protocol.enter(server);
    const email = newEmail();
    const { id, password, answer, confirm } = await begin(visitor, email);
    expect(refused(answer)).toMatchObject({ reason: "FORM_REJECTED", texts: [{ node: "", id: 1040005 }] });
    expect(accepted(await visitor.registration.get(id))).toMatchObject({ state: "sent_email", active: "code" });
    refused(await signIn(protocol.enter(server), { email, password }));
    const done = accepted(await confirm({ code: await lastCodeTo(server, email) }));
    if (!protocol.isForm) expect(done.session).toMatchObject({ methods: ["password"] });
    accepted(await visitor.whoami());
    accepted(await signIn(protocol.enter(server), { email, password }));
  });

  it("an address that somebody has is answered like one that nobody has, and its owner is told by mail", async () => {
    const { email } = await newPerson();
    const unknown = newEmail();
    const [taken, free] = [await begin(protocol.enter(server), email), await begin(protocol.enter(server), unknown)];
    expect(withoutIds(refused(taken.answer))).toEqual(withoutIds(refused(free.answer)));
    expect((await messagesTo(server, email)).at(-1)).toMatchObject({ template: "registration_code_invalid", code: "" });
    const code = wrongCode(await lastCodeTo(server, unknown));
    expect(withoutIds(refused(await taken.confirm({ code })))).toEqual(
      withoutIds(refused(await free.confirm({ code }))),
    );
  });

  it("an identifier that is longer than any may be is refused by name, and nothing is written", async () => {
    const visitor = protocol.enter(server);
    const { id } = accepted(await visitor.login.create());
    const before = await written();
    // Typed at this length, or longer once it is folded (18 characters each).
    for (const [identifier, length] of [
      ["x".repeat(513), 513],
      ["\u{fdfa}".repeat(29), 522],
    ] as const) {
      const { reason, texts } = refused(await visitor.login.update(id, { method: "code", identifier }));
      expect({ reason, texts }).toMatchObject({
        reason: "FORM_REJECTED",
        texts: [{ node: "identifier", id: 4000017 }],
      });
      expect(texts[0]?.text).toContain(`${length}`);
    }
    const folded = `${"\u200b".repeat(4_000)}${newEmail()}`;
    const { texts } = refused(await visitor.login.update(id, { method: "code", identifier: folded }));
    expect(texts).toMatchObject([{ node: "identifier", id: 4000017 }]);
    expect(await written()).toEqual(before);
  });

  it("a code for nobody is asked for like one for somebody, and the mail says that there is no account", async () => {
    const { email } = await newPerson();
    const unknown = newEmail();
    const ask = async (identifier: string) => {
      const visitor = protocol.enter(server);
      const { id } = accepted(await visitor.login.create());
      const answer = refused(await visitor.login.update(id, { method: "code", identifier }));
      const wrong = refused(await visitor.login.update(id, { method: "code", identifier, code: "000000" }));
      return [withoutIds(answer), withoutIds(wrong)];
    };
    expect(await ask(unknown)).toEqual(await ask(email));
    expect(await messagesTo(server, unknown)).toMatchObject([{ template: "login_code_invalid", code: "" }]);
  });
});

it("as much is written for an address that somebody has as for one that nobody has", async () => {
  const { email } = await newPerson();
  const cost = async (address: string): Promise<readonly number[]> => {
    const before = await written();
    await begin(nativeRest.enter(server), address);
    return (await written()).map((count, index) => count - (before[index] ?? 0));
  };
  expect(await cost(email)).toEqual(await cost(newEmail()));
});

it("another code for a sign-up that waits keeps its password", async () => {
  const visitor = spa.enter(server);
  const email = newEmail();
  const { password, confirm } = await begin(visitor, email);
  const first = await lastCodeTo(server, email);
  expect(refused(await confirm({ resend: "code" })).texts).toMatchObject([{ id: 1040005 }]);
  const second = await lastCodeTo(server, email);
  if (first !== second) refused(await confirm({ code: first }));
  accepted(await confirm({ code: second }));
  accepted(await signIn(spa.enter(server), { email, password }));
});

it("a user name that somebody has is told: it is no address that could be written to", async () => {
  const nickname = newEmail().slice(1, 12);
  const email = newEmail();
  const { confirm } = await begin(spa.enter(server), email, { nickname });
  accepted(await confirm({ code: await lastCodeTo(server, email) }));
  // Whatever is known of the address beside it.
  for (const address of [newEmail(), email, (await newPerson()).email]) {
    const { answer } = await begin(spa.enter(server), address, { nickname });
    expect(refused(answer).texts).toMatchObject([{ node: "", id: 4000007 }]);
  }
});

it("a password that waits for a code is in no row in the clear, nor is its hash", async () => {
  const { password } = await begin(spa.enter(server), newEmail());
  const rows = JSON.stringify(await server.sql("SELECT form, context FROM flows"));
  expect([rows.includes(password), rows.includes("argon2")]).toEqual([false, false]);
});

it("where the identifier comes first everybody is shown the same", async () => {
  const style = { selfservice: { flows: { login: { style: "identifier_first" } } } };
  const { email } = await newPerson();
  const other = await startServer({ beside: server, overrides: merge(merge(passwordless, hidden), style) });
  try {
    const shown = async (identifier: string) => {
      const visitor = spa.enter(other);
      const { id } = accepted(await visitor.login.create());
      refused(await visitor.login.update(id, { method: "identifier_first", identifier }));
      const { nodes, texts } = accepted(await visitor.login.get(id));
      return { texts, nodes: nodes.map(({ name, group, type }) => [name, group, type]) };
    };
    expect(await shown(newEmail())).toEqual(await shown(email));
  } finally {
    await other.stop();
  }
});
