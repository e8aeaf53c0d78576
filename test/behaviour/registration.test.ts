import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { enterAs, enterAsNewPerson, hand, newEmail, newPassword, signIn } from "../protocols/person.ts";
import { accepted, type Protocol, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { eventsOf, everythingWritten } from "../protocols/rows.ts";
import { shownIn } from "../protocols/seen.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

const registration = (keys: object) => ({ selfservice: { flows: { registration: keys } } });

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.stop());

const begin = async (protocol: Protocol) => {
  const visitor = protocol.enter(server);
  return { visitor, flow: accepted(await visitor.registration.create()).id };
};

describe.each(protocols)("in one step, through $name", (protocol) => {
  it("someone signs up and is signed in", async () => {
    const { visitor, flow } = await begin(protocol);
    const traits = { email: newEmail(), name: { first: "Ada" }, newsletter: true };
    const done = accepted(
      await visitor.registration.update(flow, { method: "password", password: newPassword(), traits }),
    );
    expect(done.token === undefined).toBe(protocol.family === "browser");
    expect(accepted(await visitor.whoami())).toMatchObject({ traits, methods: ["password"] });
  });

  it("everything that is wrong is told at its field, what was typed is kept, and nobody is written", async () => {
    const { visitor, flow } = await begin(protocol);
    const before = await everythingWritten(server);
    const traits = { email: "nowhere", name: { first: "X", last: "Typed" } };
    const refusal = refused(await visitor.registration.update(flow, { method: "password", password: "", traits }));
    expect(refusal.reason).toBe("FORM_REJECTED");
    expect(refusal.texts.map(({ node }) => node).sort()).toEqual(["password", "traits.email", "traits.name.first"]);
    const shown = accepted(await visitor.registration.get(flow));
    expect([shownIn(shown, "traits.email"), shownIn(shown, "traits.name.last"), shownIn(shown, "password")]).toEqual([
      "nowhere",
      "Typed",
      undefined,
    ]);
    expect(await everythingWritten(server)).toEqual(before);
  });

  it.each([
    ["too short", "short!", 4000032],
    ["like the address", undefined, 4000031],
  ])("a password that is %s is refused", async (_, given, id) => {
    const { visitor, flow } = await begin(protocol);
    const email = newEmail();
    const refusal = refused(
      await visitor.registration.update(flow, {
        method: "password",
        password: given ?? `${email}1`,
        traits: { email },
      }),
    );
    expect(refusal).toMatchObject({ reason: "FORM_REJECTED", texts: [{ node: "password", id }] });
  });

  it("an address that someone has is refused for the form as a whole, in any spelling", async () => {
    const { person } = await enterAsNewPerson(protocol, server);
    const { visitor, flow } = await begin(protocol);
    const before = await everythingWritten(server);
    for (const email of [person.email, person.email.toUpperCase()]) {
      const refusal = refused(
        await visitor.registration.update(flow, { method: "password", password: newPassword(), traits: { email } }),
      );
      expect(refusal).toMatchObject({ reason: "FORM_REJECTED", texts: [{ node: "", id: 4000007 }] });
      expect(shownIn(accepted(await visitor.registration.get(flow)), "traits.email")).toBe(email);
    }
    expect(await everythingWritten(server)).toEqual(before);
    // Its owner learns of it, once however often it is tried.
    await expect.poll(() => eventsOf(server, person.id)).toEqual(["registration.refused refused"]);
  });

  it("of several who want the same address at once, one gets it", async () => {
    const email = newEmail();
    const people = await Promise.all([1, 2, 3, 4].map(() => begin(protocol)));
    const answers = await Promise.all(
      people.map(({ visitor, flow }) =>
        visitor.registration.update(flow, { method: "password", password: newPassword(), traits: { email } }),
      ),
    );
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
    for (const answer of answers)
      if (!answer.ok) expect(answer).toMatchObject({ reason: "FORM_REJECTED", texts: [{ node: "", id: 4000007 }] });
    expect(await server.sql("SELECT 1 FROM identity_identifiers WHERE identifier = ?", [email])).toHaveLength(1);
  });

  it("of two settings that want the same address at once, one gets it", async () => {
    const email = newEmail();
    const people = await Promise.all([1, 2].map(() => enterAsNewPerson(protocol, server)));
    const flows = await Promise.all(people.map(async ({ visitor }) => accepted(await visitor.settings.create()).id));
    const answers = await Promise.all(
      people.map(({ visitor }, n) => visitor.settings.update(flows[n] ?? "", { method: "profile", traits: { email } })),
    );
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
    expect(answers.find(({ ok }) => !ok)).toMatchObject({
      reason: "FORM_REJECTED",
      texts: [{ node: "", id: 4000007 }],
    });
  });

  it("a submit without a method is refused with words of its own", async () => {
    const { visitor, flow } = await begin(protocol);
    expect(refused(await visitor.registration.update(flow, {}))).toMatchObject({
      reason: "FORM_REJECTED",
      texts: [{ node: "", id: 4010003 }],
    });
  });

  it("the first of two steps is no method of a form that has one", async () => {
    const { visitor, flow } = await begin(protocol);
    expect(
      refused(await visitor.registration.update(flow, { method: "profile", traits: { email: newEmail() } })),
    ).toMatchObject({
      reason: "FORM_REJECTED",
      texts: [{ node: "", id: 4010003 }],
    });
  });

  it("an identity schema that nobody may choose is refused", async () => {
    expect(refused(await protocol.enter(server).registration.create({ identity_schema: "nonsense" }))).toMatchObject({
      reason: "INVALID_FIELD",
      field: "identity_schema",
    });
  });
});

describe("in two steps", () => {
  beforeAll(() => server.restart(registration({ style: "profile_first" })));

  it.each(protocols)("through $name, the profile comes first, then the password; one may go back", async (protocol) => {
    const { visitor, flow } = await begin(protocol);
    const namesOf = async () =>
      accepted(await visitor.registration.get(flow)).nodes.map(({ name, type, value }) => [
        name,
        type,
        name === "csrf_token" ? "" : value,
      ]);
    const hasPassword = async () => (await namesOf()).some(([name]) => name === "password");
    expect(await hasPassword()).toBe(false);

    const wrong = refused(await visitor.registration.update(flow, { method: "profile", traits: { email: "nowhere" } }));
    expect(wrong.texts).toMatchObject([{ node: "traits.email", type: "error" }]);
    expect(await hasPassword()).toBe(false);

    const email = newEmail();
    // The next step travels as a form that does not hold yet: its text informs.
    const next = refused(await visitor.registration.update(flow, { method: "profile", traits: { email } }));
    expect(next).toMatchObject({ reason: "FORM_REJECTED", texts: [{ node: "", id: 1040009, type: "info" }] });
    expect(await hasPassword()).toBe(true);
    expect(await namesOf()).toContainEqual(["traits.email", "hidden", email]);

    refused(await visitor.registration.update(flow, { method: "profile", screen: "previous" }));
    expect(await hasPassword()).toBe(false);
    expect(shownIn(accepted(await visitor.registration.get(flow)), "traits.email")).toBe(email);
    refused(await visitor.registration.update(flow, { method: "profile", traits: { email } }));

    accepted(
      await visitor.registration.update(flow, { method: "password", password: newPassword(), traits: { email } }),
    );
    expect(accepted(await visitor.whoami()).traits.email).toBe(email);
  });

  it.each(protocols)("through $name, whoever sends everything at once needs no steps", async (protocol) => {
    const { visitor, flow } = await begin(protocol);
    accepted(
      await visitor.registration.update(flow, {
        method: "password",
        password: newPassword(),
        traits: { email: newEmail() },
      }),
    );
  });
});

describe("without the hook `session`", () => {
  beforeAll(() => server.restart(registration({ after: { password: { hooks: [] } } })));

  it.each(protocols)("through $name, someone signs up and is not signed in", async (protocol) => {
    const { visitor, flow } = await begin(protocol);
    const person = { email: newEmail(), password: newPassword() };
    const done = accepted(
      await visitor.registration.update(flow, {
        method: "password",
        password: person.password,
        traits: { email: person.email },
      }),
    );
    expect([done.token, done.session]).toEqual([undefined, undefined]);
    expect(refused(await visitor.whoami()).reason).toBe("SESSION_INACTIVE");
    accepted(await signIn(visitor, person));
    accepted(await (await enterAs(protocol, server, person)).whoami());
  });
});

describe("switched off", () => {
  const begun = new Map<Protocol, Awaited<ReturnType<typeof begin>>>();
  beforeAll(async () => {
    await server.restart();
    for (const protocol of protocols) begun.set(protocol, await begin(protocol));
    await server.restart(registration({ enabled: false }));
  });

  it.each(protocols)("through $name, nobody signs up, not even with a flow begun before", async (protocol) => {
    const visitor = protocol.enter(server);
    const { visitor: before, flow } = begun.get(protocol) ?? (await begin(protocol));
    hand(before, visitor);
    expect(refused(await visitor.registration.create()).reason).toBe("FLOW_DISABLED");
    expect(refused(await visitor.registration.get(flow)).reason).toBe("FLOW_DISABLED");
    expect(
      refused(
        await visitor.registration.update(flow, {
          method: "password",
          password: newPassword(),
          traits: { email: newEmail() },
        }),
      ).reason,
    ).toBe("FLOW_DISABLED");
  });
});
