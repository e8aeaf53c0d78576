import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IdentityAdminService } from "../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { send } from "../protocols/http.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { messagesTo } from "../protocols/messages.ts";
import { done, type OperatorProtocol, operatorGrpc, operatorRest, reasonOf } from "../protocols/operators.ts";
import { enterAsNewPerson, newEmail, newPassword, type Person, signIn } from "../protocols/person.ts";
import { refused } from "../protocols/protocol.ts";
import { eventsOf } from "../protocols/rows.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* An operator changes an address: whoever had it hears of it in any case, and may undo it unless the call says not. */

const { createIdentity, getIdentity, patchIdentity, updateIdentity } = IdentityAdminService.method;
const configured = (address = true) => ({
  selfservice: { notices: { address }, flows: { verification: { enabled: true } } },
  limits: { messages: { per_address: 1 } },
});
let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: configured() });
});
afterAll(() => server?.stop());

type Way = "patch" | "replacement";
/** Gives somebody another address, as one of the two calls does. */
const setEmail = ({ call }: OperatorProtocol, way: Way, { id }: Person, email: string, more: JsonObject = {}) =>
  way === "patch"
    ? call(server.adminUrl, patchIdentity, {
        id,
        patch: [{ op: "replace", path: "/traits/email", value: email }],
        ...more,
      })
    : call(server.adminUrl, updateIdentity, { id, body: { schema_id: "person", traits: { email } }, ...more });

/** Someone whose address an operator says is proven. */
const provenPerson = async () => {
  const entered = await enterAsNewPerson(nativeRest, server);
  const at = "/verifiable_addresses/0";
  const patch = [
    { op: "replace", path: `${at}/verified`, value: true },
    { op: "replace", path: `${at}/status`, value: "completed" },
  ];
  done(await operatorRest.call(server.adminUrl, patchIdentity, { id: entered.person.id, patch }));
  return entered;
};
const addressesOf = async ({ id }: Person) => {
  const { identity } = done(await operatorRest.call(server.adminUrl, getIdentity, { id }));
  return (identity as { verifiable_addresses: object[] }).verifiable_addresses;
};
const heard = async (email: string) =>
  (await messagesTo(server, email)).filter(({ template }) => template === "verifiable_address_changed");
const claim = (email: string) =>
  operatorRest.call(server.adminUrl, createIdentity, { schema_id: "person", traits: { email } });
const undo = (url: string) =>
  send(`${server.url}/self-service/address-undo`, {
    method: "POST",
    headers: { accept: "application/json", "content-type": "application/json" },
    body: JSON.stringify({ token: new URL(url).searchParams.get("token") }),
  });

const ways = [operatorRest, operatorGrpc].flatMap((protocol) =>
  (["patch", "replacement"] as const).map((way) => ({ protocol, way, name: `a ${way} through ${protocol.name}` })),
);

describe.each(ways)("$name", ({ protocol, way }) => {
  it("is told to whoever had the address, and their link gives it back and ends every session", async () => {
    const { person, visitor } = await provenPerson();
    const stolen = newEmail();
    done(await setEmail(protocol, way, person, stolen));
    const [notice, ...more] = await heard(person.email);
    expect([more, await heard(stolen)]).toEqual([[], []]);
    expect(reasonOf(await claim(person.email))).toBe("ALREADY_EXISTS");
    expect((await undo(notice?.url ?? "")).status).toBe(200);
    expect(await addressesOf(person)).toMatchObject([{ value: person.email, verified: true }]);
    expect(refused(await visitor.whoami()).reason).toBe("SESSION_INACTIVE");
    expect((await signIn(nativeRest.enter(server), person)).ok).toBe(true);
    expect(await eventsOf(server, person.id)).toEqual(
      expect.arrayContaining(["address.change_undone done", "session.ended done"]),
    );
  });

  it("without_address_undo leaves out the link, not the message, and the address is anybody's at once", async () => {
    const { person } = await provenPerson();
    done(await setEmail(protocol, way, person, newEmail(), { without_address_undo: true }));
    expect(await heard(person.email)).toMatchObject([{ url: "" }]);
    done(await claim(person.email));
  });
});

it("no number of messages before it keeps the owner from hearing", async () => {
  const { person } = await provenPerson();
  const other = newEmail();
  const verified = [
    { op: "replace", path: "/verifiable_addresses/0/verified", value: true },
    { op: "replace", path: "/verifiable_addresses/0/status", value: "completed" },
  ];
  for (let times = 1; times <= 3; times++) {
    done(await setEmail(operatorRest, "patch", person, other, { without_address_undo: true }));
    expect(await heard(person.email)).toHaveLength(times);
    done(await setEmail(operatorRest, "patch", person, person.email, { without_address_undo: true }));
    done(await operatorRest.call(server.adminUrl, patchIdentity, { id: person.id, patch: verified }));
  }
});

it("an address that nobody has proven gets no link: it may be a stranger's", async () => {
  const { person } = await enterAsNewPerson(nativeRest, server);
  done(await setEmail(operatorRest, "patch", person, newEmail()));
  expect(await heard(person.email)).toMatchObject([{ url: "" }]);
  done(await claim(person.email));
});

it("what changes no address, or is refused, is told nobody", async () => {
  const { person } = await provenPerson();
  const { person: other } = await provenPerson();
  const body = { schema_id: "person", traits: { email: person.email, nickname: `n${person.id.slice(-12)}` } };
  const credentials = { password: { config: { password: newPassword() } } };
  done(await operatorRest.call(server.adminUrl, updateIdentity, { id: person.id, body: { ...body, credentials } }));
  expect(reasonOf(await setEmail(operatorRest, "patch", person, other.email))).toBe("ALREADY_EXISTS");
  expect(await heard(person.email)).toEqual([]);
});

it("where nobody hears of addresses, an operator's change is not told either", async () => {
  await server.restart(configured(false));
  const { person } = await provenPerson();
  done(await setEmail(operatorRest, "patch", person, newEmail()));
  expect(await heard(person.email)).toEqual([]);
  done(await claim(person.email));
  await server.restart(configured());
});
