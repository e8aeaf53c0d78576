import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findBreaking } from "../../scripts/openapi/breaking.ts";
import type { JsonObject } from "../../scripts/openapi/schema.ts";
import { createCheckAnswer } from "../compatibility/documented.ts";
import { recordedAnswers } from "../compatibility/recorded-answers.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* The OpenAPI document that the protos make: what REST clients are generated from. */

const root = path.resolve(import.meta.dirname, "../..");
const read = (name: string): JsonObject => JSON.parse(readFileSync(path.join(root, "gen", name), "utf8")) as JsonObject;
const document = read("openapi.json");

/** A copy of the document, changed. */
const changed = (change: (copy: typeof anyObject) => void): JsonObject => {
  const copy = structuredClone(document) as typeof anyObject;
  change(copy);
  return copy as JsonObject;
};
interface Node {
  [member: string]: Node;
}
const anyObject: Node = {};

describe("the OpenAPI document", () => {
  const check = createCheckAnswer(document);

  it("describes every recorded answer of what is built", () => {
    expect(recordedAnswers.filter(({ body }) => body !== undefined).length).toBeGreaterThan(250);
    const wrong = recordedAnswers.flatMap((answer) => {
      // A difference that is meant may be written so widely that it fits more answers than it is about.
      const fault = check(answer.recorded) && check(answer);
      return fault === undefined ? [] : [`${answer.scenario}: ${answer.label}: ${fault}`];
    });
    expect(wrong).toEqual([]);
  });

  it("finds an answer that it does not describe", () => {
    const flow = recordedAnswers.find(({ scenario }) => scenario === "settings-profile/a form");
    if (flow === undefined) throw new Error("there is no such recording");
    const body = flow.body as Readonly<Record<string, unknown>>;
    expect(check({ ...flow, body: { ...body, state: "done" } })).toMatch(/state must be equal to one of/);
    expect(check({ ...flow, body: { ...body, ui: { nodes: [] } } })).toMatch(/required property 'action'/);
    expect(check({ ...flow, status: 418 })).toBe("settingsUpdateFlow 418 is not documented");
  });

  it("tells the cases of a oneof apart by its tag", () => {
    expect(document).toMatchObject({
      components: {
        schemas: {
          SettingsUpdateFlowBodyInput: {
            discriminator: {
              propertyName: "method",
              mapping: { password: "#/components/schemas/SettingsUpdateFlowBodyInputPassword" },
            },
          },
          SettingsUpdateFlowBodyInputPassword: { properties: { method: { const: "password" } }, required: ["method"] },
        },
      },
    });
  });

  it("lists the errors of an operation by status, with what stands beside them", () => {
    expect(document).toMatchObject({
      paths: {
        "/self-service/settings": {
          post: {
            responses: {
              403: {
                description: expect.stringContaining("`SESSION_REFRESH_REQUIRED`"),
                content: {
                  "application/json": {
                    schema: {
                      anyOf: expect.arrayContaining([{ $ref: "#/components/schemas/ErrorSessionRefreshRequired" }]),
                    },
                  },
                },
              },
            },
          },
        },
      },
      components: { schemas: { ErrorSessionRefreshRequired: { required: ["error", "redirect_browser_to"] } } },
    });
  });

  it("has a form of 3.0 without what 3.0 does not know", () => {
    const old = read("openapi-3.0.json");
    expect(old).toMatchObject({
      openapi: "3.0.3",
      components: {
        schemas: {
          SettingsUpdateFlowBodyInputPassword: { properties: { method: { enum: ["password"] } } },
          SettingsFlow: { properties: { organization_id: { type: "string", nullable: true } } },
        },
      },
    });
    expect(JSON.stringify((old as typeof anyObject).components?.schemas)).not.toMatch(/"(?:const|examples)":|"null"/);
  });
});

describe("what breaks REST clients is found", () => {
  const schemas = (copy: Node): Node => copy.components?.schemas as Node;
  const cases: readonly (readonly [string, (copy: Node) => void, string])[] = [
    ["a path", (copy) => delete copy.paths?.["/sessions"], "GET /sessions is gone"],
    ["a verb", (copy) => delete copy.paths?.["/sessions"]?.delete, "DELETE /sessions is gone"],
    [
      "a member of an answer",
      (copy) => delete schemas(copy).Session?.properties?.active,
      "Session: the member active is gone",
    ],
    [
      "a member that may be missing now",
      (copy) => Object.assign(schemas(copy).Session as Node, { required: ["id"] }),
      "Session: the member active may be missing",
    ],
    [
      "another type",
      (copy) => Object.assign(schemas(copy).Session?.properties?.active as Node, { type: "string" }),
      "Session.active was boolean and is string",
    ],
    [
      "a method that cannot be submitted any more",
      (copy) => delete schemas(copy).SettingsUpdateFlowBodyInput?.discriminator?.mapping?.password,
      "SettingsUpdateFlowBodyInput: the case password is gone",
    ],
    [
      "a member of a request that is required now",
      (copy) =>
        Object.assign(schemas(copy).LoginUpdateFlowBodyInputPassword as Node, { required: ["method", "password"] }),
      "LoginUpdateFlowBodyInputPassword: the member password is required",
    ],
  ];
  it.each(cases)("%s", (_, change, line) => {
    expect(findBreaking(document, changed(change))).toContain(line);
  });

  it("but nothing that was added", () => {
    const grown = changed((copy) => {
      Object.assign(copy.paths as Node, { "/more": { get: { operationId: "more", responses: {} } } });
      Object.assign(schemas(copy).Session?.properties as Node, { more: { type: "string" } });
    });
    expect(findBreaking(document, grown)).toEqual([]);
  });
});

describe("a server", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  const served = async (url: string) => {
    const answer = await fetch(url);
    expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
    return (await answer.json()) as {
      readonly openapi: string;
      readonly servers: unknown;
      readonly paths: Readonly<Record<string, unknown>>;
    };
  };

  it("answers the document of its public port, in both versions", async () => {
    const { openapi, servers, paths } = await served(`${server.url}/openapi.json`);
    expect([openapi, servers]).toEqual(["3.1.0", [{ url: server.url }]]);
    expect(Object.keys(paths)).toContain("/self-service/settings");
    expect(Object.keys(paths).filter((each) => each.startsWith("/admin/"))).toEqual([]);
    await expect(served(`${server.url}/openapi-3.0.json`)).resolves.toMatchObject({ openapi: "3.0.3" });
  });

  it("answers that of its admin port there, and nothing of the public one", async () => {
    const { servers, paths } = await served(`${server.adminUrl}/openapi.json`);
    expect(servers).toEqual([{ url: server.adminUrl }]);
    expect(Object.keys(paths)).not.toContain("/self-service/settings");
  });
});
