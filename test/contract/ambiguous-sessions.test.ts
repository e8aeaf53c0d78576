import { randomUUID } from "node:crypto";
import { fromBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ErrorInfoSchema, Reason } from "../../gen/ostiary/errors/v1/errors_pb.ts";
import { send } from "../protocols/http.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { enterAsNewPerson } from "../protocols/person.ts";
import { accepted } from "../protocols/protocol.ts";
import { startServer, type TestServer } from "../protocols/server.ts";
import { protoMethods } from "../setup/proto-image.ts";
import { rpcErrors } from "../setup/rpc-errors.ts";

/* A request with the cookie of one session and the token of another belongs to nobody, whatever it asks for. */

let server: TestServer;
let headers: Readonly<Record<string, string | undefined>>;
let flows: Readonly<Record<string, string>>;
beforeAll(async () => {
  const enabled = { enabled: true };
  server = await startServer({
    overrides: { selfservice: { flows: { verification: enabled, recovery: enabled } } },
  });
  const [browser, app] = [await enterAsNewPerson(spa, server), await enterAsNewPerson(nativeRest, server)];
  headers = {
    "content-type": "application/json",
    cookie: browser.visitor.credentials.jar?.header,
    "x-session-token": app.visitor.credentials.token,
  };
  flows = {
    // Of such a form it matters who is signed in.
    login: accepted(await app.visitor.login.create({ refresh: "true" })).id,
    registration: accepted(await nativeRest.enter(server).registration.create()).id,
    recovery: accepted(await nativeRest.enter(server).recovery.create()).id,
    verification: accepted(await nativeRest.enter(server).verification.create()).id,
    settings: accepted(await app.visitor.settings.create()).id,
  };
});
afterAll(() => server?.stop());

/** A request that keeps the rules of its fields. */
const requestOf = (service: string, fields: ReadonlySet<string>): Readonly<Record<string, unknown>> => ({
  ...(fields.has("type") && { type: "FLOW_TYPE_API" }),
  ...(fields.has("flow") && { flow: flows[service] ?? randomUUID() }),
  ...(fields.has("id") && { id: flows[service] ?? randomUUID() }),
  ...(fields.has("token") && { token: "t" }),
});

const listing = protoMethods.filter(
  (method) => rpcErrors(method).own.has("SESSION_AMBIGUOUS") && method.parent.name !== "OidcService",
);

it.each(listing.map((method) => [`${method.parent.typeName}/${method.name}`, method] as const))(
  "%s is refused",
  async (rpc, method) => {
    const service = method.parent.typeName.split(".")[1] ?? "";
    const body = JSON.stringify(requestOf(service, new Set(method.input.fields.map(({ name }) => name))));
    const answer = await send(`${server.url}/${rpc}`, { method: "POST", headers, body });
    const details = answer.json.details as readonly { readonly type: string; readonly value: string }[];
    const info = details.find(({ type }) => type === ErrorInfoSchema.typeName);
    expect(fromBinary(ErrorInfoSchema, Buffer.from(info?.value ?? "", "base64")).reason).toBe(Reason.SESSION_AMBIGUOUS);
  },
);
