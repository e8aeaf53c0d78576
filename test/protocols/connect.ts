import {
  type DescMessage,
  type DescService,
  fromJson,
  type JsonObject,
  type JsonValue,
  type MessageShape,
} from "@bufbuild/protobuf";
import { durationMs } from "@bufbuild/protobuf/wkt";
import { type CallOptions, type Client, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { BadRequestSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { AddressService } from "../../gen/ostiary/address/v1/address_service_pb.ts";
import {
  ErrorInfoSchema,
  FlowExpiredSchema,
  FlowReplacedSchema,
  FormRejectedSchema,
  ReasonSchema,
  ReauthenticateSchema,
  StepUpRequiredSchema,
} from "../../gen/ostiary/errors/v1/errors_pb.ts";
import * as login from "../../gen/ostiary/login/v1/login_service_pb.ts";
import { OidcService } from "../../gen/ostiary/oidc/v1/oidc_service_pb.ts";
import type { RecoveryFlow } from "../../gen/ostiary/recovery/v1/flow_pb.ts";
import * as recovery from "../../gen/ostiary/recovery/v1/recovery_service_pb.ts";
import * as registration from "../../gen/ostiary/registration/v1/registration_service_pb.ts";
import { SessionService } from "../../gen/ostiary/session/v1/session_service_pb.ts";
import * as settings from "../../gen/ostiary/settings/v1/settings_service_pb.ts";
import * as verification from "../../gen/ostiary/verification/v1/verification_service_pb.ts";
import type { ErrorName } from "../../src/errors/table.ts";
import { overHttp1To } from "./connections.ts";
import { createJar, type Jar } from "./jar.ts";
import { fromOurPage } from "./json-rest.ts";
import type { Answer, Done, FlowKind, Flows, Headers, Protocol, Refusal, Submission, Visitor } from "./protocol.ts";
import { plainRefusal } from "./rest-refusal.ts";
import { flowOfMessage, type SeenFlow, sessionOfMessage, shownIn, textOfMessage } from "./seen.ts";
import { nextOfMessages } from "./seen-next.ts";
import type { TestServer } from "./server.ts";

/* Clients generated from the protos: Connect, gRPC and gRPC-Web. */

type Open = (server: TestServer) => Transport;

const overConnect =
  (useBinaryFormat: boolean): Open =>
  ({ url }) =>
    createConnectTransport({ baseUrl: url, useBinaryFormat, ...overHttp1To(url) });
const overGrpc: Open = ({ url, http2 }) => createGrpcTransport({ baseUrl: url, sessionManager: http2 });
const overGrpcWeb: Open = ({ url }) => createGrpcWebTransport({ baseUrl: url, ...overHttp1To(url) });

const native = (name: string, open: Open): Protocol => ({
  name,
  family: "native",
  isForm: false,
  enter: (server) => createVisitor(open(server), undefined),
});

/** Connect with JSON, a session token in a header. */
export const connectJson = native("Connect, JSON", overConnect(false));
/** Connect with binary messages. */
export const connectBinary = native("Connect, binary", overConnect(true));
/** gRPC over HTTP/2 in the clear. */
export const grpc = native("gRPC", overGrpc);
/** gRPC-Web, as a program sends it. */
export const grpcWeb = native("gRPC-Web", overGrpcWeb);
/** A page that calls by a generated client, with cookies. */
export const connectBrowser: Protocol = {
  name: "Connect from a page",
  family: "browser",
  isForm: false,
  enter: (server) => createVisitor(overConnect(false)(server), createJar()),
};

/** Reads a failure of any of the three. @throws Error for one without ErrorInfo */
const refusalOfConnect = (thrown: unknown): Refusal => {
  const error = ConnectError.from(thrown);
  const [info] = error.findDetails(ErrorInfoSchema);
  if (info === undefined) throw new Error(`an error without ErrorInfo: ${error.message}`);
  const [form] = error.findDetails(FormRejectedSchema);
  const [bad] = error.findDetails(BadRequestSchema);
  const [expired] = [...error.findDetails(FlowExpiredSchema), ...error.findDetails(FlowReplacedSchema)];
  const [retry] = error.findDetails(RetryInfoSchema);
  const [again] = error.findDetails(ReauthenticateSchema);
  const [stepUp] = error.findDetails(StepUpRequiredSchema);
  return plainRefusal((ReasonSchema.value[info.reason]?.name ?? "").replace(/^REASON_/, "") as ErrorName, {
    texts: (form?.messages ?? []).flatMap(({ node, text }) => (text === undefined ? [] : [textOfMessage(node, text)])),
    ...(form && { form: { kind: form.flowKind, id: form.flowId } }),
    field: form === undefined ? bad?.fieldViolations[0]?.field : undefined,
    useFlowId: expired?.useFlowId || undefined,
    retryAfter: retry?.retryDelay && durationMs(retry.retryDelay) / 1_000,
    reauthenticate: again && {
      maxAge: again.maxAge,
      methods: again.methods,
      nativeLoginUrl: again.nativeLoginUrl,
      redirectBrowserTo: again.redirectBrowserTo,
    },
    ...(stepUp && { stepUp }),
  });
};

const createVisitor = (transport: Transport, jar: Jar | undefined): Visitor => {
  const credentials: Visitor["credentials"] = jar === undefined ? {} : { jar };
  const csrfTokens = new Map<string, JsonValue | undefined>();
  const client = <S extends DescService>(service: S): Client<S> => createClient(service, transport);
  const sessions = client(SessionService);
  const addresses = client(AddressService);

  const call = async <T, R>(rpc: (options: CallOptions) => Promise<T>, read: (message: T) => R): Promise<Answer<R>> => {
    const page: Headers = jar === undefined ? {} : { cookie: jar.header, ...fromOurPage };
    const headers = Object.entries({ "x-session-token": credentials.token, ...page }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    try {
      const message = await rpc({ headers, onHeader: (sent) => jar?.take(sent.getSetCookie()) });
      const { redirectBrowserTo } = message as { readonly redirectBrowserTo?: string };
      return { ok: true, value: read(message), ...(redirectBrowserTo && { location: redirectBrowserTo }) };
    } catch (thrown) {
      if (thrown instanceof ConnectError) jar?.take(thrown.metadata.getSetCookie());
      return refusalOfConnect(thrown);
    }
  };
  const remember = (flow: Parameters<typeof flowOfMessage>[0] | undefined): SeenFlow => {
    const seen = flowOfMessage(present(flow));
    csrfTokens.set(seen.id, shownIn(seen, "csrf_token"));
    return seen;
  };
  const setSessionToken = (done: Done): Done => {
    if (done.token !== undefined) credentials.token = done.token;
    return done;
  };
  const type = jar === undefined ? "FLOW_TYPE_API" : "FLOW_TYPE_BROWSER";
  const creating = <D extends DescMessage>(desc: D, query: Readonly<Record<string, string>> = {}): MessageShape<D> => {
    const { refresh, skip_settings: skips, return_session_token_exchange_code: code, ...texts } = query;
    const flags = {
      ...(refresh !== undefined && { refresh: refresh === "true" }),
      ...(skips !== undefined && { skip_settings: skips === "true" }),
      ...(code !== undefined && { return_session_token_exchange_code: code === "true" }),
    };
    return fromJson(desc, { type, ...texts, ...flags });
  };
  const submitting = <D extends DescMessage>(desc: D, flow: string, submission: Submission): MessageShape<D> =>
    fromJson(desc, {
      flow,
      body: bodyOf(desc, { ...(jar !== undefined && { csrf_token: csrfTokens.get(flow) ?? "" }), ...submission }),
    });

  const [asSettings, asLogin, asRegistration, asVerification, asRecovery] = [
    client(settings.SettingsService),
    client(login.LoginService),
    client(registration.RegistrationService),
    client(verification.VerificationService),
    client(recovery.RecoveryService),
  ];
  const flows: Readonly<Record<FlowKind, Flows>> = {
    settings: {
      create: (query) =>
        call(
          (o) => asSettings.createFlow(creating(settings.CreateFlowRequestSchema, query), o),
          ({ flow }) => remember(flow),
        ),
      get: (id) =>
        call(
          (o) => asSettings.getFlow({ id }, o),
          ({ flow }) => remember(flow),
        ),
      update: (id, s) =>
        call((o) => asSettings.updateFlow(submitting(settings.UpdateFlowRequestSchema, id, s), o), changed),
    },
    login: {
      create: (query) =>
        call(
          (o) => asLogin.createFlow(creating(login.CreateFlowRequestSchema, query), o),
          ({ flow }) => remember(flow),
        ),
      get: (id) =>
        call(
          (o) => asLogin.getFlow({ id }, o),
          ({ flow }) => remember(flow),
        ),
      update: (id, s) =>
        call(
          (o) => asLogin.updateFlow(submitting(login.UpdateFlowRequestSchema, id, s), o),
          (m) => setSessionToken(signedIn(m)),
        ),
    },
    verification: {
      create: (query) =>
        call(
          (o) => asVerification.createFlow(creating(verification.CreateFlowRequestSchema, query), o),
          ({ flow }) => remember(flow),
        ),
      get: (id) =>
        call(
          (o) => asVerification.getFlow({ id }, o),
          ({ flow }) => remember(flow),
        ),
      update: (id, s) =>
        call(
          (o) => asVerification.updateFlow(submitting(verification.UpdateFlowRequestSchema, id, s), o),
          ({ flow }) => ({ flow: flowOfMessage(present(flow)) }),
        ),
    },
    recovery: {
      create: (query) =>
        call(
          (o) => asRecovery.createFlow(creating(recovery.CreateFlowRequestSchema, query), o),
          ({ flow }) => remember(flow),
        ),
      get: (id) =>
        call(
          (o) => asRecovery.getFlow({ id }, o),
          ({ flow }) => remember(flow),
        ),
      update: (id, s) =>
        call(
          (o) => asRecovery.updateFlow(submitting(recovery.UpdateFlowRequestSchema, id, s), o),
          ({ flow }) => setSessionToken(recovered(present(flow))),
        ),
    },
    registration: {
      create: (query) =>
        call(
          (o) => asRegistration.createFlow(creating(registration.CreateFlowRequestSchema, query), o),
          ({ flow }) => remember(flow),
        ),
      get: (id) =>
        call(
          (o) => asRegistration.getFlow({ id }, o),
          ({ flow }) => remember(flow),
        ),
      update: (id, s) =>
        call(
          (o) => asRegistration.updateFlow(submitting(registration.UpdateFlowRequestSchema, id, s), o),
          (m) => setSessionToken(signedIn(m)),
        ),
    },
  };

  return {
    credentials,
    ...flows,
    resume: (flow) => call((o) => asSettings.resumeFlow({ flow }, o), changed),
    exchange: (initCode, returnToCode) =>
      call(
        (o) => sessions.exchangeSessionToken({ initCode, returnToCode }, o),
        ({ session, sessionToken }) =>
          setSessionToken({ session: sessionOfMessage(present(session)), token: sessionToken }),
      ),
    nonce: async () => (await client(OidcService).createNonce({})).nonce,
    whoami: () =>
      call(
        (o) => sessions.whoAmI({}, o),
        ({ session }) => sessionOfMessage(present(session)),
      ),
    sessions: ({ page_size = "0", page_token: pageToken = "" } = {}) =>
      call(
        (o) => sessions.listSessions({ pageSize: Number(page_size), pageToken }, o),
        (page) => ({ ids: page.sessions.map(({ id }) => id), next: page.nextPageToken || undefined }),
      ),
    revoke: (id) =>
      call(
        (o) => sessions.revokeSession({ id }, o),
        () => undefined,
      ),
    trustedDevices: () =>
      call(
        (o) => sessions.listTrustedDevices({}, o),
        (page) => page.trustedDevices.map(({ id }) => id),
      ),
    pendingAddresses: () =>
      call(
        (o) => addresses.listPendingAddresses({}, o),
        ({ pendingAddresses }) => pendingAddresses.map(({ id, via, value }) => ({ id, via, value })),
      ),
    cancelPending: (id) =>
      call(
        (o) => addresses.cancelPendingAddress({ id }, o),
        () => undefined,
      ),
    addressUndo: (token) =>
      call(
        (o) => addresses.getAddressUndo({ token }, o),
        ({ via, value }) => ({ via, value }),
      ),
    undoAddress: (token) =>
      call(
        (o) => addresses.undoAddressChange({ token }, o),
        () => undefined,
      ),
    resendPending: (id) =>
      call(
        (o) => addresses.resendPendingAddress({ id }, o),
        ({ flow }) => flow,
      ),
    endTrustedDevice: (id) =>
      call(
        (o) => sessions.revokeTrustedDevice({ id }, o),
        () => undefined,
      ),
    revokeOthers: () =>
      call(
        (o) => sessions.revokeOtherSessions({}, o),
        ({ count }) => count,
      ),
    signOut: async () => {
      if (jar === undefined)
        return call(
          (o) => sessions.performNativeLogout({ sessionToken: credentials.token ?? "" }, o),
          () => undefined,
        );
      const link = await call(
        (o) => sessions.createLogoutFlow({}, o),
        ({ logoutToken }) => logoutToken,
      );
      return link.ok
        ? call(
            (o) => sessions.updateLogoutFlow({ token: link.value }, o),
            () => undefined,
          )
        : link;
    },
  };
};

/** REST's flat body as the message has it: what is no field of the body itself goes under the method's case. */
const bodyOf = (desc: DescMessage, { method, ...fields }: JsonObject): JsonObject => {
  const body = desc.fields.find(({ name }) => name === "body")?.message;
  const beside = new Set(body?.fields.filter(({ oneof }) => oneof === undefined).map(({ name }) => name));
  const entries = Object.entries(fields);
  return {
    ...Object.fromEntries(entries.filter(([name]) => beside.has(name))),
    ...(typeof method === "string" && { [method]: Object.fromEntries(entries.filter(([name]) => !beside.has(name))) }),
  };
};

/** A native app gets its token among what it continues with. */
const recovered = (flow: RecoveryFlow): Done => {
  const token = flow.continueWith.map(({ next }) => next).find(({ case: action }) => action === "setOrySessionToken");
  return {
    flow: flowOfMessage(flow),
    ...(token?.case === "setOrySessionToken" && { token: token.value.orySessionToken }),
  };
};

const changed = ({
  flow,
  etag,
}: {
  readonly flow?: settings.UpdateFlowResponse["flow"];
  readonly etag: string;
}): Done => ({
  ...(flow && { flow: flowOfMessage(flow), next: nextOfMessages(flow.continueWith) }),
  etag,
});

const signedIn = ({
  session,
  sessionToken,
  continueWith,
}: login.UpdateFlowResponse | registration.UpdateFlowResponse): Done => ({
  ...(session && { session: sessionOfMessage(session) }),
  ...(sessionToken !== undefined && { token: sessionToken }),
  next: nextOfMessages(continueWith),
});

const present = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error("the answer lacks its message");
  return value;
};
