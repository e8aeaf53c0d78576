import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { columnSizes } from "../../src/db/column-sizes.ts";
import { connectBinary, connectBrowser, connectJson, grpc, grpcWeb } from "../protocols/connect.ts";
import { send } from "../protocols/http.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { change, enterAsNewPerson, newEmail, newPassword, signIn } from "../protocols/person.ts";
import { type Answer, accepted, type Protocol, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { everythingWritten } from "../protocols/rows.ts";
import { startServer, type TestServer, ui } from "../protocols/server.ts";

/*
 * What is kept is checked in the form in which it is kept, and is as long as its
 * column at most: the client hears which field is wrong, and the database never
 * has to refuse anything.
 */

const keyword = "ory.sh/kratos";
const mail = {
  credentials: { code: { identifier: true, via: "email" } },
  verification: { via: "email" },
  recovery: { via: "email" },
};
const schema = {
  type: "object",
  properties: {
    traits: {
      type: "object",
      properties: {
        email: {
          type: "string",
          format: "email",
          [keyword]: { ...mail, credentials: { ...mail.credentials, password: { identifier: true } } },
        },
        plain: { type: "string", [keyword]: mail },
        loose: { type: "string", format: "email_loose", [keyword]: mail },
        unchecked: { type: "string", format: "no-validate", [keyword]: mail },
        phone: { type: "string", format: "no-validate", [keyword]: { verification: { via: "sms" } } },
        nickname: {
          type: "string",
          [keyword]: { credentials: { password: { identifier: true }, webauthn: { identifier: true } } },
        },
        any: {},
      },
      required: ["email"],
      additionalProperties: false,
    },
  },
};

let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    overrides: {
      identity: {
        default_schema_id: "person",
        schemas: [{ id: "person", url: `base64://${Buffer.from(JSON.stringify(schema)).toString("base64")}` }],
      },
    },
  });
});
afterAll(() => server?.stop());

const signUp = async (protocol: Protocol, traits: JsonObject): Promise<Answer<unknown>> => {
  const visitor = protocol.enter(server);
  const flow = accepted(await visitor.registration.create());
  return visitor.registration.update(flow.id, { method: "password", password: newPassword(), traits });
};

/** Refused in words, at the trait; nothing of it is in the account. */
const refusedAt = async (answer: Answer<unknown>, trait: string): Promise<void> => {
  const { reason, texts } = refused(answer);
  expect({ trait, reason }).toEqual({ trait, reason: "FORM_REJECTED" });
  expect(texts.filter(({ type }) => type === "error").map(({ node }) => node)).toEqual([`traits.${trait}`]);
};

describe.each(protocols)("through $name", (protocol) => {
  it.each([
    ["two addresses in one, folded", "email", "attacker＠evil.com，x@victim.example"],
    ["an address around another, folded", "email", "x＜victim＠corp＞@evil.example"],
    ["an address whose name folds away", "email", "\u3164@host.example"],
    ["an address that folds to ten times its length", "email", `${"\ufdfa".repeat(20)}@example.com`],
    ["two addresses in one, without a format", "plain", "attacker＠evil.com，x@victim.example"],
    ["two addresses around a zero", "plain", "two@example.com\u0000three@example.com"],
    ["two addresses in one, of the loose format", "loose", "attacker＠evil.com，x@victim.example"],
    [
      "two addresses in one, folded, that the schema does not check",
      "unchecked",
      "attacker＠evil.com，x@victim.example",
    ],
    ["two addresses in one that the schema does not check", "unchecked", "one@example.com, two@example.com"],
    ["an address with a zero", "unchecked", "one@example.com\u0000"],
    ["an address with a line of its own", "unchecked", "one@example.com\r\nBcc: two@example.com"],
    ["an address longer than its column", "unchecked", `${"x".repeat(513)}@example.com`],
    ["a phone number with a zero", "phone", "+49 1\u00002"],
    ["a phone number longer than its column", "phone", "x".repeat(513)],
    ["a user name longer than its column", "nickname", "x".repeat(513)],
    ["a user name that folds to more than its column", "nickname", "\ufdfa".repeat(29)],
  ])("%s is refused at its field, at sign-up and later, and nothing is written", async (_, trait, value) => {
    const before = await everythingWritten(server);
    await refusedAt(await signUp(protocol, { email: newEmail(), [trait]: value }), trait);
    expect(await everythingWritten(server)).toEqual(before);
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    await refusedAt(
      await change(visitor, { method: "profile", traits: { email: person.email, [trait]: value } }),
      trait,
    );
    expect(accepted(await visitor.whoami()).traits).toEqual({ email: person.email });
  });

  it("an address and a name as long as their columns are kept, as they were checked", async () => {
    const nickname = `${Math.random()}`.padEnd(512, "é");
    const unchecked = `${newEmail()}`.padStart(512, "ü");
    accepted(await signUp(protocol, { email: `ＡＮＮ${newEmail()}`, nickname, unchecked }));
    const [row] = await server.sql<{ n: number }>(
      "SELECT COUNT(*) AS n FROM identity_identifiers WHERE identifier = ?",
      [nickname],
    );
    expect(row?.n).toBe(2);
    const [address] = await server.sql<{ n: number }>("SELECT COUNT(*) AS n FROM identity_addresses WHERE value = ?", [
      unchecked,
    ]);
    expect(address?.n).toBe(2);
  });
});

it.each([connectJson, connectBinary, connectBrowser, grpc, grpcWeb])(
  "a return_to too long to be kept is refused by its name through $name",
  async (protocol) => {
    const visitor = protocol.enter(server);
    for (const kind of ["login", "registration"] as const) {
      const answer = await visitor[kind].create({ return_to: `${ui.welcome}?${"é".repeat(1_000)}` });
      expect(answer).toMatchObject({ ok: false, reason: "INVALID_FIELD", field: "return_to" });
    }
  },
);

/* --- every column ---------------------------------------------------------- */

/** Columns that hold what the server makes itself, out of closed lists or of the configuration. */
const ofTheServer = [
  "identities.external_id",
  "identities.schema_id",
  "identities.state",
  "identities.metadata_public",
  "identities.metadata_admin",
  "identity_credentials.type",
  "identity_identifiers.type",
  "identity_addresses.purpose",
  "identity_addresses.via",
  "sessions.methods",
  "flows.kind",
  "flows.type",
  "flows.state",
  "continuations.kind",
  "continuations.step",
  "continuations.method",
  "security_events.type",
  "security_events.outcome",
  "security_events.receivers",
];

/** What no column takes, or few: too long, of four bytes, with zeros, with halves of characters, nested, not finite. */
const weird = (size: number): readonly unknown[] => [
  "x".repeat(size),
  "x".repeat(size + 1),
  "\ufdfa".repeat(size),
  "😀".repeat(Math.min(size + 1, 20_000)),
  "a\0b",
  "\ud800",
  "\udc00x",
  "%00%ff",
  "\u202e\u2066",
  "' OR 1=1 -- \\",
];
const inside: readonly unknown[] = [
  1e308,
  -0,
  2 ** 60,
  nested(31),
  nested(33),
  { "\0": "\0" },
  { "\ud800": 1 },
  Array.from({ length: 990 }, () => "é"),
  { a: "😀" },
];
function nested(depth: number): unknown {
  return depth === 0 ? "end" : depth % 2 === 0 ? { a: nested(depth - 1) } : [nested(depth - 1)];
}

/** A client of gRPC refuses some values itself. */
const clientRefused = (error: unknown): [] => {
  if (error instanceof Error && /refused: (?:INTERNAL|UNAVAILABLE)/.test(error.message)) throw error;
  return [];
};

type Sender = (protocol: Protocol, value: unknown) => Promise<readonly Answer<unknown>[]>;
const traits =
  (...names: readonly string[]): Sender =>
  async (protocol, value) => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const answers: Answer<unknown>[] = [];
    for (const name of names) {
      const sent = { email: person.email, [name]: value } as JsonObject;
      answers.push(await signUp(protocol, { ...sent, email: name === "email" ? (value as string) : newEmail() }));
      answers.push(await change(visitor, { method: "profile", traits: sent }));
    }
    return answers;
  };
const forms: Sender = async (protocol, value) => {
  const visitor = protocol.enter(server);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const answers: Answer<unknown>[] = [
    await signIn(visitor, { email: text, password: "x" }),
    await signIn(visitor, { email: "x", password: text }),
  ];
  for (const method of ["password", "oidc", "profile"]) {
    const flow = accepted(await visitor.registration.create());
    answers.push(
      await visitor.registration.update(flow.id, {
        method,
        traits: { any: value as string },
        password: text,
        provider: text,
      } as JsonObject),
    );
  }
  return answers;
};
const creation: Sender = async (protocol, value) => {
  const visitor = protocol.enter(server);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const answers: Answer<unknown>[] = [];
  for (const kind of ["login", "registration"] as const) {
    for (const name of ["return_to", "aal", "identity_schema", "login_challenge", "organization", "via"]) {
      const query = name === "return_to" ? `${ui.welcome}?${text}` : text;
      answers.push(
        await visitor[kind].create({ [name]: query }).catch((): Answer<unknown> => ({ ok: true, value: undefined })),
      );
    }
  }
  return answers;
};

/** Headers reach columns too; a client of HTTP sends no line breaks in them. */
const headers: Sender = async (protocol, value) => {
  const { visitor, person } = await enterAsNewPerson(protocol, server);
  const text = Buffer.from(typeof value === "string" ? value : JSON.stringify(value))
    .toString("latin1")
    .slice(0, 8_000)
    .replace(/[\0\r\n]/g, "?");
  const flow = accepted(await visitor.settings.create());
  const answer = await send(`${server.url}/self-service/settings?flow=${flow.id}`, {
    method: "POST",
    headers: {
      "x-session-token": visitor.credentials.token,
      "content-type": "application/json",
      "user-agent": text,
      "x-request-id": text,
      "x-forwarded-for": text,
    },
    body: JSON.stringify({ method: "password", password: newPassword() }),
  });
  expect(answer.status).toBeLessThan(500);
  return [await signIn(nativeRest.enter(server), person)];
};

/** Ways in which a client reaches columns, and the columns that each reaches. */
const ways: readonly (readonly [columns: readonly string[], Sender])[] = [
  [["identities.traits"], traits("any")],
  [["identities.addresses"], traits("unchecked", "loose")],
  [["identities.credentials", "security_events.detail"], traits("nickname")],
  [["identity_identifiers.identifier"], traits("email", "nickname", "plain")],
  [["identity_addresses.value"], traits("email", "plain", "unchecked", "phone")],
  [["identity_credentials.config", "flows.form", "flows.active"], forms],
  [["flows.request_url", "flows.context"], creation],
  [
    ["continuations.ciphertext"],
    async (protocol, value) => {
      const { visitor, person } = await enterAsNewPerson(protocol, server);
      server.clock.advance(3_600_000);
      return [
        await change(visitor, {
          method: "profile",
          traits: { email: person.email, any: value as string, nickname: String(Math.random()) },
        }),
      ];
    },
  ],
  [
    ["sessions.device", "security_events.remote_address", "security_events.request_id", "security_events.user_agent"],
    headers,
  ],
];
const reached = ways.flatMap(([columns]) => columns);

describe("the table of columns", () => {
  it("has every column with a text of the tables that clients reach, with its size", async () => {
    const columns = await server.sql<{ name: string; type: string; characters: number; bytes: number }>(
      `SELECT CONCAT(TABLE_NAME, '.', COLUMN_NAME) AS name, COLUMN_TYPE AS type, CHARACTER_MAXIMUM_LENGTH AS characters,
        CHARACTER_OCTET_LENGTH AS bytes
         FROM information_schema.columns
        WHERE TABLE_SCHEMA = DATABASE() AND DATA_TYPE IN ('varchar', 'char', 'text', 'mediumtext', 'longtext', 'json',
        'mediumblob')`,
    );
    // Of the tables that clients reach.
    const tables = new Set(reached.map((name) => name.split(".")[0]));
    const ours = columns.filter(({ name }) => tables.has(name.split(".")[0]));
    expect(ours.map(({ name }) => name).sort()).toEqual([...ofTheServer, ...reached].sort());
    for (const { name, type, characters, bytes } of ours) {
      const size = Object.hasOwn(columnSizes, name) ? columnSizes[name as keyof typeof columnSizes] : undefined;
      if (ofTheServer.includes(name)) continue;
      if (type.startsWith("varchar")) expect({ name, size }).toEqual({ name, size: Number(characters) });
      if (type === "text") expect({ name, size }).toEqual({ name, size: Number(bytes) });
    }
  });

  it.each([
    ["page_token", Buffer.from("999999999999999/00000000-0000-4000-8000-000000000000").toString("base64url")],
    ["page_token", Buffer.from("0/00000000-0000-4000-8000-000000000000").toString("base64url")],
    ["page", "2147483647"],
    ["page", "-5"],
    ["page_size", "2147483648"],
  ])("a %s of %s is no failure of the database", async (name, value) => {
    for (const protocol of protocols) {
      const { visitor } = await enterAsNewPerson(protocol, server);
      const answer = await visitor.sessions({ [name]: value }).catch(clientRefused);
      if ("ok" in answer && !answer.ok) expect(answer.reason).toBe("INVALID_FIELD");
    }
  });

  it.each(ways.map(([columns, sender]) => [columns.join(", "), columns, sender] as const))(
    "%s: whatever a client sends, by REST and by gRPC, the database refuses nothing",
    async (_, columns, sender) => {
      const sizes = columns.map((name) => columnSizes[name as keyof typeof columnSizes] ?? 512);
      const values = new Set([...sizes.flatMap(weird), ...inside]);
      for (const protocol of [nativeRest, grpc, connectBinary]) {
        for (const value of values) {
          for (const answer of await sender(protocol, value).catch(clientRefused))
            if (!answer.ok) expect(["INTERNAL", "UNAVAILABLE", "UNKNOWN"]).not.toContain(answer.reason);
        }
      }
      expect(server.logged.filter((line) => line.includes("a call failed inside the server"))).toEqual([]);
    },
    60_000,
  );
});
