import { randomUUID } from "node:crypto";
import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { SessionAdminService } from "../../gen/ostiary/session/v1/session_admin_service_pb.ts";
import { merge, type Raw } from "../../src/config/tree.ts";
import { hours, minutes } from "../protocols/clock.ts";
import { enrolTotp, withFactors } from "../protocols/factors.ts";
import { type CallbackResult, send } from "../protocols/http.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { linkThrough, withCode } from "../protocols/linking.ts";
import { done, operatorRest } from "../protocols/operators.ts";
import { enterAs, enterAsNewPerson, newEmail, signIn } from "../protocols/person.ts";
import { accepted, type Protocol, refused, type Visitor } from "../protocols/protocol.ts";
import {
  away,
  comeBack,
  locationOf,
  type Providers,
  showRealTime,
  signInAt,
  startProviders,
} from "../protocols/providers.ts";
import { answering, type Receiver, startReceiver, wholeContext } from "../protocols/receiver.ts";
import { startServer, type TestServer, ui } from "../protocols/server.ts";
import { type OpenidStub, startOpenidStub } from "../setup/openid-stub.ts";

/*
 * Errors that an RPC lists and that need something to happen between two requests: while a browser is at a provider,
 * while an app has not fetched what came back, while a change waits.
 */

let server: TestServer;
let providers: Providers;
let stub: OpenidStub;
let receiver: Receiver;
let usual: Raw;
beforeAll(async () => {
  [server, stub, receiver] = await Promise.all([startServer(), startOpenidStub("app"), startReceiver()]);
  providers = await startProviders(server);
  const { config } = (providers.overrides as { selfservice: { methods: { oidc: { config: { providers: Raw[] } } } } })
    .selfservice.methods.oidc;
  const app = {
    id: "stub",
    provider: "generic",
    client_id: "app",
    client_secret: "a secret of the test",
    issuer_url: stub.issuer,
    mapper: { traits: { email: "claims.email" } },
  };
  const oidc = { enabled: true, config: { providers: [...config.providers, app] } };
  usual = merge(withFactors, {
    selfservice: { methods: { oidc }, flows: { verification: { enabled: true } } },
    clients: { web_hook: { timeout: "1s" } },
  });
});
beforeEach(() => {
  receiver.reset();
  showRealTime(server);
});
afterAll(async () => {
  await server?.stop();
  await Promise.all([providers?.close(), stub?.close(), receiver?.close()]);
});

let configured: string | undefined;
/** Starts the server anew where it is configured otherwise. */
const configure = async (part: Raw): Promise<void> => {
  const wanted = JSON.stringify(part);
  if (configured !== wanted) await server.restart(merge(usual, part));
  configured = wanted;
};
const flowsWith = (flows: Raw): Raw => ({ selfservice: { flows } });
const hook = (config: Raw = {}) => ({
  hook: "web_hook",
  config: { url: `${receiver.url}/hook`, method: "POST", body: wholeContext, can_interrupt: true, ...config },
});
const asking = { response: { parse: true } };
const registrationClosed = flowsWith({ registration: { enabled: false } });
const nowhereElse: Raw = { selfservice: { allowed_return_urls: ["https://elsewhere.example.com/"] } };
const afterSignIn = (hooks: readonly Raw[]) => flowsWith({ login: { after: { oidc: { hooks: [...hooks] } } } });
const refusing = answering(400, { messages: [{ messages: [{ id: 1, text: "no", type: "error" }] }] });
const failing = answering(500, {});
const hanging: NonNullable<Receiver["answer"]> = () => undefined;

type Back = (more?: Readonly<Record<string, string | undefined>>) => Promise<CallbackResult>;

/** A browser that has been sent to the provider, and comes back with what it signs in as there. */
const atProvider = async (
  visitor: Visitor,
  protocol: Protocol,
  location: string,
  account: JsonObject & { readonly sub: string },
): Promise<Back> => {
  const url = await signInAt(providers.acme, location, account);
  return (headers = {}) =>
    Object.keys(headers).length === 0
      ? comeBack(url, protocol.family === "native" ? undefined : visitor)
      : send(String(url), { headers: { cookie: visitor.credentials.jar?.header, ...headers } });
};

/** Somebody whose browser is at the provider, to link it. */
const linking = async () => {
  await configure({});
  const { person, visitor } = await enterAsNewPerson(spa, server);
  const flow = accepted(await visitor.settings.create());
  const location = away(await visitor.settings.update(flow.id, { method: "oidc", link: "acme" }));
  return { person, visitor, back: await atProvider(visitor, spa, location, { sub: randomUUID() }) };
};

/** Somebody who signs in by the provider, and comes back; an app fetches what came back. */
const entering = async (
  protocol: Protocol,
  account: JsonObject & { readonly sub: string },
  query: Readonly<Record<string, string>> = {},
) => {
  const visitor = protocol.enter(server);
  const flow = accepted(await visitor.login.create({ ...(protocol.family === "native" && withCode), ...query }));
  const location = away(await visitor.login.update(flow.id, { method: "oidc", provider: "acme" }));
  const back = await atProvider(visitor, protocol, location, account);
  const end = async () => {
    const code = locationOf(await back()).searchParams.get("code") ?? "";
    if (protocol.family === "native") await visitor.exchange(flow.exchangeCode ?? "", code);
  };
  return { visitor, back, end };
};

/** Somebody who has an account, and a link to the provider. Their address is not verified. */
const linked = async (): Promise<JsonObject & { readonly sub: string }> => {
  const { person, visitor } = await enterAsNewPerson(spa, server);
  const sub = randomUUID();
  await linkThrough(providers, spa, visitor, "acme", sub);
  return { sub, email: person.email };
};
const stranger = () => ({ sub: randomUUID(), email: newEmail(), email_verified: true, given_name: "Ann" });

/** Somebody whose change of their address waits until they have signed in again, which they have. */
const waiting = async (query: Readonly<Record<string, string>> = {}) => {
  const { person, visitor } = await enterAsNewPerson(nativeRest, server);
  const flow = accepted(await visitor.settings.create(query));
  server.clock.advance(minutes(16));
  const answer = await visitor.settings.update(flow.id, { method: "profile", traits: { email: newEmail() } });
  expect(refused(answer).reason).toBe("SESSION_REFRESH_REQUIRED");
  accepted(await signIn(visitor, person, { refresh: "true" }));
  return { resume: () => visitor.resume(flow.id) };
};

/** An app's ID token of an account at the provider. */
const idToken = async (visitor: Visitor, claims: JsonObject) => {
  const now = Math.floor(server.clock.now().getTime() / 1000);
  const nonce = await visitor.nonce();
  return { id_token: await stub.sign({ ...claims, nonce, iat: now, exp: now + 600 }), id_token_nonce: nonce };
};

/** What happens, and with which reason the RPC answers then. */
interface Row {
  readonly rpc: string;
  readonly reason: string;
  readonly when: string;
  readonly scene: () => Promise<unknown>;
}

const callback = "ostiary.oidc.v1.OidcService/CompleteSignIn";
const exchange = "ostiary.session.v1.SessionService/ExchangeSessionToken";
const resume = "ostiary.settings.v1.SettingsService/ResumeFlow";

const atTheProvider: readonly Row[] = [
  {
    rpc: callback,
    reason: "AAL2_REQUIRED",
    when: "a second factor is set up meanwhile",
    scene: async () => {
      const { person, back } = await linking();
      await enrolTotp(await enterAs(nativeRest, server, person), server);
      await back();
    },
  },
  {
    rpc: callback,
    reason: "SESSION_INACTIVE",
    when: "the session is ended meanwhile",
    scene: async () => {
      const { person, back } = await linking();
      const { deleteIdentitySessions } = SessionAdminService.method;
      done(await operatorRest.call(server.adminUrl, deleteIdentitySessions, { id: person.id }));
      await back();
    },
  },
  {
    rpc: callback,
    reason: "SESSION_AMBIGUOUS",
    when: "it is asked with the token of somebody else",
    scene: async () => {
      const { back } = await linking();
      const { visitor: other } = await enterAsNewPerson(nativeRest, server);
      await back({ "x-session-token": other.credentials.token });
    },
  },
  {
    rpc: callback,
    reason: "METHOD_DISABLED",
    when: "the method is switched off meanwhile",
    scene: async () => {
      const { back } = await linking();
      await configure({ selfservice: { methods: { oidc: { enabled: false } } } });
      await back();
    },
  },
  {
    rpc: callback,
    reason: "RETURN_TO_FORBIDDEN",
    when: "the app may not be returned to any more",
    scene: async () => {
      await configure({});
      const { back } = await entering(nativeRest, stranger(), { return_to: `${ui.origin}/deep` });
      await configure(nowhereElse);
      await back();
    },
  },
];

/** What ends a sign-in by a provider, for a browser as it comes back and for an app as it fetches its session. */
const atTheEnd = [
  {
    reason: "FLOW_DISABLED",
    when: "somebody new comes, and registration is closed",
    who: async () => stranger(),
    config: () => registrationClosed,
    answer: undefined,
  },
  {
    reason: "FLOW_REFUSED",
    when: "a hook refuses the registration that would ask for what is missing",
    who: async () => ({ sub: randomUUID() }),
    config: () => flowsWith({ registration: { before: { hooks: [hook()] } } }),
    answer: refusing,
  },
  {
    reason: "UPSTREAM_FAILED",
    when: "the receiver of a hook fails",
    who: linked,
    config: () => afterSignIn([hook(asking)]),
    answer: failing,
  },
  {
    reason: "UPSTREAM_TIMED_OUT",
    when: "the receiver of a hook does not answer",
    who: linked,
    config: () => afterSignIn([hook(asking)]),
    answer: hanging,
  },
  {
    reason: "VERIFIED_ADDRESS_REQUIRED",
    when: "a verified address is required",
    who: linked,
    config: () => afterSignIn([{ hook: "require_verified_address" }]),
    answer: undefined,
  },
];

const ends: readonly Row[] = atTheEnd.flatMap(({ reason, when, who, config, answer }) =>
  [spa, nativeRest].map((protocol) => ({
    rpc: protocol === spa ? callback : exchange,
    reason,
    when,
    scene: async () => {
      await configure(config());
      const account = await who();
      receiver.answer = answer;
      await (await entering(protocol, account)).end();
    },
  })),
);

const idTokens: readonly Row[] = [
  {
    rpc: "ostiary.login.v1.LoginService/UpdateFlow",
    reason: "FLOW_DISABLED",
    when: "an app brings the ID token of somebody new, and registration is closed",
    scene: async () => {
      await configure(registrationClosed);
      const visitor = nativeRest.enter(server);
      const flow = accepted(await visitor.login.create());
      const parts = await idToken(visitor, { sub: randomUUID(), email: newEmail() });
      await visitor.login.update(flow.id, { method: "oidc", provider: "stub", ...parts });
    },
  },
  {
    rpc: "ostiary.registration.v1.RegistrationService/UpdateFlow",
    reason: "VERIFIED_ADDRESS_REQUIRED",
    when: "whoever signs up by an ID token has an account, with an address that is not verified",
    scene: async () => {
      await configure(afterSignIn([{ hook: "require_verified_address" }]));
      const claims = { sub: randomUUID(), email: newEmail() };
      for (const _ of ["signs up", "signs up again"]) {
        const visitor = nativeRest.enter(server);
        const flow = accepted(await visitor.registration.create());
        const parts = await idToken(visitor, claims);
        await visitor.registration.update(flow.id, { method: "oidc", provider: "stub", ...parts });
      }
    },
  },
];

const changes: readonly Row[] = [
  {
    rpc: resume,
    reason: "METHOD_DISABLED",
    when: "the method is switched off meanwhile",
    scene: async () => {
      await configure({});
      const change = await waiting();
      await configure({ selfservice: { methods: { profile: { enabled: false } } } });
      await change.resume();
    },
  },
  {
    rpc: resume,
    reason: "RETURN_TO_FORBIDDEN",
    when: "where it leads is allowed no more",
    scene: async () => {
      await configure({});
      const change = await waiting({ return_to: `${ui.origin}/deep` });
      await configure(nowhereElse);
      await change.resume();
    },
  },
  {
    rpc: resume,
    reason: "UPSTREAM_FAILED",
    when: "the receiver of a hook fails",
    scene: async () => {
      await configure(flowsWith({ settings: { after: { profile: { hooks: [hook(asking)] } } } }));
      const change = await waiting();
      receiver.answer = failing;
      await change.resume();
    },
  },
  {
    rpc: resume,
    reason: "FLOW_REFUSED",
    when: "the flow is over, and a hook refuses the one that would take its place",
    scene: async () => {
      await configure(flowsWith({ settings: { before: { hooks: [hook()] } } }));
      const { visitor } = await enterAsNewPerson(nativeRest, server);
      const flow = accepted(await visitor.settings.create());
      server.clock.advance(hours(2));
      receiver.answer = refusing;
      await visitor.resume(flow.id);
    },
  },
];

describe("what an RPC lists among its errors is what it answers", () => {
  it.each([...atTheProvider, ...ends, ...idTokens, ...changes])(
    "$rpc: $reason when $when",
    async ({ rpc, reason, scene }) => {
      const before = server.logged.length;
      await scene();
      const calls = server.logged.slice(before).map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
      const answers = calls.filter((call) => call.msg === "call" && call.rpc === rpc && call.reason !== undefined);
      expect(answers.map((call) => call.reason)).toContain(reason);
    },
  );
});
