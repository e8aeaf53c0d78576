import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { merge } from "../../src/config/tree.ts";
import { secondFactorByCode } from "../protocols/codes.ts";
import { enrolTotp, nextCode, stepUp, withFactors } from "../protocols/factors.ts";
import { enterAs, enterAsNewPerson, type Person, signIn } from "../protocols/person.ts";
import { accepted, type Protocol, refused, type Visitor } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { idBytes } from "../protocols/rows.ts";
import { lastCodeTo } from "../protocols/sent-messages.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* A browser is trusted by a second step that reaches the level of its person, whatever a request asks for. */

const trust = { trust_device: true };

let server: TestServer;
beforeAll(async () => {
  const session = { trusted_devices: { enabled: true, lifespan: "720h" } };
  server = await startServer({ overrides: merge(merge(withFactors, secondFactorByCode), { session }) });
});
afterAll(() => server?.stop());

const isTrusted = async (browser: Visitor, { id }: Person): Promise<boolean> => {
  const rows = await server.sql("SELECT 1 FROM trusted_devices WHERE identity_id = ?", [idBytes(id)]);
  return rows.length > 0 || (browser.credentials.jar?.names ?? []).some((name) => name.includes("trusted_device"));
};
/** Someone with an app, and a browser in which they have given their password. */
const halfway = async (protocol: Protocol) => {
  const { person, visitor } = await enterAsNewPerson(protocol, server);
  // The code by mail is the second factor that they have from the start.
  const { id } = accepted(await visitor.login.create({ aal: "aal2" }));
  refused(await visitor.login.update(id, { method: "code", address: person.email }));
  accepted(await visitor.login.update(id, { method: "code", code: await lastCodeTo(server, person.email) }));
  const secret = await enrolTotp(visitor, server);
  return { person, secret, browser: await enterAs(protocol, server, person) };
};

describe.each(protocols)("through $name", (protocol) => {
  it("a first step trusts nothing, first of a session or again", async () => {
    const { person, secret, browser } = await halfway(protocol);
    const fresh = protocol.enter(server);
    const first = { method: "password", identifier: person.email, password: person.password, ...trust };
    const flow = accepted(await fresh.login.create());
    accepted(await fresh.login.update(flow.id, first));
    expect(await isTrusted(fresh, person)).toBe(false);
    expect(refused(await fresh.whoami()).reason).toBe("AAL2_REQUIRED");

    accepted(await stepUp(browser, { method: "totp", totp_code: nextCode(server, secret) }));
    const again = accepted(await browser.login.create({ refresh: "true" }));
    accepted(await browser.login.update(again.id, first));
    expect(await isTrusted(browser, person)).toBe(false);
  });

  it("a second step that fails trusts nothing, and neither does what is no second factor", async () => {
    const { person, browser } = await halfway(protocol);
    const { id } = accepted(await browser.login.create({ aal: "aal2" }));
    const wrong = await browser.login.update(id, { method: "totp", totp_code: "000000", ...trust });
    expect(refused(wrong).reason).toBe("FORM_REJECTED");
    const first = { method: "password", identifier: person.email, password: person.password, ...trust };
    expect(refused(await browser.login.update(id, first)).reason).toBe("FORM_REJECTED");
    expect(refused(await browser.login.update(id, { method: "code", address: person.email, ...trust })).reason).toBe(
      "FORM_REJECTED",
    );
    expect(await isTrusted(browser, person)).toBe(false);
    expect(refused(await browser.whoami()).reason).toBe("AAL2_REQUIRED");
    accepted(await browser.signOut());
    accepted(await signIn(browser, person));
    expect(refused(await browser.whoami()).reason).toBe("AAL2_REQUIRED");
  });

  it("a second step by what the first one rested on trusts nothing", async () => {
    const { person, browser } = await halfway(protocol);
    const { id } = accepted(await browser.login.create({ aal: "aal2" }));
    refused(await browser.login.update(id, { method: "code", address: person.email }));
    const code = await lastCodeTo(server, person.email);
    const byMail = { method: "code_recovery", aal: "aal1", completed_at: new Date(0).toISOString(), via: "email" };
    await server.sql("UPDATE sessions SET methods = ? WHERE identity_id = ?", [
      JSON.stringify([byMail]),
      idBytes(person.id),
    ]);
    await browser.login.update(id, { method: "code", code, ...trust });
    expect(await isTrusted(browser, person)).toBe(false);
    expect(refused(await browser.whoami()).reason).toBe("AAL2_REQUIRED");
  });

  it("a second step that reaches the level does, in browsers", async () => {
    const { person, secret, browser } = await halfway(protocol);
    accepted(await stepUp(browser, { method: "totp", totp_code: nextCode(server, secret), ...trust }));
    expect(await isTrusted(browser, person)).toBe(protocol.family === "browser");
  });
});
