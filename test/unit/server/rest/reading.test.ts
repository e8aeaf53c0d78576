import { describe, expect, test } from "vitest";
import {
  CreateFlowRequestSchema,
  type UpdateFlowBody as LoginBody,
  UpdateFlowBodySchema as LoginBodySchema,
} from "../../../../gen/ostiary/login/v1/login_service_pb.ts";
import { ListSessionsRequestSchema } from "../../../../gen/ostiary/session/v1/session_service_pb.ts";
import { type UpdateFlowBody, UpdateFlowBodySchema } from "../../../../gen/ostiary/settings/v1/settings_service_pb.ts";
import { ServiceError } from "../../../../src/errors/service-error.ts";
import { readBody } from "../../../../src/server/rest/body.ts";
import { createReaders } from "../../../../src/server/rest/decode.ts";
import { requestMembers, requestMembersOfPairs } from "../../../../src/server/rest/request-member.ts";

const readers = createReaders();
const fromJson = (value: string) =>
  readers.of(UpdateFlowBodySchema)(requestMembers(JSON.parse(value))) as UpdateFlowBody;
const fromForm = (text: string) =>
  readers.of(UpdateFlowBodySchema)(requestMembersOfPairs(new URLSearchParams(text))) as UpdateFlowBody;
const login = (value: string) => readers.of(LoginBodySchema)(requestMembers(JSON.parse(value))) as LoginBody;
const traits = (body: UpdateFlowBody) => (body.method.case === "profile" ? body.method.value.traits : undefined);

const fieldOf = (run: () => unknown): string | undefined => {
  try {
    run();
  } catch (error) {
    if (error instanceof ServiceError && error.row.status === 400) return error.parts.field;
    throw error;
  }
  return undefined;
};

describe("the tag of a oneof", () => {
  test("picks the case whose fields stand beside it", () => {
    const body = fromJson('{"method":"password","password":"secret","csrf_token":"t"}');
    expect(body.method).toMatchObject({ case: "password", value: { password: "secret" } });
    expect(body.csrfToken).toBe("t");
  });

  test("leaves the oneof unset when it names no case, is empty or missing", () => {
    for (const method of ['"magic"', '""', "null", "5", '"__proto__"', '"constructor"'])
      expect(fromJson(`{"method":${method},"password":"x"}`).method.case).toBeUndefined();
    expect(fromJson('{"password":"x"}').method.case).toBeUndefined();
  });

  test("cannot be an object", () => {
    expect(fieldOf(() => fromJson('{"method":{"a":1}}'))).toBe("method");
    expect(fieldOf(() => fromJson('{"method":["password"]}'))).toBe("method");
  });

  test("counts by its last value in a form", () => {
    expect(fromForm("method=profile&method=password&password=x").method.case).toBe("password");
  });
});

describe("scalars", () => {
  test("numbers and booleans become the text of a string", () => {
    expect(fromJson('{"method":"password","password":12345678}').method.value).toMatchObject({ password: "12345678" });
    expect(fromJson('{"method":"password","password":false}').method.value).toMatchObject({ password: "false" });
  });

  test("numbers that have lost digits become no text", () => {
    for (const number of ["12345678901234567890", "1.5", "1e300"])
      expect(() => fromJson(`{"method":"password","password":${number}}`)).toThrow(
        expect.objectContaining({ parts: expect.objectContaining({ field: expect.stringContaining("password") }) }),
      );
  });

  test("null and the empty string are unset", () => {
    expect(fromJson('{"etag":null}').etag).toBeUndefined();
    expect(fromJson('{"etag":""}').etag).toBeUndefined();
    expect(fromForm("etag=&csrf_token=").etag).toBeUndefined();
  });

  test("objects and lists are refused by the name that was sent", () => {
    expect(fieldOf(() => fromJson('{"csrf_token":{}}'))).toBe("csrf_token");
    expect(fieldOf(() => fromJson('{"method":"password","password":["a"]}'))).toBe("password");
  });

  test("booleans are read in the accepted spellings only", () => {
    const refresh = (text: string) =>
      readers.of(CreateFlowRequestSchema)(requestMembersOfPairs([["refresh", text]])) as unknown as {
        refresh: boolean;
      };
    for (const text of ["1", "t", "T", "TRUE", "true", "True"]) expect(refresh(text).refresh).toBe(true);
    for (const text of ["0", "f", "F", "FALSE", "false", "False", ""]) expect(refresh(text).refresh).toBe(false);
    for (const text of ["on", "yes", "tRue", "2"]) expect(fieldOf(() => refresh(text))).toBe("refresh");
  });

  test("whole numbers must be whole and fit", () => {
    const page = (text: string) =>
      (
        readers.of(ListSessionsRequestSchema)(requestMembersOfPairs([["page_size", text]])) as unknown as {
          pageSize: number;
        }
      ).pageSize;
    expect(page("10")).toBe(10);
    expect(page("-1")).toBe(-1);
    for (const text of ["1.5", "x", "2147483648", "1e3", " 1", "0x10", "9".repeat(50)])
      expect(fieldOf(() => page(text))).toBe("page_size");
  });

  test("enums are read as they are printed", () => {
    const type = (text: string) =>
      (readers.of(CreateFlowRequestSchema)(requestMembersOfPairs([["type", text]])) as unknown as { type: number })
        .type;
    expect(type("api")).toBe(2);
    for (const text of ["API", "FLOW_TYPE_API", "2", "toString"]) expect(fieldOf(() => type(text))).toBe("type");
  });

  test("the last value of a repeated form field counts", () => {
    expect(fromForm("etag=a&etag=b").etag).toBe("b");
  });

  test("a field mask is read from text or a list", () => {
    expect(fromJson('{"update_mask":"traits.name.first, traits.age"}').updateMask?.paths).toEqual([
      "traits.name.first",
      "traits.age",
    ]);
    expect(fromJson('{"update_mask":["traits.age"]}').updateMask?.paths).toEqual(["traits.age"]);
    expect(fieldOf(() => fromJson('{"update_mask":[1]}'))).toBe("update_mask");
  });
});

describe("free JSON", () => {
  test("is taken as it is when it is an object", () => {
    expect(
      traits(fromJson('{"method":"profile","traits":{"email":"a@b.c","name":{"first":""},"tags":[1,"a"]}}')),
    ).toEqual({
      email: "a@b.c",
      name: { first: "" },
      tags: [1, "a"],
    });
  });

  test("keeps dotted names whole, with the values as sent", () => {
    expect(
      traits(fromJson('{"method":"profile","traits.email":"a@b.c","traits.age":21,"traits.name":{"first":"x"}}')),
    ).toEqual({
      "traits.email": "a@b.c",
      "traits.age": 21,
      "traits.name": { first: "x" },
    });
    expect(
      traits(fromForm("method=profile&traits.newsletter=false&traits.newsletter=true&traits.name.first=")),
    ).toEqual({
      "traits.newsletter": ["false", "true"],
      "traits.name.first": "",
    });
  });

  test("takes both kinds together", () => {
    expect(traits(fromJson('{"method":"profile","traits.age":"3","traits":{"email":"x"}}'))).toEqual({
      email: "x",
      "traits.age": "3",
    });
  });

  test("must be an object", () => {
    for (const value of ['"x"', "1", "true", "[]"])
      expect(fieldOf(() => fromJson(`{"method":"profile","traits":${value}}`))).toBe("traits");
    expect(fieldOf(() => fromForm("transient_payload=x"))).toBe("transient_payload");
    expect(traits(fromJson('{"method":"profile","traits":null}'))).toBeUndefined();
  });

  test("keeps __proto__ as a member, where the procedure finds it, and pollutes nothing", () => {
    const read = traits(fromJson('{"method":"profile","traits":{"__proto__":{"admin":true}},"traits.a":"1"}'));
    expect(Object.getOwnPropertyNames(read)).toContain("__proto__");
    expect((read as unknown as { admin?: boolean }).admin).toBeUndefined();
    expect(Object.getOwnPropertyNames(traits(fromForm("method=profile&traits.__proto__.admin=1")))).toEqual([
      "traits.__proto__.admin",
    ]);
    for (const text of [
      '{"__proto__":{"csrfToken":"x"}}',
      '{"__proto__.csrf_token":"x"}',
      '{"constructor":{"prototype":{"admin":1}}}',
    ]) {
      expect(fromJson(text).csrfToken).toBe("");
    }
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });
});

test("unknown members are ignored", () => {
  expect(
    login('{"method":"password","identifier":"ann","nobody":{"knows":1},"identifier.x":"y","":1,".":2,"a.":3}').method
      .value,
  ).toMatchObject({
    identifier: "ann",
  });
});

describe("a body", () => {
  const read = (text: string, type?: string) => readBody(Buffer.from(text), type);

  test("is JSON, a form or multipart", async () => {
    expect(await read('{"a":1}', "application/json; charset=utf-8")).toEqual({
      kind: "members",
      members: [{ name: "a", path: "a", values: [1] }],
    });
    expect(await read("a=1&a=%C3%A9+x", "application/x-www-form-urlencoded")).toEqual({
      kind: "members",
      members: [{ name: "a", path: "a", values: ["1", "é x"] }],
    });
    const form = new FormData();
    form.append("a.b", "ü");
    const multipart = new Response(form);
    const type = multipart.headers.get("content-type") ?? "";
    expect(await readBody(Buffer.from(await multipart.arrayBuffer()), type)).toEqual({
      kind: "members",
      members: [{ name: "a.b", path: "a.b", values: ["ü"] }],
    });
  });

  test("counts the parts of a multipart form by the boundary that it is parsed by", async () => {
    const part = (name: string) => `--real\r\ncontent-disposition: form-data; name="${name}"\r\n\r\nv\r\n`;
    const form = (many: number) =>
      Buffer.from(`${Array.from({ length: many }, (_, i) => part(`a${i}`)).join("")}--real--\r\n`);
    for (const type of [
      'multipart/form-data; a="; boundary=zz"; boundary=real',
      "multipart/form-data; BOUNDARY=real; boundary=zz",
    ]) {
      expect(await readBody(form(1), type)).toMatchObject({ kind: "members", members: [{ name: "a0" }] });
      expect(await readBody(form(2_000), type)).toMatchObject({ kind: "malformed" });
    }
    const twice = "multipart/form-data; boundary=zz, multipart/form-data; boundary=real";
    expect(await readBody(form(2_000), twice)).toMatchObject({ kind: "malformed" });
  });

  test("refuses a file by its name", async () => {
    const form = new FormData();
    form.append("picture", new Blob(["x"]), "a.png");
    const multipart = new Response(form);
    const read = readBody(Buffer.from(await multipart.arrayBuffer()), multipart.headers.get("content-type") ?? "");
    await expect(read).rejects.toMatchObject({ parts: { field: "picture" } });
  });

  test("is malformed when it is empty, of another type, not UTF-8, no JSON or no object", async () => {
    const cases: [Buffer | undefined, string | undefined][] = [
      [undefined, undefined],
      [Buffer.alloc(0), "application/json"],
      [Buffer.from("x"), undefined],
      [Buffer.from("{}"), "text/plain"],
      [Buffer.from("{}"), "application/jsonp"],
      [Buffer.from("{}"), "garbage"],
      [Buffer.from('{"password":"hunter2'), "application/json"],
      [Buffer.from("[1]"), "application/json"],
      [Buffer.from("7"), "application/json"],
      [Buffer.from("null"), "application/json"],
      [Buffer.from([0x7b, 0xff, 0x7d]), "application/json"],
      [Buffer.from("nothing"), "multipart/form-data; boundary=x"],
      [Buffer.from("nothing"), "multipart/form-data"],
      [Buffer.from(Array.from({ length: 2000 }, (_, i) => `a${i}=`).join("&")), "application/x-www-form-urlencoded"],
    ];
    for (const [bytes, type] of cases) {
      const body = await readBody(bytes, type);
      expect(body).toMatchObject({
        kind: "malformed",
        reason: expect.stringMatching(/^(The|A name in the|A list in the) (body|content type) .*\.$/),
      });
      expect(JSON.stringify(body)).not.toContain("hunter2");
    }
  });
});
