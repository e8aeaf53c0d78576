import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { browserForm } from "../protocols/browser-form.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { change, enterAsNewPerson, newEmail, newPassword } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import type { SeenFlow } from "../protocols/seen.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* A form that is sent back as it came changes nothing, and lists keep their order. */

const mail = { type: "string", format: "email", "ory.sh/kratos": { credentials: { password: { identifier: true } } } };
const schema = {
  type: "object",
  properties: {
    traits: {
      type: "object",
      properties: {
        email: mail,
        emails: { type: "array", items: mail },
        tuple: { type: "array", items: [mail] },
        news: { type: "boolean" },
        maybe: { type: ["string", "null"] },
        name: { type: "object", properties: { first: { type: "string" }, age: { type: "number" } } },
        anything: {},
      },
      required: ["emails"],
    },
  },
};
const traits = (): JsonObject => ({
  emails: [newEmail(), newEmail()],
  maybe: null,
  name: {},
  anything: {
    "": "",
    zero: 0,
    no: false,
    nothing: null,
    empty: [],
    hollow: {},
    list: ["a", null, [], "b"],
    "0": { "1": ["x"] },
  },
  more: { "a.b": "c\\d", text: "5", number: 5, yes: true },
});

let server: TestServer;
beforeAll(async () => {
  const url = `base64://${Buffer.from(JSON.stringify(schema)).toString("base64")}`;
  server = await startServer({
    overrides: { identity: { default_schema_id: "person", schemas: [{ id: "person", url }] } },
  });
});
afterAll(() => server?.stop());

/** What is shown, by name; `empty` is sent for what has no value. */
const shown = (flow: SeenFlow, empty?: JsonValue): JsonObject =>
  Object.fromEntries(
    flow.nodes
      .filter(({ name }) => name.startsWith("traits."))
      .flatMap(({ name, value }): [string, JsonValue][] => {
        const sent = value ?? empty;
        return sent === undefined ? [] : [[name, sent]];
      }),
  );

it.each([
  ["a browser's form", browserForm, ""],
  ["a single-page app", spa, undefined],
  ["a native app", nativeRest, undefined],
  ["a native app that fills in what is empty", nativeRest, ""],
] as const)("%s that is saved as it was rendered changes nothing", async (_, protocol, empty) => {
  const way = nativeRest.enter(server);
  const mine = traits();
  const signUp = accepted(await way.registration.create());
  const submission = { method: "password", password: newPassword(), traits: mine };
  accepted(await way.registration.update(signUp.id, submission));
  expect(accepted(await way.whoami()).traits).toEqual(mine);

  const visitor = protocol.family === "native" ? way : protocol.enter(server);
  if (visitor !== way) {
    const login = accepted(await visitor.login.create());
    const identifier = String((mine.emails as string[])[0]);
    accepted(await visitor.login.update(login.id, { method: "password", identifier, password: submission.password }));
  }
  const flow = accepted(await visitor.settings.create());
  const fields = shown(flow, empty);
  expect(Object.keys(fields).length).toBeGreaterThan(8);
  accepted(await visitor.settings.update(flow.id, { method: "profile", ...fields }));
  expect(accepted(await visitor.whoami()).traits).toEqual(mine);
  // Other fields may change all the same.
  const again = accepted(await visitor.settings.create());
  accepted(await visitor.settings.update(again.id, { method: "profile", ...fields, "traits.more.text": "6" }));
  expect(accepted(await visitor.whoami()).traits).toEqual({
    ...mine,
    more: { ...(mine.more as JsonObject), text: "6" },
  });
});

describe.each(protocols)("through $name", (protocol) => {
  it("the entries of a list are in its order, also with a wrong one; the field for one more may be empty", async () => {
    const visitor = protocol.enter(server);
    const flow = accepted(await visitor.registration.create());
    const emails = ["z@example.com", "bad", "a@example.com"];
    refused(
      await visitor.registration.update(flow.id, { method: "password", password: newPassword(), traits: { emails } }),
    );
    const nodes = accepted(await visitor.registration.get(flow.id)).nodes.filter(({ name }) =>
      name.startsWith("traits.emails"),
    );
    expect(nodes.map(({ name }) => name)).toEqual([
      "traits.emails",
      "traits.emails.0",
      "traits.emails.1",
      "traits.emails.2",
    ]);
    expect(nodes.map(({ value }) => value)).toEqual([undefined, ...emails]);
  });

  it("an address in a tuple signs in", async () => {
    const email = newEmail();
    const { visitor } = await enterAsNewPerson(protocol, server, { emails: [newEmail()], tuple: [email] });
    expect(accepted(await visitor.whoami()).traits).toMatchObject({ tuple: [email] });
    const [row] = await server.sql("SELECT 1 AS found FROM identity_identifiers WHERE identifier = ?", [email]);
    expect(row).toEqual({ found: 1 });
  });

  it("members by any name are compared, and end in no failure", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server, { emails: [newEmail()] });
    const strange = { email: person.email, emails: [newEmail()], anything: { toString: "1", valueOf: "2" } };
    accepted(await change(visitor, { method: "profile", traits: strange }));
    expect(accepted(await visitor.whoami()).traits).toMatchObject({ anything: { toString: "1", valueOf: "2" } });
  });
});
