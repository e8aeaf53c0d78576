import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hours } from "../protocols/clock.ts";
import { type CallbackResult, send } from "../protocols/http.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { enterAsNewPerson, type Person } from "../protocols/person.ts";
import { accepted, type FlowKind, type Headers } from "../protocols/protocol.ts";
import { everythingWritten } from "../protocols/rows.ts";
import { startServer, type TestServer } from "../protocols/server.ts";
import "../setup/seeded.ts";

/*
 * Anything at all, sent to everything that takes a body: the server answers,
 * blames the client, says why, and writes nobody's account. The seed is fixed,
 * so that a failure stays one.
 */

let server: TestServer;
let person: Person;
let token: string | undefined;
const flows = new Map<FlowKind, string>();
beforeAll(async () => {
  server = await startServer();
  const someone = await enterAsNewPerson(nativeRest, server);
  person = someone.person;
  token = someone.visitor.credentials.token;
  // Too old for a protected change, so that no lucky password is set.
  server.clock.advance(hours(1));
  flows.set("settings", accepted(await someone.visitor.settings.create()).id);
  for (const kind of ["login", "registration"] as const)
    flows.set(kind, accepted(await nativeRest.enter(server)[kind].create()).id);
});
afterAll(() => server?.stop());

const runs = { numRuns: 300, endOnFailure: true } as const;

/* --- anything -------------------------------------------------------------- */

const text = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: "binary", maxLength: 40 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "\ud800",
      "\0",
      "__proto__",
      "%s%n",
      "{{7*7}}",
      "' OR 1=1 --",
      "\u202e",
      "x".repeat(70_000),
      "é".repeat(40_000),
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom("true", "on", "0", "-1", "1e999", "NaN", "null", "[]", "{}") },
);
const number = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(0, -0, 1e308, 2 ** 53));
const nested = fc.integer({ min: 1, max: 3_000 }).map((depth) => `${'{"a":['.repeat(depth)}${"]}".repeat(depth)}`);

const known = fc.constantFrom(
  ...[
    "method",
    "traits",
    "traits.email",
    "traits.name",
    "traits.name.first",
    "traits.tags.0",
    "traits.age",
    "password",
    "csrf_token",
    "identifier",
  ],
  ...[
    "transient_payload",
    "etag",
    "flow",
    "body",
    "screen",
    "profile",
    "__proto__",
    "constructor",
    "toString",
    "",
    ".",
    "a.",
    ".a",
    "traits.",
  ],
);
const name = fc.oneof({ weight: 5, arbitrary: known }, { weight: 2, arbitrary: text });

/** JSON as text, so that names which JavaScript would swallow are sent. */
const jsonText: fc.Arbitrary<string> = fc.letrec<{ value: string; object: string; list: string; scalar: string }>(
  (tie) => ({
    value: fc.oneof({ depthSize: "small", withCrossShrink: true }, tie("scalar"), tie("object"), tie("list"), nested),
    scalar: fc.oneof(
      text.map((value) => JSON.stringify(value)),
      number.map((value) => JSON.stringify(value)),
      fc.constantFrom("true", "false", "null"),
    ),
    object: fc
      .array(fc.tuple(name, tie("value")), { maxLength: 8 })
      .map((members) => `{${members.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(",")}}`),
    list: fc.array(tie("value"), { maxLength: 5 }).map((items) => `[${items.join(",")}]`),
  }),
).value;

const method = fc.constantFrom("profile", "password", "oidc", "link", "");
const membersText = (members: readonly (readonly [string, string])[]): string =>
  members.map(([key, value]) => `,${JSON.stringify(key)}:${value}`).join("");
/** A body that is nearly right: a method, and anything for its fields. */
const nearly = fc
  .tuple(method, fc.array(fc.tuple(name, jsonText), { maxLength: 6 }))
  .map(([which, members]) => `{"method":${JSON.stringify(which)}${membersText(members)}}`);
const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
const anyBody: fc.Arbitrary<string | Buffer> = fc.oneof(
  { weight: 6, arbitrary: nearly },
  { weight: 3, arbitrary: jsonText },
  { weight: 1, arbitrary: text },
  { weight: 1, arbitrary: bytes },
);
const headerText = fc.string({ unit: fc.constantFrom(..."abcXYZ019 ;=,/*+-_.\"'(){}[]<>%"), maxLength: 40 });
const contentType = fc.oneof(
  { weight: 12, arbitrary: fc.constant("application/json") },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "application/json; charset=utf-8",
      "application/json;charset=latin1",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "text/plain",
    ),
  },
  { weight: 1, arbitrary: headerText },
);

/* --- what must hold -------------------------------------------------------- */

const says = (value: unknown): boolean => typeof value === "string" && value !== "";

/** REST: the client's mistake, with an error or a form that says which. */
const mustBlame = (answer: CallbackResult): void => {
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.status).toBeLessThan(500);
  const { error, ui } = answer.json as {
    error?: { reason?: string; message?: string };
    ui?: { messages?: unknown[]; nodes: { messages: unknown[] }[] };
  };
  const texts = [...(ui?.messages ?? []), ...(ui?.nodes ?? []).flatMap((node) => node.messages)];
  expect(says(error?.message) || texts.length > 0).toBe(true);
};

/** Connect: the same, with the reason among the details. */
const mustExplain = (answer: CallbackResult): void => {
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.status).toBeLessThan(500);
  const { code, message, details } = answer.json as { code?: string; message?: string; details?: { type: string }[] };
  expect(says(code) && says(message)).toBe(true);
  expect(details?.map(({ type }) => type)).toContain("ostiary.errors.v1.ErrorInfo");
};

/** Nobody's account and nobody's session is touched. What is parked for later is no change. */
const nothingWritten = async (work: () => Promise<unknown>): Promise<void> => {
  const accounts = async () => ({ ...(await everythingWritten(server)), continuations: undefined });
  const before = await accounts();
  await work();
  expect(await accounts()).toEqual(before);
};

const kinds: readonly FlowKind[] = ["settings", "login", "registration"];
const session = (kind: FlowKind): Headers => (kind === "settings" ? { "x-session-token": token } : {});

describe("anything", () => {
  it.each(kinds)("submitted to a %s flow over REST", async (kind) => {
    await nothingWritten(() =>
      fc.assert(
        fc.asyncProperty(anyBody, contentType, async (body, type) => {
          const headers = { ...session(kind), "content-type": type, accept: "application/json" };
          mustBlame(
            await send(`${server.url}/self-service/${kind}?flow=${flows.get(kind)}`, { method: "POST", headers, body }),
          );
        }),
        runs,
      ),
    );
  });

  it.each(kinds)("submitted to a %s flow as a form", async (kind) => {
    await nothingWritten(() =>
      fc.assert(
        fc.asyncProperty(method, fc.array(fc.tuple(name, text), { maxLength: 8 }), async (which, fields) => {
          const body = new URLSearchParams([
            ["method", which],
            ...fields.map(([key, value]): [string, string] => [key.toWellFormed(), value.toWellFormed()]),
          ]).toString();
          const headers = {
            ...session(kind),
            "content-type": "application/x-www-form-urlencoded",
            accept: "application/json",
          };
          mustBlame(
            await send(`${server.url}/self-service/${kind}?flow=${flows.get(kind)}`, { method: "POST", headers, body }),
          );
        }),
        { ...runs, numRuns: 100 },
      ),
    );
  });

  it.each(kinds)("submitted to a %s flow over Connect", async (kind) => {
    const service = `ostiary.${kind}.v1.${kind.replace(/^./, (letter) => letter.toUpperCase())}Service`;
    const inner = fc.tuple(
      fc.constantFrom("profile", "password", "nonsense"),
      jsonText,
      fc.array(fc.tuple(name, jsonText), { maxLength: 2 }),
    );
    const body = fc.oneof(
      {
        weight: 6,
        arbitrary: inner.map(
          ([which, value, more]) => `{"flow":"${flows.get(kind)}","body":{"${which}":${value}${membersText(more)}}}`,
        ),
      },
      { weight: 1, arbitrary: anyBody },
    );
    await nothingWritten(() =>
      fc.assert(
        fc.asyncProperty(body, async (sent) => {
          mustExplain(
            await send(`${server.url}/${service}/UpdateFlow`, {
              method: "POST",
              headers: { ...session(kind), "content-type": "application/json" },
              body: sent,
            }),
          );
        }),
        runs,
      ),
    );
  });

  it("as bytes of a message, over Connect", async () => {
    await nothingWritten(() =>
      fc.assert(
        fc.asyncProperty(fc.constantFrom(...kinds), bytes, async (kind, body) => {
          const service = `ostiary.${kind}.v1.${kind.replace(/^./, (letter) => letter.toUpperCase())}Service`;
          mustExplain(
            await send(`${server.url}/${service}/UpdateFlow`, {
              method: "POST",
              headers: { ...session(kind), "content-type": "application/proto" },
              body,
            }),
          );
        }),
        runs,
      ),
    );
  });

  it("in a query or a header is answered, whatever it is", async () => {
    const path = fc.constantFrom(
      "/self-service/settings/api",
      "/self-service/settings/browser",
      "/self-service/settings/flows",
      "/self-service/login/api",
      "/self-service/login/browser",
      "/self-service/errors",
      "/sessions",
      "/sessions/whoami",
      "/schemas",
      "/self-service/logout/browser",
      "/self-service/logout",
    );
    const parameter = fc.constantFrom(
      "id",
      "flow",
      "return_to",
      "refresh",
      "aal",
      "page_size",
      "page_token",
      "page",
      "token",
      "error",
      "identity_schema",
      "type",
    );
    const header = fc.constantFrom(
      "accept",
      "cookie",
      "authorization",
      "x-session-token",
      "if-match",
      "origin",
      "sec-fetch-site",
      "x-request-id",
      "traceparent",
      "x-forwarded-for",
      "content-type",
    );
    await nothingWritten(() =>
      fc.assert(
        fc.asyncProperty(
          path,
          fc.array(fc.tuple(parameter, text), { maxLength: 4 }),
          fc.dictionary(header, headerText, { maxKeys: 4 }),
          async (where, query, headers) => {
            const search = new URLSearchParams(
              query.map(([key, value]): [string, string] => [key, value.slice(0, 1_000).toWellFormed()]),
            ).toString();
            const answer = await send(`${server.url}${where}?${search}`, {
              headers: { "x-session-token": token, ...headers },
            });
            expect(answer.status).toBeLessThan(500);
          },
        ),
        runs,
      ),
    );
  });

  it("has left the server and the person as they were", async () => {
    const answer = await send(`${server.url}/sessions/whoami`, { headers: { "x-session-token": token } });
    expect(answer.json).toMatchObject({ identity: { id: person.id, traits: { email: person.email } } });
    expect(server.logged.filter((line) => line.includes("failed inside the server"))).toEqual([]);
  });
});
