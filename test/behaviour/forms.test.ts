import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { acceptHtml } from "../protocols/browser-form.ts";
import { send } from "../protocols/http.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { enterAsNewPerson, type Person } from "../protocols/person.ts";
import { accepted, type Headers, type Visitor } from "../protocols/protocol.ts";
import { startServer, type TestServer, ui } from "../protocols/server.ts";

/* The ways in which REST takes the same fields. */

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.stop());

const part = ([name, value]: readonly [string, string]): string =>
  `--here\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const multipart = (fields: readonly (readonly [string, string])[]): readonly [Headers, string] => [
  { "content-type": "multipart/form-data; boundary=here" },
  `${fields.map(part).join("")}--here--\r\n`,
];
const form = (fields: readonly (readonly [string, string])[]): readonly [Headers, string] => [
  { "content-type": "application/x-www-form-urlencoded" },
  new URLSearchParams(fields.map(([name, value]): [string, string] => [name, value])).toString(),
];
const json = (value: object): readonly [Headers, string] => [
  { "content-type": "application/json" },
  JSON.stringify(value),
];

const someone = async (): Promise<{
  readonly person: Person;
  readonly visitor: Visitor;
  readonly save: (sent: readonly [Headers, string]) => Promise<number>;
}> => {
  const { visitor, person } = await enterAsNewPerson(nativeRest, server, {
    name: { first: "Ada", last: "Lovelace" },
    newsletter: true,
    tags: ["old"],
  });
  const flow = accepted(await visitor.settings.create()).id;
  const save = async ([headers, body]: readonly [Headers, string]) =>
    (
      await send(`${server.url}/self-service/settings?flow=${flow}`, {
        method: "POST",
        headers: { ...headers, accept: "application/json", "x-session-token": visitor.credentials.token },
        body,
      })
    ).status;
  return { person, visitor, save };
};
const traitsOf = async (visitor: Visitor) => accepted(await visitor.whoami()).traits;

describe("the same change", () => {
  const wanted = (email: string) => ({
    email,
    name: { first: "Grace", last: "Hopper" },
    age: 36,
    newsletter: false,
    tags: ["a", "b"],
  });
  const flat = (email: string): readonly (readonly [string, string])[] => [
    ["method", "profile"],
    ["traits.email", email],
    ["traits.name.first", "Grace"],
    ["traits.name.last", "Hopper"],
    ["traits.age", "36"],
    ["traits.newsletter", "false"],
    ["traits.tags", "a"],
    ["traits.tags", "b"],
  ];

  it.each([
    ["nested JSON", (email: string) => json({ method: "profile", traits: wanted(email) })],
    [
      "JSON with dotted names",
      (email: string) =>
        json({
          method: "profile",
          "traits.email": email,
          "traits.name.first": "Grace",
          "traits.name.last": "Hopper",
          "traits.age": 36,
          "traits.newsletter": false,
          "traits.tags": ["a", "b"],
        }),
    ],
    [
      "JSON with both",
      (email: string) =>
        json({
          method: "profile",
          traits: { ...wanted(email), name: { first: "Grace" } },
          "traits.name.last": "Hopper",
        }),
    ],
    [
      "JSON with texts for numbers",
      (email: string) => json({ method: "profile", traits: wanted(email), "traits.age": "36" }),
    ],
    ["a form", (email: string) => form(flat(email))],
    ["a multipart form", (email: string) => multipart(flat(email))],
    [
      "a form with numbered entries",
      (email: string) =>
        form([
          ...flat(email).filter(([name]) => name !== "traits.tags"),
          ["traits.tags.1", "b"],
          ["traits.tags.0", "a"],
        ]),
    ],
  ])("arrives as %s", async (_, sent) => {
    const { person, visitor, save } = await someone();
    expect(await save(sent(person.email))).toBe(200);
    expect(await traitsOf(visitor)).toEqual(wanted(person.email));
  });

  it("JSON with a charset is JSON", async () => {
    const { person, visitor, save } = await someone();
    const [, body] = json({ method: "profile", traits: wanted(person.email) });
    expect(await save([{ "content-type": "application/json; charset=utf-8" }, body])).toBe(200);
    expect(await traitsOf(visitor)).toEqual(wanted(person.email));
  });
});

describe("a checkbox", () => {
  it.each([
    ["ticked: the hidden no, then yes", ["false", "true"], true],
    ["not ticked: the hidden no alone", ["false"], false],
  ])("%s", async (_, values, expected) => {
    const { person, visitor, save } = await someone();
    expect(
      await save(
        form([
          ["method", "profile"],
          ["traits.email", person.email],
          ...values.map((value) => ["traits.newsletter", value] as const),
        ]),
      ),
    ).toBe(200);
    expect((await traitsOf(visitor)).newsletter).toBe(expected);
  });

  it("of a page that forgot its value says `on`, which is no yes", async () => {
    const { person, save } = await someone();
    expect(
      await save(
        form([
          ["method", "profile"],
          ["traits.email", person.email],
          ["traits.newsletter", "on"],
        ]),
      ),
    ).toBe(400);
  });
});

describe("a field", () => {
  it("that was emptied removes its trait", async () => {
    const { person, visitor, save } = await someone();
    expect(
      await save(
        form([
          ["method", "profile"],
          ["traits.email", person.email],
          ["traits.name.first", ""],
          ["traits.name.last", "King"],
        ]),
      ),
    ).toBe(200);
    expect((await traitsOf(visitor)).name).toEqual({ last: "King" });
  });

  it("that nobody knows is passed over, beside those that are known", async () => {
    const { person, save } = await someone();
    expect(
      await save(
        form([
          ["method", "profile"],
          ["traits.email", person.email],
          ["nonsense", "1"],
          ["numby", "2"],
        ]),
      ),
    ).toBe(200);
  });
});

describe("who is answered how", () => {
  const submit = async (headers: Headers) => {
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    const flow = accepted(await visitor.settings.create()).id;
    return send(`${server.url}/self-service/settings?flow=${flow}`, {
      method: "POST",
      headers: { "x-session-token": visitor.credentials.token, ...headers },
      body:
        headers["content-type"] === "application/json"
          ? `{"method":"profile","traits.email":"${person.email}"}`
          : `method=profile&traits.email=${person.email}`,
    });
  };

  it("whoever sends nothing but JSON is a program, whatever it accepts", async () => {
    expect((await submit({ "content-type": "application/json" })).status).toBe(200);
    expect((await submit({ "content-type": "application/json", accept: "*/*" })).status).toBe(200);
  });

  it("a page is a relative address where the configuration says so", async () => {
    await server.restart({ selfservice: { flows: { settings: { ui_url: "/my/settings" } } } });
    const { visitor } = await enterAsNewPerson(nativeRest, server);
    const answer = await send(`${server.url}/self-service/settings/browser`, {
      headers: { accept: acceptHtml, "x-session-token": visitor.credentials.token },
    });
    expect(answer.status).toBe(303);
    expect(answer.headers.location).toMatch(/\/my\/settings\?flow=/);
    await server.restart();
  });

  it("a password manager is led to the settings page, whatever it accepts", async () => {
    for (const accept of [acceptHtml, "application/json", "*/*"]) {
      const answer = await send(`${server.url}/.well-known/change-password`, { headers: { accept } });
      expect([answer.status, answer.headers.location]).toEqual([303, ui.settings]);
    }
  });

  it("whoever builds an error page gets a sample", async () => {
    const answer = await send(`${server.url}/self-service/errors?id=stub:500`, {
      headers: { accept: "application/json" },
    });
    expect(answer.json).toMatchObject({ id: expect.any(String), error: { code: 500 } });
    expect(
      (await send(`${server.url}/self-service/errors?id=nonsense`, { headers: { accept: "application/json" } })).status,
    ).toBe(404);
  });

  it("whoever builds a form by hand gets the schema, by its id or by its encoded id", async () => {
    const list = await send(`${server.url}/schemas`, { headers: { accept: "application/json" } });
    expect(JSON.parse(list.text)).toMatchObject([{ id: "person", schema: { properties: { traits: {} } } }]);
    for (const id of ["person", Buffer.from("person").toString("base64url")])
      expect((await send(`${server.url}/schemas/${id}`)).json).toMatchObject({
        properties: { traits: { properties: { email: {} } } },
      });
  });
});

describe("a database without its tables", () => {
  it("is said by the health of the server, and by every call, without a word of SQL", async () => {
    const empty = await startServer({ migrated: false });
    expect((await send(`${empty.adminUrl}/health/ready`)).status).toBe(503);
    expect((await send(`${empty.url}/health/alive`)).status).toBe(200);
    const answer = await send(`${empty.url}/self-service/login/api`);
    expect(answer.status).toBeGreaterThanOrEqual(500);
    expect(answer.text).not.toMatch(/flows|table|SQL/i);
    await empty.stop();
  });
});
