import { gzipSync } from "node:zlib";
import { fromBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ErrorInfoSchema, Reason } from "../../gen/ostiary/errors/v1/errors_pb.ts";
import { type CallbackResult, send } from "../protocols/http.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { change, enterAsNewPerson, type Person } from "../protocols/person.ts";
import { accepted, type Headers, refused, type Visitor } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { everythingWritten } from "../protocols/rows.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* Whatever is sent: a clear answer that names what is wrong, and nothing written. */

let server: TestServer;
let person: Person;
let visitor: Visitor;
let flow: string;
let written: unknown;
beforeAll(async () => {
  server = await startServer();
  ({ person, visitor } = await enterAsNewPerson(nativeRest, server));
  flow = accepted(await visitor.settings.create()).id;
  written = await everythingWritten(server);
});
afterAll(() => server?.stop());

const json = { "content-type": "application/json" };
const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
const profile = (traits: string): string => `{"method":"profile","traits":${traits}}`;
const megabytes = (count: number): string => "x".repeat(count * 1024 * 1024);

describe("over REST", () => {
  const submit = (headers: Headers, body: string | Buffer): Promise<CallbackResult> =>
    send(`${server.url}/self-service/settings?flow=${flow}`, {
      method: "POST",
      headers: { ...headers, "x-session-token": visitor.credentials.token },
      body,
    });

  it.each(["link", "unlink", "csrf_token", "method"])(
    "an object that brings a toString of its own as %s is refused",
    async (field) => {
      const answer = await submit(
        { accept: "application/json", ...json },
        JSON.stringify({ method: "none", [field]: { toString: 1 } }),
      );
      expect(answer.status).toBe(400);
      expect(await everythingWritten(server)).toEqual(written);
    },
  );

  it.each([
    ["JSON cut short", json, '{"method":"profile"'],
    ["a list", json, "[]"],
    ["a number", json, "5"],
    ["a text", json, '"profile"'],
    ["null", json, "null"],
    ["nothing", json, ""],
    ["bytes that are no UTF-8", json, Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
    ["nesting that no parser takes", json, "[".repeat(1_000_000)],
    ["a content type that is none of the three", { "content-type": "text/plain" }, '{"method":"profile"}'],
    ["XML", { "content-type": "application/xml" }, "<method>profile</method>"],
    ["a content type that is none at all", { "content-type": "nonsense" }, '{"method":"profile"}'],
    ["no content type", {}, '{"method":"profile"}'],
    ["a multipart form without its parts", { "content-type": "multipart/form-data; boundary=x" }, "nonsense"],
    [
      "more fields than any form has",
      { "content-type": "application/x-www-form-urlencoded" },
      Array.from({ length: 2_000 }, (_, n) => `f${n}=1`).join("&"),
    ],
  ])("%s comes back as the form, which says why", async (_, headers, body) => {
    const answer = await submit({ accept: "application/json", ...headers }, body);
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({
      id: flow,
      state: "show_form",
      ui: { messages: [{ id: 4000001, text: expect.stringMatching(/^The (body|content type) /) }] },
    });
    expect(await everythingWritten(server)).toEqual(written);
  });

  it.each([
    ["an object where a text is due", '{"method":"password","password":{"a":1}}', "password"],
    ["a list where a text is due", '{"method":"password","password":["one","two"]}', "password"],
    ["a text where an object is due", profile('"ada"'), "traits"],
    ["a number where an object is due", profile("5"), "traits"],
    ["a list where an object is due", profile("[]"), "traits"],
    ["an object for the token", '{"method":"profile","csrf_token":{}}', "csrf_token"],
    ["an object for the method", '{"method":{"password":1}}', "method"],
    ["a number for free JSON", '{"method":"profile","transient_payload":5}', "transient_payload"],
    ["__proto__", profile('{"email":"a@example.com","__proto__":{"admin":true}}'), "traits.__proto__"],
    ["constructor, deep down", profile('{"name":{"constructor":{"prototype":1}}}'), "traits.name.constructor"],
    ["deep nesting", profile(nested(40)), "traits"],
    ["a text without end", `{"method":"password","password":"${"x".repeat(66_000)}"}`, "password"],
    ["half a character", '{"method":"password","password":"\\ud800 and more"}', "password"],
    ["a mask of what is no trait", '{"method":"profile","update_mask":"metadata_admin,state"}', "update_mask"],
    [
      "a mask with a name of JavaScript's",
      '{"method":"profile","update_mask":"traits.__proto__.admin"}',
      "update_mask",
    ],
  ])("%s is refused by the name of its field", async (_, body, field) => {
    const answer = await submit({ accept: "application/json", ...json }, body);
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ error: { code: 400, details: { field: expect.stringContaining(field) } } });
    expect(await everythingWritten(server)).toEqual(written);
  });

  it.each(["__proto__", "constructor.prototype"])("%s in a dotted name is a trait that there is not", async (name) => {
    const answer = await submit(
      { accept: "application/json", ...json },
      `{"method":"profile","traits.email":"${person.email}","traits.${name}.admin":true}`,
    );
    expect(answer.status).toBe(400);
    expect(
      refused(
        await visitor.settings.update(flow, {
          method: "profile",
          traits: { email: person.email, "traits.__proto__.admin": true },
        }),
      ).texts,
    ).toMatchObject([{ node: expect.stringContaining("__proto__"), id: 4000001 }]);
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
    expect(await everythingWritten(server)).toEqual(written);
  });

  it.each([
    ["values", profile(`{"tags":[${"[1],".repeat(600)}1]}`), "more than 1000 values"],
    ["entries of a list", profile(`{"tags":[${"1,".repeat(600)}1]}`), "more than 500 entries"],
    ["levels", profile(nested(70)), "more than 64 levels"],
    ["letters of a name", profile(`{"${"x".repeat(600)}":1}`), "longer than 256 bytes"],
  ])("a body of too many %s is not built at all", async (_, body, reason) => {
    const answer = await submit({ accept: "application/json", ...json }, body);
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ ui: { messages: [{ id: 4000001, text: expect.stringContaining(reason) }] } });
  });

  it.each([
    ["beside its fields", '{"method":"profile","method":"password","password":"x"}'],
    ["of a trait", profile('{"email":"first@example.com","email":"second@example.com"}')],
    ["in another spelling", profile('{"email":"first@example.com","\\u0065mail":"second@example.com"}')],
  ])("a member that is sent twice %s is refused", async (_, body) => {
    const answer = await submit({ accept: "application/json", ...json }, body);
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({
      ui: { messages: [{ id: 4000001, text: expect.stringContaining("more than once") }] },
    });
    expect(await everythingWritten(server)).toEqual(written);
  });

  it("objects beside and within each other may have members of one name", async () => {
    const answer = await submit(
      { accept: "application/json", ...json },
      `{"method":"profile","traits":{"email":"${person.email}"},` +
        '"transient_payload":[{"email":{"email":1}},{"email":2}]}',
    );
    expect(JSON.stringify(answer.json)).not.toContain("more than once");
  });

  it("a file is refused by its name", async () => {
    const body = `--x\r\ncontent-disposition: form-data; name="password"; filename="a.txt"\r\n\r\nhello\r\n--x--\r\n`;
    const answer = await submit(
      { accept: "application/json", "content-type": "multipart/form-data; boundary=x" },
      body,
    );
    expect(answer.json).toMatchObject({ error: { code: 400, details: { field: "password" } } });
  });

  it("a body above five megabytes is too large, whatever it is", async () => {
    for (const [headers, body] of [
      [json, `{"method":"password","password":"${megabytes(6)}"}`],
      [{ "content-type": "application/x-www-form-urlencoded" }, `method=password&password=${megabytes(6)}`],
    ] as const) {
      const answer = await submit({ accept: "application/json", ...headers }, body);
      expect(answer.status).toBe(413);
      expect(answer.json).toMatchObject({ error: { code: 413 } });
    }
  });

  it.each([
    "/self-service/nonsense",
    "/self-service/settings/nonsense",
    "/../etc/passwd",
    "/%00",
    "/%ff",
    "//",
    "/sessions/whoami/x",
  ])("there is nothing at %s", async (path) => {
    expect([400, 404]).toContain((await send(`${server.url}${path}`)).status);
  });

  it.each([
    ["PUT", "/self-service/settings"],
    ["DELETE", "/self-service/settings/browser"],
    ["POST", "/self-service/settings/browser"],
    ["PATCH", "/sessions"],
  ])("%s %s is not allowed, and the answer says what is", async (method, path) => {
    const answer = await send(`${server.url}${path}`, { method, headers: json, body: "{}" });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toContain("GET");
  });
});

describe("over Connect", () => {
  const call = (headers: Headers, body: string | Buffer): Promise<CallbackResult> =>
    send(`${server.url}/ostiary.settings.v1.SettingsService/UpdateFlow`, {
      method: "POST",
      headers: { ...headers, "x-session-token": visitor.credentials.token },
      body,
    });
  const reasonOf = ({ json: error }: CallbackResult): Reason | undefined => {
    const [info] = error.details as readonly { readonly type: string; readonly value: string }[];
    return info === undefined ? undefined : fromBinary(ErrorInfoSchema, Buffer.from(info.value, "base64")).reason;
  };
  const body = (inner: string): string => `{"flow":"${flow}","body":${inner}}`;

  it.each([
    ["JSON cut short", json, '{"flow":"', Reason.MALFORMED_BODY],
    ["a list", json, "[]", Reason.MALFORMED_BODY],
    ["a number", json, "5", Reason.MALFORMED_BODY],
    ["bytes that are no UTF-8", json, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), Reason.MALFORMED_BODY],
    ["nesting that no parser takes", json, "[".repeat(1_000_000), Reason.MALFORMED_BODY],
    [
      "bytes that are no message",
      { "content-type": "application/proto" },
      Buffer.from([0xff, 0xff, 0xff, 0x01]),
      Reason.MALFORMED_BODY,
    ],
    ["a field that there is not", json, '{"nonsense":1}', Reason.INVALID_FIELD],
    ["an object where a text is due", json, body('{"password":{"password":{}}}'), Reason.INVALID_FIELD],
    ["a text where an object is due", json, body('{"profile":{"traits":"ada"}}'), Reason.INVALID_FIELD],
    ["two methods at once", json, body('{"profile":{},"password":{}}'), Reason.INVALID_FIELD],
    ["__proto__", json, body('{"profile":{"traits":{"__proto__":{"admin":true}}}}'), Reason.INVALID_FIELD],
    ["deep nesting", json, body(`{"profile":{"traits":${nested(40)}}}`), Reason.INVALID_FIELD],
    ["half a character", json, body('{"password":{"password":"\\ud800 and more"}}'), Reason.INVALID_FIELD],
    ["more than a megabyte", json, body(`{"password":{"password":"${megabytes(6)}"}}`), Reason.BODY_TOO_LARGE],
    [
      "more than a megabyte in a few bytes",
      { ...json, "content-encoding": "gzip" },
      gzipSync(megabytes(6)),
      Reason.BODY_TOO_LARGE,
    ],
    ["what cannot be decompressed", { ...json, "content-encoding": "gzip" }, "nonsense", Reason.MALFORMED_BODY],
  ])("%s is refused", async (_, headers, sent, reason) => {
    const answer = await call(headers, sent);
    expect(answer.status).toBeLessThan(500);
    expect(["invalid_argument", "resource_exhausted"]).toContain(answer.json.code);
    expect(reasonOf(answer)).toBe(reason);
    expect(await everythingWritten(server)).toEqual(written);
  });
});

describe.each(protocols)("through $name", (protocol) => {
  it("no trait reaches what is not the person's to change", async () => {
    const { visitor: someone, person: who } = await enterAsNewPerson(protocol, server);
    const traits = { email: who.email, metadata_admin: { role: "admin" }, state: "inactive", id: person.id };
    const refusal = refused(await change(someone, { method: "profile", traits }));
    expect(refusal.reason).toBe("FORM_REJECTED");
    expect(refusal.texts.map(({ node }) => node.split(".", 2).join("."))).toEqual(
      expect.arrayContaining(["traits.metadata_admin", "traits.state", "traits.id"]),
    );
    expect(accepted(await someone.whoami()).identityId).toBe(who.id);
  });

  it("SQL in a field is text", async () => {
    const { visitor: someone, person: who } = await enterAsNewPerson(protocol, server);
    const first = `Robert'); DROP TABLE sessions; -- " \\ %_ ${"`"}`;
    accepted(await change(someone, { method: "profile", traits: { email: who.email, name: { first } } }));
    expect(accepted(await someone.whoami()).traits).toMatchObject({ name: { first } });
  });

  it("letters of every script, signs and control characters come back as they were sent", async () => {
    const { visitor: someone, person: who } = await enterAsNewPerson(protocol, server);
    const first = "Ünïcødé 漢字 🜁 עברית \u0001\u007f\u2028 \ufeff é";
    accepted(await change(someone, { method: "profile", traits: { email: who.email, name: { first } } }));
    expect(accepted(await someone.whoami()).traits).toMatchObject({ name: { first } });
  });
});
