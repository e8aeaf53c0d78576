import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IdentityAdminService } from "../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { merge } from "../../src/config/tree.ts";
import { enrolCodes, enrolTotp, nextCode, stepUp, withFactors } from "../protocols/factors.ts";
import { spa } from "../protocols/json-rest.ts";
import { done, operatorProtocols } from "../protocols/operators.ts";
import { change, enterAs, enterAsNewPerson, newPassword, type Person, signIn } from "../protocols/person.ts";
import { accepted, refused, type Visitor } from "../protocols/protocol.ts";
import { browserProtocols } from "../protocols/protocols.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* What ends the trust in a browser, and what becomes of sessions then. */

const rpc = IdentityAdminService.method;
const session = { trusted_devices: { enabled: true } };
let server: TestServer;
/** Another node, on which a new password ends the other sessions. */
let strict: TestServer;
beforeAll(async () => {
  const overrides = merge(withFactors, { session });
  server = await startServer({ overrides });
  const hooks = [{ hook: "revoke_active_sessions" }];
  const settings = { after: { password: { hooks } } };
  strict = await startServer({
    overrides: merge(overrides, { selfservice: { flows: { settings } } }),
    beside: server,
  });
});
afterAll(async () => {
  await strict?.stop();
  await server?.stop();
});

interface Trusting {
  readonly person: Person;
  /** Another session of theirs. */
  readonly otherDevice: Visitor;
  /** Signed out, and trusted. */
  readonly browser: Visitor;
}
const trusting = async (protocol = spa): Promise<Trusting> => {
  const { person, visitor: otherDevice } = await enterAsNewPerson(protocol, server);
  const secret = await enrolTotp(otherDevice, server);
  await enrolCodes(otherDevice);
  const browser = await enterAs(protocol, server, person);
  accepted(await stepUp(browser, { method: "totp", totp_code: nextCode(server, secret), trust_device: true }));
  accepted(await browser.signOut());
  return { person, otherDevice, browser };
};
/** Whether the browser is trusted: whoever signs in there needs no second step. */
const isTrusted = async ({ person, browser }: Trusting, password = person.password): Promise<boolean> => {
  accepted(await signIn(browser, { email: person.email, password }));
  const seen = await browser.whoami();
  if (!seen.ok) expect(seen.reason).toBe("AAL2_REQUIRED");
  return seen.ok;
};

describe.each(browserProtocols)("through $name", (protocol) => {
  it("new backup codes end it, as whatever else someone signs in with", async () => {
    const someone = await trusting(protocol);
    accepted(await change(someone.otherDevice, { method: "lookup_secret", lookup_secret_disable: true }));
    expect(accepted(await someone.otherDevice.trustedDevices())).toEqual([]);
    expect(await isTrusted(someone)).toBe(false);
  });

  it("a change of the profile does not end it", async () => {
    const someone = await trusting(protocol);
    const traits = { email: someone.person.email, name: { first: "Ann" } };
    accepted(await change(someone.otherDevice, { method: "profile", traits }));
    expect(await isTrusted(someone)).toBe(true);
  });
});

describe.each(operatorProtocols)("by an operator through $name", ({ call }) => {
  const put = async ({ person }: Trusting, body: JsonObject, node = server) =>
    done(
      await call(node.adminUrl, rpc.updateIdentity, {
        id: person.id,
        body: { schema_id: "person", traits: { email: person.email }, ...body },
      }),
    );
  const setState = async ({ person }: Trusting, value: "active" | "inactive") =>
    done(
      await call(server.adminUrl, rpc.patchIdentity, {
        id: person.id,
        patch: [{ op: "replace", path: "/state", value }],
      }),
    );
  const newCredentials = (password: string) => ({ credentials: { password: { config: { password } } } });

  it("a new password ends it, and leaves sessions as they are", async () => {
    const someone = await trusting();
    const password = newPassword();
    await put(someone, newCredentials(password));
    expect(await isTrusted(someone, password)).toBe(false);
    accepted(await someone.otherDevice.whoami());
  });

  it("a new password ends the sessions too, where the owner's own would", async () => {
    const someone = await trusting();
    const password = newPassword();
    await put(someone, newCredentials(password), strict);
    expect(await isTrusted(someone, password)).toBe(false);
    expect(refused(await someone.otherDevice.whoami()).reason).toBe("SESSION_INACTIVE");
  });

  it("a second factor that is deleted ends it", async () => {
    const someone = await trusting();
    done(await call(server.adminUrl, rpc.deleteCredential, { id: someone.person.id, type: "lookup_secret" }));
    expect(await isTrusted(someone)).toBe(false);
  });

  it("disabling ends it for good, and sessions while it lasts", async () => {
    const someone = await trusting();
    await setState(someone, "inactive");
    expect(refused(await someone.otherDevice.whoami()).reason).toBe("SESSION_INACTIVE");
    await setState(someone, "active");
    accepted(await someone.otherDevice.whoami());
    expect(await isTrusted(someone)).toBe(false);
  });

  it("what is changed beside credentials and state does not end it", async () => {
    const someone = await trusting();
    await put(someone, { metadata_admin: { note: "called" } });
    expect(await isTrusted(someone)).toBe(true);
  });
});
