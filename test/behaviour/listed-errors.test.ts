import { randomUUID } from "node:crypto";
import { fromBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ErrorInfoSchema, ReasonSchema } from "../../gen/ostiary/errors/v1/errors_pb.ts";
import { merge, type Raw } from "../../src/config/tree.ts";
import { hours } from "../protocols/clock.ts";
import { send } from "../protocols/http.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { enterAsNewPerson, newEmail } from "../protocols/person.ts";
import { accepted, type Headers, type Visitor } from "../protocols/protocol.ts";
import { answering, type Receiver, startReceiver, wholeContext } from "../protocols/receiver.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/*
 * Errors that an RPC lists and that no other test has a reason to reach: flows that are switched off, of which there
 * are too many, or that a hook keeps from beginning. listed-errors-meanwhile.test.ts has those that need a provider.
 */

let server: TestServer;
let receiver: Receiver;
/** Flows that are over by now: another one takes the place of each. */
let flows: Readonly<Record<Kind, string>>;
let person: { readonly id: string; readonly visitor: Visitor; readonly flow: string };
beforeAll(async () => {
  receiver = await startReceiver();
  server = await startServer({ overrides: usual });
  const { person: account, visitor } = await enterAsNewPerson(nativeRest, server);
  person = { id: account.id, visitor, flow: accepted(await visitor.settings.create()).id };
  flows = { recovery: await begin("recovery"), verification: await begin("verification") };
  server.clock.advance(hours(2));
});
afterAll(async () => {
  await server?.stop();
  await receiver?.close();
});

const usual: Raw = {
  selfservice: { flows: { recovery: { enabled: true }, verification: { enabled: true } } },
  clients: { web_hook: { timeout: "2s" } },
};
/** Starts the server anew, with something else than usual. */
const configure = (part: Raw) => server.restart(merge(usual, part));
const flowsWith = (flows: Raw): Raw => ({ selfservice: { flows } });

/** Why an RPC refuses, over Connect. */
const reasonOf = async (at: string, rpc: string, message: object, headers: Headers = {}): Promise<string> => {
  const answer = await send(`${at}/ostiary.${rpc}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(message),
  });
  const details = (answer.json.details ?? []) as readonly { readonly type: string; readonly value: string }[];
  const info = details.find(({ type }) => type === ErrorInfoSchema.typeName);
  const { reason } = fromBinary(ErrorInfoSchema, Buffer.from(info?.value ?? "", "base64"));
  return ReasonSchema.value[reason]?.localName ?? "";
};

type Kind = "recovery" | "verification";
const kinds: readonly Kind[] = ["recovery", "verification"];
const services = {
  recovery: "recovery.v1.RecoveryService",
  verification: "verification.v1.VerificationService",
} as const;

/** What each RPC of a flow is asked with. */
const requests = {
  CreateFlow: () => ({ type: "FLOW_TYPE_API" }),
  GetFlow: (id: string) => ({ id }),
  UpdateFlow: (flow: string) => ({ flow, body: { email: newEmail(), code: {} } }),
  OpenLink: (flow: string) => ({ flow, token: "t" }),
} as const;
type Name = keyof typeof requests;

const ask = (kind: Kind, name: Name, flow: string, headers: Headers = {}) =>
  reasonOf(server.url, `${services[kind]}/${name}`, requests[name](flow), headers);
const begin = async (kind: Kind): Promise<string> => accepted(await nativeRest.enter(server)[kind].create()).id;
const signedIn = () => ({ "x-session-token": person.visitor.credentials.token });
const admin = "recovery.v1.RecoveryAdminService";
const ofOperator = (name: string, message: object) => reasonOf(server.adminUrl, `${admin}/${name}`, message);
/** What begins a flow: UpdateFlow and OpenLink in place of one that is over. */
const beginning = ["CreateFlow", "UpdateFlow", "OpenLink"] as const;

describe("as usual", () => {
  it.each(kinds)("a %s flow that is none, or over, has no link to open", async (kind) => {
    expect(await ask(kind, "OpenLink", randomUUID())).toBe("FLOW_NOT_FOUND");
    expect(await ask(kind, "OpenLink", flows[kind])).toBe("FLOW_EXPIRED");
  });

  it("recovery is not for whoever is signed in", async () => {
    const refusal = await ask("recovery", "UpdateFlow", await begin("recovery"), signedIn());
    expect(refusal).toBe("SESSION_ALREADY_AVAILABLE");
  });
});

describe("where it is switched off", () => {
  beforeAll(() => configure(flowsWith({ recovery: { enabled: false }, verification: { enabled: false } })));

  it.each(kinds)("every RPC of %s says so", async (kind) => {
    for (const name of Object.keys(requests) as Name[])
      expect([name, await ask(kind, name, flows[kind])]).toEqual([name, "FLOW_DISABLED"]);
  });

  it("recovery has neither codes nor links of operators", async () => {
    expect(await ofOperator("CreateRecoveryCode", { identityId: person.id })).toBe("FLOW_DISABLED");
    expect(await ofOperator("CreateRecoveryLink", { body: { identityId: person.id } })).toBe("FLOW_DISABLED");
  });
});

it("where codes are switched off, operators make none", async () => {
  const methods = { code: { enabled: false }, link: { enabled: true } };
  await configure({ selfservice: { methods, flows: { recovery: { use: "link" }, verification: { use: "link" } } } });
  expect(await ofOperator("CreateRecoveryCode", { identityId: person.id })).toBe("METHOD_DISABLED");
});

describe("where enough flows were begun", () => {
  beforeAll(async () => {
    await configure({ limits: { flows: { per_network: 1 } } });
    await begin("recovery");
    accepted(await person.visitor.settings.create());
  });

  it.each(kinds)("a %s flow is not begun, neither anew nor in place of one that is over", async (kind) => {
    for (const name of beginning) expect([name, await ask(kind, name, flows[kind])]).toEqual([name, "RATE_LIMITED"]);
  });

  it("a settings flow is not begun, neither anew nor in place of one that is over", async () => {
    const service = "settings.v1.SettingsService";
    const { flow } = person;
    const created = await reasonOf(server.url, `${service}/CreateFlow`, { type: "FLOW_TYPE_API" }, signedIn());
    const resumed = await reasonOf(server.url, `${service}/ResumeFlow`, { flow }, signedIn());
    expect([created, resumed]).toEqual(["RATE_LIMITED", "RATE_LIMITED"]);
  });
});

describe("where a hook is asked before a flow", () => {
  beforeAll(() => {
    const config = { url: `${receiver.url}/hook`, method: "POST", body: wholeContext, can_interrupt: true };
    const before = { before: { hooks: [{ hook: "web_hook", config }] } };
    return configure(flowsWith({ recovery: before, verification: before }));
  });

  it.each([
    ["refuses", "FLOW_REFUSED", answering(400, { messages: [{ messages: [{ id: 1, text: "no", type: "error" }] }] })],
    ["fails", "UPSTREAM_FAILED", answering(500, {})],
    ["does not answer", "UPSTREAM_TIMED_OUT", () => undefined],
  ] as const)("and %s, none begins", async (_, reason, answer) => {
    receiver.answer = answer;
    const asked = kinds.flatMap((kind) => beginning.map((name) => ask(kind, name, flows[kind])));
    expect(await Promise.all(asked)).toEqual(asked.map(() => reason));
  });
});
