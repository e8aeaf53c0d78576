import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { merge } from "../../src/config/tree.ts";
import { enrolCodes, enrolTotp, growOld, nextCode, withFactors } from "../protocols/factors.ts";
import { spa } from "../protocols/json-rest.ts";
import { addKey, addPasskey, newDevice, withKeys } from "../protocols/keys.ts";
import { enterAs, enterAsNewPerson, newPassword, type Person } from "../protocols/person.ts";
import { type Answer, accepted, type Protocol, type Refusal, type Visitor } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { type SeenFlow, shownIn } from "../protocols/seen.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/*
 * Every endpoint of a session × how the session came about × which factors the
 * person has × protocol, generated: who is refused learns nothing of the account, and
 * what the error says next leads to success in at most three calls. What is expected is
 * worked out here again, from the words of docs/second-factors.md.
 */

const servers: { highest?: TestServer; lowest?: TestServer } = {};
beforeAll(async () => {
  const flows = { settings: { required_aal: "aal1" } };
  const overrides = merge(withKeys(), withFactors);
  const lowest = { session: { whoami: { required_aal: "aal1" } }, selfservice: { flows } };
  servers.highest = await startServer({ overrides });
  servers.lowest = await startServer({ overrides: merge(overrides, lowest) });
});
afterAll(async () => {
  await servers.highest?.stop();
  await servers.lowest?.stop();
});

/** Which second factors a person has; a passkey is a first one. */
const factorSets = ["none", "passkey", "totp", "codes", "totp and codes", "security key"] as const;
type FactorSet = (typeof factorSets)[number];

/** How a session came about. */
const states = ["first factor", "old first factor", "both", "both, old", "both, old, then the first again"] as const;
type State = (typeof states)[number];

interface Someone {
  readonly protocol: Protocol;
  readonly server: TestServer;
  person: Person;
  /** Gives a second factor that has not been used. */
  second(flow: SeenFlow): Readonly<Record<string, string>>;
}

const isFirstAlone = (set: FactorSet): boolean => set === "none" || set === "passkey";

const create = async (protocol: Protocol, server: TestServer, set: FactorSet): Promise<Someone> => {
  const { person, visitor } = await enterAsNewPerson(protocol, server);
  if (set === "passkey") accepted(await addPasskey(visitor, newDevice()));
  if (set === "security key") return withSecurityKey(protocol, server);
  const secret = set.startsWith("totp") ? await enrolTotp(visitor, server) : undefined;
  const codes = set.endsWith("codes") ? [...(await enrolCodes(visitor))] : [];
  const second = () =>
    secret === undefined
      ? { method: "lookup_secret", lookup_secret: codes.pop() ?? "" }
      : { method: "totp", totp_code: nextCode(server, secret) };
  return { protocol, server, person, second };
};

/** Security keys are added in browsers, and used everywhere. */
const withSecurityKey = async (protocol: Protocol, server: TestServer): Promise<Someone> => {
  const { person, visitor } = await enterAsNewPerson(spa, server);
  const device = newDevice();
  accepted(await addKey(visitor, device, "Key ring"));
  const second = (flow: SeenFlow) => ({
    method: "webauthn",
    webauthn_login: device.get(shownIn(flow, "webauthn_login_trigger")),
  });
  return { protocol, server, person, second };
};

const giveSecond = async (visitor: Visitor, { second }: Someone) => {
  const flow = accepted(await visitor.login.create({ aal: "aal2" }));
  accepted(await visitor.login.update(flow.id, second(flow)));
};

const enter = async (someone: Someone, state: State): Promise<Visitor> => {
  const { protocol, server, person } = someone;
  const visitor = await enterAs(protocol, server, person);
  if (state.startsWith("both")) await giveSecond(visitor, someone);
  if (state.includes("old")) growOld(server);
  if (state.endsWith("again")) accepted(await byPassword(visitor, person, { refresh: "true" }));
  return visitor;
};

const byPassword = async (visitor: Visitor, { email, password }: Person, query: Readonly<Record<string, string>>) => {
  const flow = accepted(await visitor.login.create(query));
  return visitor.login.update(flow.id, { method: "password", identifier: email, password });
};

/** What only scripts and apps do: a form sends no DELETE. */
const notByForm: ReadonlySet<string> = new Set([
  "the end of another session",
  "the end of all others",
  "the end of trust in a browser",
]);

/** What is asked of a session, and what it needs. */
const endpoints: Readonly<
  Record<
    string,
    {
      readonly needs: "whoami" | "settings" | "factors";
      readonly call: (visitor: Visitor, flow: string, someone: Someone) => Promise<Answer<unknown>>;
    }
  >
> = {
  whoami: { needs: "whoami", call: (visitor) => visitor.whoami() },
  "the list of sessions": { needs: "whoami", call: (visitor) => visitor.sessions() },
  "the end of another session": { needs: "whoami", call: (visitor, flow) => visitor.revoke(flow) },
  "the end of all others": { needs: "whoami", call: (visitor) => visitor.revokeOthers() },
  "the list of trusted devices": { needs: "whoami", call: (visitor) => visitor.trustedDevices() },
  "the end of trust in a browser": { needs: "whoami", call: (visitor, flow) => visitor.endTrustedDevice(flow) },
  "a settings form": { needs: "settings", call: (visitor) => visitor.settings.create() },
  "the settings form again": { needs: "settings", call: (visitor, flow) => visitor.settings.get(flow) },
  "a resume": { needs: "settings", call: (visitor, flow) => visitor.resume(flow) },
  "another name": {
    needs: "settings",
    call: (visitor, flow, { person }) =>
      visitor.settings.update(flow, { method: "profile", traits: { email: person.email, name: { first: "Ann" } } }),
  },
  "another password": {
    needs: "factors",
    call: async (visitor, flow, someone) => {
      const password = newPassword();
      const answer = await visitor.settings.update(flow, { method: "password", password });
      if (answer.ok) someone.person = { ...someone.person, password };
      return answer;
    },
  },
};

/** What the session is refused with, worked out from what it is and what is asked; undefined: nothing. */
const expected = (set: FactorSet, state: State, needs: "whoami" | "settings" | "factors", lowest: boolean) => {
  const hasSecond = !isFirstAlone(set);
  const isRaised = state.startsWith("both");
  if (hasSecond && !isRaised && (!lowest || needs === "factors")) return "AAL2_REQUIRED";
  if (needs !== "factors") return undefined;
  const isRecent = hasSecond ? state === "both" : !state.includes("old") || state.endsWith("again");
  return isRecent ? undefined : "SESSION_REFRESH_REQUIRED";
};

/** Does what the error says next: two calls. */
const follow = async (visitor: Visitor, someone: Someone, refusal: Refusal): Promise<void> => {
  const { reauthenticate, stepUp: needed } = refusal;
  const next = reauthenticate?.nativeLoginUrl ?? reauthenticate?.redirectBrowserTo ?? needed?.redirectBrowserTo;
  const { return_to: _, ...query } = Object.fromEntries(new URL(next ?? refusal.location ?? "").searchParams);
  const flow = accepted(await visitor.login.create(query));
  const { email: identifier, password } = someone.person;
  const answer = query.aal === "aal2" ? someone.second(flow) : { method: "password", identifier, password };
  accepted(await visitor.login.update(flow.id, answer));
};

/** Calls every endpoint; follows each kind of refusal once, and then calls what was refused with it again. */
const check = async (someone: Someone, set: FactorSet, state: State, lowest: boolean): Promise<void> => {
  const visitor = await enter(someone, state);
  const flow = await flowOf(someone, visitor);
  const refused: { readonly name: string; readonly refusal: Refusal }[] = [];
  for (const [name, { needs, call }] of Object.entries(endpoints)) {
    if (someone.protocol.isForm && notByForm.has(name)) continue;
    const answer = await call(visitor, flow, someone);
    const where = `${name}, ${set}, ${state}`;
    const wanted = expected(set, state, needs, lowest);
    expect([where, answer.ok ? undefined : answer.reason]).toEqual([where, wanted]);
    if (answer.ok) continue;
    // No leak: neither who it is nor what they are called.
    expect(JSON.stringify(answer)).not.toContain(someone.person.email);
    expect(JSON.stringify(answer)).not.toContain(someone.person.id);
    refused.push({ name, refusal: answer });
  }
  // No dead end: two calls, and then the one that was refused.
  for (const reason of new Set(refused.map(({ refusal }) => refusal.reason))) {
    const same = refused.filter(({ refusal }) => refusal.reason === reason);
    // Each says the same, but for where it leads back to.
    const [first] = same;
    if (first) await follow(visitor, someone, first.refusal);
    for (const { name } of same) {
      const again = await endpoints[name]?.call(visitor, flow, someone);
      expect([name, set, state, again?.ok]).toEqual([name, set, state, true]);
    }
  }
};

/** A settings flow of the person, made by a session that could: the one at hand may be kept from making one. */
const flowOf = async (someone: Someone, visitor: Visitor): Promise<string> => {
  const own = await visitor.settings.create();
  if (own.ok) return own.value.id;
  const maker = await enterAs(someone.protocol, someone.server, someone.person);
  await giveSecond(maker, someone);
  return accepted(await maker.settings.create()).id;
};

const serverOf = (which: keyof typeof servers): TestServer => {
  const server = servers[which];
  if (server === undefined) throw new Error("not started");
  return server;
};

describe.each(protocols)("through $name", (protocol) => {
  const rows = factorSets.flatMap((set) =>
    states.filter((state) => !isFirstAlone(set) || !state.startsWith("both")).map((state) => [set, state] as const),
  );

  it.each(rows)("with %s, by %s, each endpoint asks for what the account has", async (set, state) => {
    await check(await create(protocol, serverOf("highest"), set), set, state, false);
  });

  it.each(states)("where the first factor is enough, with totp, by %s", async (state) => {
    await check(await create(protocol, serverOf("lowest"), "totp"), "totp", state, true);
  });
});
