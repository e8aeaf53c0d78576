import { fromBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ErrorInfoSchema, Reason } from "../../gen/ostiary/errors/v1/errors_pb.ts";
import { send } from "../protocols/http.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { enterAsNewPerson, newPassword } from "../protocols/person.ts";
import { accepted } from "../protocols/protocol.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* Errors that an RPC lists and that no other test has a reason to reach. */

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.stop());

const reasonOf = async (
  rpc: string,
  headers: Readonly<Record<string, string | undefined>>,
  message: object,
): Promise<Reason> => {
  const answer = await send(`${server.url}/ostiary.${rpc}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(message),
  });
  const details = (answer.json.details ?? []) as readonly { readonly type: string; readonly value: string }[];
  const info = details.find(({ type }) => type === ErrorInfoSchema.typeName);
  return fromBinary(ErrorInfoSchema, Buffer.from(info?.value ?? "", "base64")).reason;
};

it("who has signed in meanwhile does not sign in again with a form from before", async () => {
  const { visitor, person } = await enterAsNewPerson(nativeRest, server);
  const flow = accepted(await nativeRest.enter(server).login.create()).id;
  const body = { password: { identifier: person.email, password: newPassword() } };
  const headers = { "x-session-token": visitor.credentials.token };
  expect(await reasonOf("login.v1.LoginService/UpdateFlow", headers, { flow, body })).toBe(
    Reason.SESSION_ALREADY_AVAILABLE,
  );
});

it("a page of another site gets no nonce with a person's cookies", async () => {
  const { visitor } = await enterAsNewPerson(spa, server);
  const headers = { cookie: visitor.credentials.jar?.header, origin: "https://evil.example.org" };
  expect(await reasonOf("oidc.v1.OidcService/CreateNonce", headers, {})).toBe(Reason.UNTRUSTED_ORIGIN);
});

it.each([
  ["errors.v1.ErrorService/GetFlowError", { id: "stub:500" }],
  ["schema.v1.SchemaService/ListSchemas", {}],
  ["schema.v1.SchemaService/GetSchema", { id: "person" }],
])("a page of another site does not call %s with a person's cookies", async (rpc, message) => {
  const headers = { cookie: "a=b", origin: "https://evil.example.org" };
  expect(await reasonOf(rpc, headers, message)).toBe(Reason.UNTRUSTED_ORIGIN);
});
