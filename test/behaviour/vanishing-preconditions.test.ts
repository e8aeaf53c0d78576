import { randomUUID } from "node:crypto";
import { readdirSync } from "node:fs";
import {
  type DescMethod,
  type DescMethodUnary,
  type DescService,
  getOption,
  hasOption,
  type JsonObject,
} from "@bufbuild/protobuf";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { http } from "../../gen/google/api/annotations_pb.ts";
import { IdentityAdminService } from "../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { writes_on_get as writesOnGet } from "../../gen/ostiary/options/v1/options_pb.ts";
import { RecoveryAdminService } from "../../gen/ostiary/recovery/v1/recovery_admin_service_pb.ts";
import { SessionAdminService } from "../../gen/ostiary/session/v1/session_admin_service_pb.ts";
import { hours, minutes } from "../protocols/clock.ts";
import { connectBrowser, grpc } from "../protocols/connect.ts";
import { between } from "../protocols/gate.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { withCode } from "../protocols/linking.ts";
import { lastMessageTo } from "../protocols/messages.ts";
import { operatorGrpc } from "../protocols/operators.ts";
import { enterAs, enterAsNewPerson, newEmail, newPassword, type Person, signIn } from "../protocols/person.ts";
import { type Answer, accepted, type Done, type Protocol, refused, type Visitor } from "../protocols/protocol.ts";
import {
  away,
  comeBack,
  locationOf,
  type Providers,
  showRealTime,
  signInAt,
  startProviders,
} from "../protocols/providers.ts";
import { everythingWritten, idBytes } from "../protocols/rows.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/*
 * Every RPC that writes × every way in which what it rests on can vanish between
 * its being found out and its being written: each request is held just before
 * its transaction, when all that is slow is behind it.
 */

/** Who signs up with a provider is signed in; addresses are confirmed and lost accounts come back by a code. */
const configured = {
  selfservice: {
    flows: {
      registration: { after: { oidc: { hooks: [{ hook: "session" }] } } },
      recovery: { enabled: true },
      verification: { enabled: true },
    },
  },
  feature_flags: { use_continue_with_transitions: true },
};

let server: TestServer;
let providers: Providers;
beforeAll(async () => {
  server = await startServer();
  providers = await startProviders(server, {}, configured);
});
beforeEach(() => showRealTime(server));
afterAll(async () => {
  await server?.stop();
  await providers?.close();
});

/** A request that is about to be made. */
interface Scene {
  readonly person?: Person;
  /** Another session of theirs. */
  readonly owner?: Visitor;
  /** The session that makes the request. */
  readonly session?: string;
  readonly flow?: string;
  readonly act: () => Promise<Answer<unknown>>;
  /** Makes the same request beside it. */
  readonly again?: () => Promise<Answer<unknown>>;
  /** The first request has claimed what it uses: one beside it is refused, and the first is done. */
  readonly isClaimed?: boolean;
}

/* --- ways in which something vanishes ---------------------------------------- */

const personTables = ["identity_credentials", "identity_identifiers", "identity_addresses"];

const preconditions = {
  sessionEnded: async ({ owner }: Scene) => void accepted((await owner?.revokeOthers()) ?? none()),
  sessionExpired: async ({ session }: Scene) =>
    void (await server.sql("UPDATE sessions SET expires_at = ? WHERE id = ?", [
      server.clock.now(),
      idBytes(session ?? ""),
    ])),
  personDisabled: async ({ person }: Scene) =>
    void (await server.sql("UPDATE identities SET state = 'inactive' WHERE id = ?", [idBytes(person?.id ?? "")])),
  personDeleted: async ({ person }: Scene) => {
    const id = idBytes(person?.id ?? "");
    for (const table of personTables) await server.sql(`DELETE FROM ${table} WHERE identity_id = ?`, [id]);
    await server.sql("DELETE FROM identities WHERE id = ?", [id]);
  },
  credentialChanged: async ({ owner }: Scene) => {
    const flow = accepted((await owner?.settings.create()) ?? none());
    accepted((await owner?.settings.update(flow.id, { method: "password", password: newPassword() })) ?? none());
  },
  flowExpired: async ({ flow }: Scene) =>
    void (await server.sql("UPDATE flows SET expires_at = ? WHERE id = ?", [server.clock.now(), idBytes(flow ?? "")])),
  flowDeleted: async ({ flow }: Scene) =>
    void (await server.sql("DELETE FROM flows WHERE id = ?", [idBytes(flow ?? "")])),
  spent: async ({ again, isClaimed }: Scene) => {
    const answer = (await again?.()) ?? none();
    if (isClaimed) refused(answer);
    else accepted(answer);
  },
} satisfies Readonly<Record<string, (scene: Scene) => Promise<void>>>;
type Precondition = keyof typeof preconditions;

const none = (): never => {
  throw new Error("this scene has nobody for that");
};

/* --- requests ---------------------------------------------------------------- */

/** Someone with two sessions: one that acts, one that may end it. */
const twice = async (protocol: Protocol) => {
  const { visitor: owner, person } = await enterAsNewPerson(protocol, server);
  const visitor = await enterAs(protocol, server, person);
  return { owner, person, visitor, session: accepted(await visitor.whoami()).id };
};

const settings =
  (submission: (person: Person) => Parameters<Visitor["settings"]["update"]>[1]) => async (protocol: Protocol) => {
    const { visitor, ...who } = await twice(protocol);
    const flow = accepted(await visitor.settings.create()).id;
    return { ...who, flow, act: () => visitor.settings.update(flow, submission(who.person)) };
  };

const resume = async (protocol: Protocol): Promise<Scene> => {
  const { visitor, ...who } = await twice(protocol);
  const flow = accepted(await visitor.settings.create()).id;
  await server.sql("UPDATE sessions SET authenticated_at = authenticated_at - INTERVAL 2 HOUR WHERE id = ?", [
    idBytes(who.session),
  ]);
  refused(await visitor.settings.update(flow, { method: "password", password: newPassword() }));
  accepted(await signIn(visitor, who.person, { refresh: "true" }));
  const act = () => visitor.resume(flow);
  return { ...who, flow, act, again: act };
};

const login =
  (query: Readonly<Record<string, string>>) =>
  async (protocol: Protocol): Promise<Scene> => {
    const { visitor, owner, person, session } = await twice(protocol);
    const late = query.refresh === undefined ? protocol.enter(server) : visitor;
    const flow = accepted(await late.login.create(query)).id;
    const submission = { method: "password", identifier: person.email, password: person.password };
    return { owner, person, session, flow, act: () => late.login.update(flow, submission) };
  };

const registration = async (protocol: Protocol): Promise<Scene> => {
  const visitor = protocol.enter(server);
  const flow = accepted(await visitor.registration.create()).id;
  const submission = { method: "password", password: newPassword(), traits: { email: newEmail() } };
  return { flow, act: () => visitor.registration.update(flow, submission) };
};

const revokeOthers = async (protocol: Protocol): Promise<Scene> => {
  const { visitor, ...who } = await twice(protocol);
  return { ...who, act: () => visitor.revokeOthers() };
};

const revokeOne = async (protocol: Protocol): Promise<Scene> => {
  const { visitor, ...who } = await twice(protocol);
  const { id } = accepted(await who.owner.whoami());
  return { ...who, act: () => visitor.revoke(id) };
};

const untrust = async (protocol: Protocol): Promise<Scene> => {
  const { visitor, ...who } = await twice(protocol);
  const device = idBytes(randomUUID());
  await server.sql(
    `INSERT INTO trusted_devices (identity_id, id, ip_address, user_agent, created_at, expires_at)
      VALUES (?, ?, '', '', ?, ?)`,
    [idBytes(who.person.id), device, server.clock.now(), new Date(server.clock.now().getTime() + hours(1))],
  );
  const [id = ""] = accepted(await who.owner.trustedDevices());
  return { ...who, act: () => visitor.endTrustedDevice(id) };
};

const signOut = async (protocol: Protocol): Promise<Scene> => {
  const { visitor, ...who } = await twice(protocol);
  return { ...who, act: () => visitor.signOut() };
};

/** A person who has linked a provider, for sign-ins by it. */
const linked = async () => {
  const { visitor: owner, person } = await enterAsNewPerson(spa, server);
  const flow = accepted(await owner.settings.create());
  const location = away(await owner.settings.update(flow.id, { method: "oidc", link: "acme" }));
  await comeBack(await signInAt(providers.acme, location, { sub: person.id, email: person.email }), owner);
  return { owner, person };
};
const atAcme = async (location: string, { id, email }: Person) =>
  signInAt(providers.acme, location, { sub: id, email });

const exchange = async (): Promise<Scene> => {
  const { owner, person } = await linked();
  const visitor = nativeRest.enter(server);
  const flow = accepted(await visitor.login.create(withCode));
  const location = away(await visitor.login.update(flow.id, { method: "oidc", provider: "acme" }));
  const code = locationOf(await comeBack(await atAcme(location, person))).searchParams.get("code") ?? "";
  const act = () => visitor.exchange(flow.exchangeCode ?? "", code);
  return { owner, person, flow: flow.id, act, again: act, isClaimed: true };
};

/** The answer of a browser that comes back: whether it is signed in then. */
const callback = async (): Promise<Scene> => {
  const { owner, person } = await linked();
  const visitor = spa.enter(server);
  const flow = accepted(await visitor.login.create());
  const url = await atAcme(away(await visitor.login.update(flow.id, { method: "oidc", provider: "acme" })), person);
  const act = async () => {
    await comeBack(url, visitor);
    return visitor.whoami();
  };
  return { owner, person, flow: flow.id, act };
};

/** Someone who got a code by a message, and submits it. */
const byCode =
  (kind: "recovery" | "verification") =>
  async (protocol: Protocol): Promise<Scene> => {
    const { visitor: owner, person } = await enterAsNewPerson(protocol, server);
    const visitor = protocol.enter(server);
    const { id: flow } = accepted(await visitor[kind].create());
    server.clock.advance(minutes(1));
    accepted(await visitor[kind].update(flow, { method: "code", email: person.email }));
    const { code } = await lastMessageTo(server, person.email);
    return { owner, person, flow, act: () => visitor[kind].update(flow, { method: "code", code }) };
  };

/** An operator's call about somebody, or about the session that they act in. */
const byOperator =
  (method: DescMethodUnary, message: (person: Person, session: string) => JsonObject) =>
  async (protocol: Protocol): Promise<Scene> => {
    const { owner, person, session } = await twice(protocol);
    const act = async (): Promise<Answer<unknown>> => {
      const answer = await operatorGrpc.call(server.adminUrl, method, message(person, session));
      if (answer.ok) return { ok: true, value: answer.value };
      const { reason, field } = answer;
      return {
        ok: false,
        reason,
        field,
        texts: [],
        useFlowId: undefined,
        retryAfter: undefined,
        reauthenticate: undefined,
      };
    };
    return { owner, person, session, act };
  };

/* --- what becomes of them ---------------------------------------------------- */

const anywhere = [nativeRest, spa, grpc, connectBrowser];
const S = "SESSION_INACTIVE";
const F = "FORM_REJECTED";
/** It does not rest on that: it is done all the same. */
const D = "done";
/** The code is worth nothing any more: the form says so. */
const W = "wrong code";

interface Row {
  readonly rpc: string;
  readonly name: string;
  readonly scene: (protocol: Protocol) => Promise<Scene>;
  readonly protocols: readonly Protocol[];
  readonly becomes: Readonly<Partial<Record<Precondition, string>>>;
}

const ofSession = { sessionEnded: S, sessionExpired: S, personDisabled: S, personDeleted: S };
const ofFlow = { flowExpired: "FLOW_EXPIRED", flowDeleted: "FLOW_NOT_FOUND" };
const ofSignIn = { personDisabled: F, personDeleted: F, credentialChanged: F };
const ofEnding = { sessionEnded: D, sessionExpired: D, personDisabled: D, personDeleted: D, credentialChanged: D };
const profile = settings(({ email }) => ({ method: "profile", traits: { email, name: { first: "Ada" } } }));
const password = settings(() => ({ method: "password", password: newPassword() }));

const ofOperator = { personDeleted: "NOT_FOUND", credentialChanged: D };
const replaceTraits = byOperator(IdentityAdminService.method.updateIdentity, ({ id, email }) => ({
  id,
  body: { traits: { email, name: { first: "Ada" } } },
}));
const patchMetadata = byOperator(IdentityAdminService.method.patchIdentity, ({ id }) => ({
  id,
  patch: [{ op: "add", path: "/metadata_public", value: { plan: "free" } }],
}));
const deletePerson = byOperator(IdentityAdminService.method.deleteIdentity, ({ id }) => ({ id }));
const makeCode = byOperator(RecoveryAdminService.method.createRecoveryCode, ({ id }) => ({ identity_id: id }));
const admin = SessionAdminService.method;
const extend = byOperator(admin.extendSession, (_, id) => ({ id }));
const disable = byOperator(admin.disableSession, (_, id) => ({ id }));
const deleteSessions = byOperator(admin.deleteIdentitySessions, ({ id }) => ({ id }));
const manage = byOperator(admin.manageSessions, ({ id }) => ({ action: "disable", identities: [id] }));

// biome-ignore format: a table, read by its columns
const rows: readonly Row[] = [
  { rpc: "SettingsService/UpdateFlow",            name: "a new password",
    scene: password, protocols: anywhere, becomes: { ...ofSession, ...ofFlow, credentialChanged: D } },
  { rpc: "SettingsService/UpdateFlow",            name: "a profile",
    scene: profile, protocols: anywhere, becomes: { ...ofSession, ...ofFlow, credentialChanged: D } },
  { rpc: "SettingsService/ResumeFlow",            name: "a change that waited",
    scene: resume, protocols: anywhere, becomes: { ...ofSession, ...ofFlow, credentialChanged: D, spent: D } },
  { rpc: "LoginService/UpdateFlow",               name: "signing in",
    scene: login({}), protocols: anywhere, becomes: { ...ofSignIn, ...ofFlow } },
  { rpc: "LoginService/UpdateFlow",               name: "proving it again",
    scene: login({ refresh: "true" }), protocols: anywhere,
    becomes: { ...ofSignIn, ...ofFlow, sessionEnded: D, sessionExpired: D } },
  { rpc: "RegistrationService/UpdateFlow",        name: "signing up",
    scene: registration, protocols: anywhere, becomes: ofFlow },
  { rpc: "SessionService/RevokeOtherSessions",    name: "ending all other sessions",
    scene: revokeOthers, protocols: anywhere, becomes: { ...ofSession, credentialChanged: D } },
  { rpc: "SessionService/RevokeSession",          name: "ending another session",
    scene: revokeOne, protocols: anywhere, becomes: { ...ofSession, credentialChanged: D } },
  { rpc: "SessionService/RevokeTrustedDevice",    name: "ending the trust in a browser",
    scene: untrust, protocols: anywhere, becomes: { ...ofSession, credentialChanged: D } },
  { rpc: "SessionService/UpdateLogoutFlow",       name: "signing out",
    scene: signOut, protocols: [spa], becomes: ofEnding },
  { rpc: "SessionService/PerformNativeLogout",    name: "an app's signing out",
    scene: signOut, protocols: [nativeRest, grpc], becomes: ofEnding },
  { rpc: "SessionService/ExchangeSessionToken",   name: "an app's sign-in",
    scene: exchange, protocols: [nativeRest],
    becomes: { ...ofFlow, personDisabled: F, credentialChanged: D, spent: D } },
  { rpc: "RecoveryService/UpdateFlow",            name: "coming back by a code",
    scene: byCode("recovery"), protocols: anywhere, becomes: { ...ofFlow, personDisabled: F, personDeleted: W } },
  { rpc: "VerificationService/UpdateFlow",        name: "confirming an address",
    scene: byCode("verification"), protocols: anywhere, becomes: { ...ofFlow, personDisabled: W, personDeleted: W } },
  { rpc: "IdentityAdminService/UpdateIdentity",   name: "an operator's new traits",
    scene: replaceTraits, protocols: [spa], becomes: { ...ofOperator, personDisabled: D } },
  { rpc: "IdentityAdminService/PatchIdentity",    name: "an operator's patch",
    scene: patchMetadata, protocols: [spa], becomes: { ...ofOperator, personDisabled: D } },
  { rpc: "IdentityAdminService/DeleteIdentity",   name: "an operator's deletion",
    scene: deletePerson, protocols: [spa], becomes: { ...ofOperator, personDisabled: D } },
  { rpc: "RecoveryAdminService/CreateRecoveryCode", name: "an operator's code",
    scene: makeCode, protocols: [spa],
    becomes: { personDeleted: "NOT_FOUND", personDisabled: D, credentialChanged: D } },
  { rpc: "SessionAdminService/ExtendSession",     name: "an operator's extension",
    scene: extend, protocols: [spa], becomes: { sessionEnded: D, sessionExpired: D, personDeleted: "NOT_FOUND" } },
  { rpc: "SessionAdminService/DisableSession",    name: "an operator's end of one",
    scene: disable, protocols: [spa], becomes: { sessionEnded: D, sessionExpired: D, personDisabled: D } },
  { rpc: "SessionAdminService/DeleteIdentitySessions", name: "an operator's end of all",
    scene: deleteSessions, protocols: [spa], becomes: { sessionEnded: D, sessionExpired: D, personDisabled: D } },
  { rpc: "SessionAdminService/ManageSessions",    name: "an operator's end of many",
    scene: manage, protocols: [spa], becomes: { sessionEnded: D, sessionExpired: D, personDisabled: D } },
  { rpc: "OidcService/CompleteSignIn",            name: "a sign-in by a provider",
    scene: callback, protocols: [spa],
    becomes: { flowExpired: S, flowDeleted: S, personDisabled: S, credentialChanged: D } },
];

/**
 * RPCs that take no row: they write nothing of a person, or begin a flow that is of no use without what it rests on.
 * Those that a GET calls and that do not say `writes_on_get` are left out: they read.
 */
const others = [
  // What they ask for waits, and is looked at again before it is done: test/behaviour/account has them.
  "AccountAdminService/CancelIdentityDeletion",
  // It takes away what waits, whatever became of the rest.
  "AccountAdminService/CancelIdentityPendingAddress",
  "AccountAdminService/RequestIdentityDeletion",
  "AccountService/CancelDeletion",
  "AccountService/RequestDeletion",
  "AccountService/UndoDeletion",
  // It stands on its token and on the person as they are: test/behaviour/address-undo.test.ts has what comes between.
  "AddressService/UndoAddressChange",
  // What they rest on is locked, and looked at again: test/behaviour/account/invitations.test.ts has them.
  "InvitationAdminService/InviteIdentity",
  "InvitationAdminService/ResendInvitation",
  "InvitationAdminService/RevokeInvitation",
  "InvitationService/AcceptInvitation",
  // Both accounts are locked, and looked at again: test/behaviour/account/merge-races.test.ts has what comes between.
  "MergeService/BeginMerge",
  "MergeService/ConfirmMerge",
  "MergeService/OfferMerge",
  // It takes away what waits, whatever became of the rest.
  "AddressService/CancelPendingAddress",
  // What it sends is good for what still waits when it comes back.
  "AddressService/ResendPendingAddress",
  "EventAdminService/DropDeliveries",
  "EventAdminService/ReplayEvents",
  "EventAdminService/WatchEvents",
  "HookAdminService/DropDeliveries",
  "HookAdminService/ReplayDeliveries",
  // They make people of nothing: there is nothing to vanish.
  "IdentityAdminService/BatchPatchIdentities",
  "IdentityAdminService/ImportIdentities",
  "IdentityAdminService/CreateIdentity",
  // It refuses what is the last way in, and rests on that alone: test/behaviour/admin has it.
  "IdentityAdminService/DeleteCredential",
  "OidcService/RelayCallback",
  "OidcService/CreateNonce",
  // Links are made as codes are.
  "RecoveryAdminService/CreateRecoveryLink",
  "RecoveryService/OpenLink",
  "VerificationService/OpenLink",
];

const cases = rows.flatMap(({ protocols, becomes, ...row }) =>
  protocols.flatMap((protocol) =>
    Object.entries(becomes).map(([precondition, outcome]) => ({
      ...row,
      protocol,
      at: protocol.name,
      precondition: precondition as Precondition,
      outcome,
    })),
  ),
);

/** Everything of people. What waited is left out: an answer that came to nothing is not kept. */
const people = async () => ({ ...(await everythingWritten(server)), continuations: undefined });

describe("when what it rests on vanishes just before it is written", () => {
  it.each(cases)("$name ($rpc, $at), $precondition: $outcome", async ({ scene, protocol, precondition, outcome }) => {
    const set = await scene(protocol);
    let written: unknown;
    const answer = await between(server.gate, set.act, async () => {
      await preconditions[precondition](set);
      written = await people();
    });
    if (outcome === D) return void accepted(answer);
    if (outcome === W) expect((accepted(answer) as Done).flow?.texts[0]?.id).toBeOneOf([4060006, 4070006]);
    else expect(refused(answer).reason).toBe(outcome);
    expect(await people()).toEqual(written);
  });
});

const gen = new URL("../../gen/ostiary/", import.meta.url);
const isService = (value: unknown): value is DescService =>
  typeof value === "object" && value !== null && "kind" in value && value.kind === "service";

/** Whether it writes nothing, by its options. */
const reads = (method: DescMethod): boolean =>
  hasOption(method, http) && getOption(method, http).pattern.case === "get" && !getOption(method, writesOnGet);

it("every RPC that writes has a row, or stands among the others with the reason why not", async () => {
  const files = readdirSync(gen, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith("_service_pb.ts"),
  );
  const modules = await Promise.all(
    files.map((name) => import(new URL(name, gen).href) as Promise<Record<string, unknown>>),
  );
  const services = modules.flatMap((module) => Object.values(module).filter(isService));
  const methods = services.flatMap((service) => service.methods);
  const named = (found: readonly DescMethod[]) => found.map(({ name, parent }) => `${parent.name}/${name}`);
  const known = [...rows.map(({ rpc }) => rpc), ...others];
  expect({
    missing: named(methods.filter((method) => !reads(method))).filter((name) => !known.includes(name)),
    gone: known.filter((name) => !named(methods).includes(name)),
  }).toEqual({ missing: [], gone: [] });
});
