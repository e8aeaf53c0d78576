import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hours, seconds } from "../protocols/clock.ts";
import { enrolTotp, growOld, nextCode, stepUp, stepUpByTotp, withFactors } from "../protocols/factors.ts";
import { change, enterAs, enterAsNewPerson, newPassword, signIn } from "../protocols/person.ts";
import { accepted, type Protocol, refused, type Visitor } from "../protocols/protocol.ts";
import { browserProtocols, nativeProtocols, protocols } from "../protocols/protocols.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

let server: TestServer;
const session = { lifespan: "2000h", trusted_devices: { enabled: true, lifespan: "720h" } };
beforeAll(async () => {
  server = await startServer({ overrides: { ...withFactors, session } });
});
afterAll(() => server.stop());

/** Someone with an app, signed in elsewhere as well, and a browser that they have trusted. */
const trusting = async (protocol: Protocol) => {
  const { person, visitor: otherDevice } = await enterAsNewPerson(protocol, server);
  const secret = await enrolTotp(otherDevice, server);
  const browser = await enterAs(protocol, server, person);
  const submission = { method: "totp", totp_code: nextCode(server, secret), trust_device: true };
  accepted(await stepUp(browser, submission));
  return { person, otherDevice, secret, browser };
};
/** The cookie leaves the session behind: the browser is the same, nobody is signed in. */
const signOut = async (browser: Visitor) => {
  accepted(await browser.signOut());
  return browser;
};

describe.each(browserProtocols)("through $name", (protocol) => {
  it("a browser that is trusted stands in for the second factor, says so, and is listed", async () => {
    const { person, otherDevice, browser } = await trusting(protocol);
    expect(accepted(await browser.whoami()).methods).toEqual(["password", "totp"]);
    accepted(await signIn(await signOut(browser), person));
    expect(accepted(await browser.whoami())).toMatchObject({ aal: 2, methods: ["password", "trusted_device"] });
    expect(accepted(await otherDevice.trustedDevices())).toHaveLength(1);
    const other = await enterAs(protocol, server, person);
    expect(refused(await other.whoami()).reason).toBe("AAL2_REQUIRED");
    expect(refused(await other.trustedDevices()).reason).toBe("AAL2_REQUIRED");
    if (!protocol.isForm) expect(refused(await other.endTrustedDevice(person.id)).reason).toBe("AAL2_REQUIRED");
  });

  it("a form offers it with every second factor, and whoever does not ask for it trusts nothing", async () => {
    const { person, visitor } = await enterAsNewPerson(protocol, server);
    const secret = await enrolTotp(visitor, server);
    const browser = await enterAs(protocol, server, person);
    const flow = accepted(await browser.login.create({ aal: "aal2" }));
    expect(flow.nodes.filter(({ name }) => name === "trust_device")).toMatchObject([
      { group: "totp", type: "checkbox", value: false },
    ]);
    accepted(await stepUpByTotp(browser, server, secret));
    accepted(await signIn(await signOut(browser), person));
    expect(refused(await browser.whoami()).reason).toBe("AAL2_REQUIRED");
    expect(accepted(await visitor.trustedDevices())).toEqual([]);
  });

  it("it never stands in where a protected change asks for the second factor", async () => {
    const { person, secret, browser } = await trusting(protocol);
    accepted(await signIn(await signOut(browser), person));
    const flow = accepted(await browser.settings.create());
    const submission = { method: "password", password: newPassword() };
    const error = refused(await browser.settings.update(flow.id, submission));
    expect(error.reason).toBe("SESSION_REFRESH_REQUIRED");
    expect(error.reauthenticate?.redirectBrowserTo).toContain("refresh=true&aal=aal2");
    accepted(await stepUp(browser, { method: "totp", totp_code: nextCode(server, secret) }, { refresh: "true" }));
    accepted(await browser.resume(flow.id));
    expect(refused(await signIn(protocol.enter(server), person)).texts).toMatchObject([{ id: 4000006 }]);
  });

  it("its owner ends it from another session; whoever else names it ends nothing", async () => {
    const { person, otherDevice, browser } = await trusting(protocol);
    const [id = ""] = accepted(await otherDevice.trustedDevices());
    const { visitor: stranger } = await enterAsNewPerson(protocol, server);
    accepted(await stranger.endTrustedDevice(id));
    expect(accepted(await otherDevice.trustedDevices())).toEqual([id]);
    accepted(await otherDevice.endTrustedDevice(id));
    expect(accepted(await otherDevice.trustedDevices())).toEqual([]);
    accepted(await signIn(await signOut(browser), person));
    expect(refused(await browser.whoami()).reason).toBe("AAL2_REQUIRED");
  });

  it("a new password ends it", async () => {
    const { person, otherDevice, browser, secret } = await trusting(protocol);
    await signOut(browser);
    const password = newPassword();
    accepted(await change(otherDevice, { method: "password", password }));
    accepted(await signIn(browser, { ...person, password }));
    expect(refused(await browser.whoami()).reason).toBe("AAL2_REQUIRED");
    accepted(await stepUpByTotp(browser, server, secret));
  });

  it("thirty days end it", async () => {
    const { person, browser } = await trusting(protocol);
    await signOut(browser);
    server.clock.advance(hours(720) - seconds(1));
    accepted(await signIn(browser, person));
    expect(accepted(await browser.whoami()).aal).toBe(2);
    await signOut(browser);
    server.clock.advance(seconds(1));
    accepted(await signIn(browser, person));
    expect(refused(await browser.whoami()).reason).toBe("AAL2_REQUIRED");
  });

  it("it is one person's: another in the same browser is asked", async () => {
    const { browser } = await trusting(protocol);
    const { person: other, visitor } = await enterAsNewPerson(protocol, server);
    await enrolTotp(visitor, server);
    accepted(await signIn(await signOut(browser), other));
    expect(refused(await browser.whoami()).reason).toBe("AAL2_REQUIRED");
  });
});

describe.each(nativeProtocols)("through $name", (protocol) => {
  it("native apps have no such thing", async () => {
    const { otherDevice, person } = await trusting(protocol);
    expect(accepted(await otherDevice.trustedDevices())).toEqual([]);
    expect(refused(await (await enterAs(protocol, server, person)).whoami()).reason).toBe("AAL2_REQUIRED");
  });
});

describe.each(protocols)("guessing through $name", (protocol) => {
  it("counts for a person over all sessions and flows, whatever the factor", async () => {
    const { person, visitor } = await enterAsNewPerson(protocol, server);
    const secret = await enrolTotp(visitor, server);
    const wrong = { method: "totp", totp_code: "000000" };
    for (let tries = 0; tries < 10; tries++)
      expect(refused(await stepUp(await enterAs(protocol, server, person), wrong)).reason).toBe("FORM_REJECTED");
    const other = await enterAs(protocol, server, person);
    const limited = refused(await stepUp(other, { method: "totp", totp_code: nextCode(server, secret) }));
    expect(limited.reason).toBe("RATE_LIMITED");
    growOld(server);
    accepted(await stepUpByTotp(other, server, secret));
  });
});
