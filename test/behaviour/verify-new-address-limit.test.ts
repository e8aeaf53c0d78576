import { afterAll, beforeAll, expect, it } from "vitest";
import { nativeRest } from "../protocols/json-rest.ts";
import { change, enterAs, enterAsNewPerson, newEmail, type Person } from "../protocols/person.ts";
import { accepted, refused, type Visitor } from "../protocols/protocol.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* Ten addresses wait for one person, and no more. */

const email = { via: "email" };
const schema = {
  type: "object",
  properties: {
    traits: {
      type: "object",
      properties: {
        email: {
          type: "string",
          format: "email",
          "ory.sh/kratos": { credentials: { password: { identifier: true } }, verification: email },
        },
        others: { type: "array", items: { type: "string", format: "email", "ory.sh/kratos": { verification: email } } },
      },
      required: ["email"],
    },
  },
};

let server: TestServer;
beforeAll(async () => {
  const settings = { after: { profile: { hooks: [{ hook: "verify_new_address" }] } } };
  server = await startServer({
    overrides: {
      identity: {
        schemas: [{ id: "person", url: `base64://${Buffer.from(JSON.stringify(schema)).toString("base64")}` }],
      },
      selfservice: { flows: { settings, verification: { enabled: true } } },
      limits: { messages: { per_network: 10_000, per_identity: 1_000 } },
    },
  });
});
afterAll(() => server?.stop());

const ask = (visitor: Visitor, { email }: Person, others: readonly string[]) =>
  change(visitor, { method: "profile", traits: { email, others: [...others] } });
const newEmails = (count: number) => Array.from({ length: count }, newEmail);
const tooMany = { texts: [{ id: 4050002 }] };

it("not even in one change", async () => {
  const { person, visitor } = await enterAsNewPerson(nativeRest, server);
  expect(refused(await ask(visitor, person, newEmails(11)))).toMatchObject(tooMany);
  accepted(await ask(visitor, person, newEmails(10)));
  expect(refused(await ask(visitor, person, newEmails(1)))).toMatchObject(tooMany);
});

it("those of a session that has ended do not count", async () => {
  const { person, visitor } = await enterAsNewPerson(nativeRest, server);
  accepted(await ask(visitor, person, newEmails(10)));
  const other = await enterAs(nativeRest, server, person);
  expect(refused(await ask(other, person, newEmails(1)))).toMatchObject(tooMany);
  accepted(await visitor.signOut());
  const [wanted = ""] = newEmails(1);
  accepted(await ask(other, person, [wanted]));
  expect(accepted(await other.pendingAddresses())).toMatchObject([{ value: wanted }]);
});

it("one that takes the place of another is no further one", async () => {
  const { person, visitor } = await enterAsNewPerson(nativeRest, server);
  accepted(await change(visitor, { method: "profile", traits: { email: newEmail(), others: newEmails(9) } }));
  const [wanted = ""] = newEmails(1);
  accepted(await ask(visitor, { ...person, email: wanted }, []));
  const waiting = accepted(await visitor.pendingAddresses()).map(({ value }) => value);
  expect(waiting).toHaveLength(10);
  expect(waiting).toContain(wanted);
});

it("of several requests at once as many are accepted as there is room for", async () => {
  const { person, visitor } = await enterAsNewPerson(nativeRest, server);
  const answers = await Promise.all(Array.from({ length: 5 }, () => ask(visitor, person, newEmails(3))));
  for (const answer of answers.filter(({ ok }) => !ok)) expect(refused(answer)).toMatchObject(tooMany);
  expect(answers.filter(({ ok }) => ok)).toHaveLength(3);
  expect(accepted(await visitor.pendingAddresses())).toHaveLength(9);
});
