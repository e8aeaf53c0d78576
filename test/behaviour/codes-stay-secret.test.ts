import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seconds } from "../protocols/clock.ts";
import { codeAt, enrolCodes, enrolTotp, nextCode, stepUp, withFactors } from "../protocols/factors.ts";
import { send } from "../protocols/http.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { lastMessageTo, type QueuedMessage, wrongCode } from "../protocols/messages.ts";
import { enterAsNewPerson, newEmail } from "../protocols/person.ts";
import { type Answer, accepted, type Visitor } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/*
 * What the server makes and a person brings back: codes and links of messages, the secret of an authenticator app, its
 * codes, backup codes. Right, wrong or used twice, none is found in what the server says of itself: its log, its
 * metrics, its events, its errors; nor in a row of the database as it is.
 */

const overrides = {
  selfservice: {
    flows: { recovery: { enabled: true }, verification: { enabled: true, use: "link" } },
    methods: { ...withFactors.selfservice.methods, link: { enabled: true }, code: { config: { lifespan: "10m" } } },
  },
  feature_flags: { use_continue_with_transitions: true },
};

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides });
});
afterAll(() => server?.stop());

const secrets = new Set<string>();
const plant = <T extends string>(secret: T): T => {
  expect(secret.length).toBeGreaterThanOrEqual(6);
  secrets.add(secret);
  return secret;
};

const refusals: string[] = [];
/** Notes what a request was answered with where it was refused. */
const noted = <T>(answer: Answer<T>): Answer<T> => {
  if (!answer.ok) refusals.push(JSON.stringify(answer));
  return answer;
};

/** A whole word: six digits are a part of many longer numbers. */
const isIn = (text: string, secret: string): boolean =>
  new RegExp(`(?<![\\w-])${secret.replaceAll(/[.*+?^$()|[\]{}\\]/g, "\\$&")}(?![\\w-])`).test(text);

/** The tables whose rows people and receivers read, or operators with a client of the database. */
const tables = ["security_events", "event_stream", "flows", "courier_messages", "jobs", "identity_credentials"];

const mustNotTell = async (): Promise<void> => {
  const rows = await Promise.all(tables.map((table) => server.sql(`SELECT * FROM ${table}`)));
  const text = (_: string, value: unknown): unknown =>
    typeof value === "object" && value !== null && "data" in value && Array.isArray(value.data)
      ? Buffer.from(value.data as number[]).toString("latin1")
      : value;
  const places: Readonly<Record<string, string>> = {
    log: server.logged.join(""),
    metrics: (await send(`${server.adminUrl}/metrics/prometheus`)).text,
    errors: refusals.join("\n"),
    ...Object.fromEntries(tables.map((table, at) => [table, JSON.stringify(rows[at], text)])),
  };
  expect(places.log).toContain('"msg":"call"');
  expect(places.security_events).toContain("registration.succeeded");
  expect(secrets.size).toBeGreaterThan(0);
  for (const [place, said] of Object.entries(places))
    for (const secret of secrets) expect([place, isIn(said, secret) ? secret : ""]).toEqual([place, ""]);
};

/** A login flow of somebody who has given a second factor already. */
const again = { refresh: "true" };

const tokenOf = ({ url }: QueuedMessage): string => {
  const query = new URL(url).searchParams;
  return query.get("token") ?? query.get("code") ?? "";
};

/** Asks for a message in a flow of recovery; gives the flow. */
const ask = async (visitor: Visitor, method: "code" | "link", email: string): Promise<string> => {
  const { id } = accepted(await visitor.recovery.create());
  server.clock.advance(seconds(1));
  accepted(await visitor.recovery.update(id, { method, email }));
  return id;
};

describe.each(protocols)("through $name", (protocol) => {
  it("no code and no link of a message is told", async () => {
    const email = newEmail();
    await enterAsNewPerson(protocol, server, { email });
    plant(tokenOf(await lastMessageTo(server, email)));

    const visitor = protocol.enter(server);
    const id = await ask(visitor, "code", email);
    const message = await lastMessageTo(server, email);
    const code = plant(message.code);
    noted(await visitor.recovery.update(id, { method: "code", code: plant(wrongCode(code)) }));
    accepted(await visitor.recovery.update(id, { method: "code", code }));
    noted(await protocol.enter(server).recovery.update(id, { method: "code", code }));
    await mustNotTell();
  });

  it("no secret of an app, no code of it and no backup code is told", async () => {
    const { visitor } = await enterAsNewPerson(protocol, server);
    const secret = plant(await enrolTotp(visitor, server));
    plant(codeAt(secret, server.clock.now()));
    const backups = await enrolCodes(visitor);
    for (const each of backups) plant(each);
    const [first = "", second = ""] = backups;

    const wrong = plant(wrongCode(nextCode(server, secret)));
    noted(await stepUp(visitor, { method: "totp", totp_code: wrong }, again));
    accepted(await stepUp(visitor, { method: "totp", totp_code: nextCode(server, secret) }, again));
    const used = plant(codeAt(secret, server.clock.now()));
    noted(await stepUp(visitor, { method: "totp", totp_code: used }, again));
    accepted(await stepUp(visitor, { method: "lookup_secret", lookup_secret: first }, again));
    noted(await stepUp(visitor, { method: "lookup_secret", lookup_secret: first }, again));
    noted(await stepUp(visitor, { method: "lookup_secret", lookup_secret: `${second}x` }, again));
    await mustNotTell();
  });
});

it("a token of a link is not told, followed, submitted wrong, or used twice", async () => {
  const email = newEmail();
  await enterAsNewPerson(nativeRest, server, { email });
  const visitor = nativeRest.enter(server);
  const id = await ask(visitor, "code", email);
  const message = await lastMessageTo(server, email);
  plant(message.code);
  const { search } = new URL(message.url);
  const followed = await send(`${server.url}/self-service/recovery${search}`);
  refusals.push(followed.text.replaceAll(message.code, ""));
  const token = plant("t".repeat(31) + Date.now().toString(36));
  noted(await visitor.recovery.update(id, { method: "link", token }));
  noted(await nativeRest.enter(server).recovery.update(id, { method: "link", token }));
  await mustNotTell();
});
