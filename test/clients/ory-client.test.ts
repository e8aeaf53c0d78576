import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newEmail } from "../protocols/person.ts";
import { startServer, type TestServer } from "../protocols/server.ts";
import { orySdks } from "./ory-sdk.ts";

/*
 * The SDKs that people use with the reference, unchanged: what they read and
 * what they send is the contract of the REST protocol.
 */

let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    overrides: {
      selfservice: {
        flows: { verification: { enabled: true }, recovery: { enabled: true } },
        methods: {
          code: { enabled: true },
          passkey: {
            enabled: true,
            config: { rp: { id: "localhost", display_name: "SDK", origins: ["http://localhost"] } },
          },
        },
      },
    },
  });
});
afterAll(() => server?.stop());

const first = "correct horse battery 7";

describe.each(orySdks)("$name", ({ create, refusal }) => {
  const ory = () => create(server.url).frontend;

  const signUp = async (address: string): Promise<string> => {
    const flow = await ory().createNativeRegistrationFlow();
    const registered = await ory().updateRegistrationFlow({
      flow: flow.id,
      updateRegistrationFlowBody: { method: "password", password: first, traits: { email: address } },
    });
    expect(registered.identity.traits).toMatchObject({ email: address });
    return registered.session_token ?? "";
  };

  const logIn = async (identifier: string, password: string): Promise<string> => {
    const flow = await ory().createNativeLoginFlow();
    const entered = await ory().updateLoginFlow({
      flow: flow.id,
      updateLoginFlowBody: { method: "password", identifier, password },
    });
    return entered.session_token ?? "";
  };

  it("registers, changes profile and password, and signs in again", async () => {
    const email = newEmail();
    const token = await signUp(email);
    const flow = await ory().createNativeSettingsFlow({ xSessionToken: token });
    const read = await ory().getSettingsFlow({ id: flow.id, xSessionToken: token });
    expect(read.ui.nodes.map((node) => node.group)).toContain("profile");

    const profile = await ory().updateSettingsFlow({
      flow: flow.id,
      xSessionToken: token,
      updateSettingsFlowBody: { method: "profile", traits: { email, name: { first: "Sdk" } } },
    });
    expect(profile.state).toBe("success");
    expect(profile.identity.traits).toMatchObject({ name: { first: "Sdk" } });

    const second = "another good secret 8";
    const changed = await ory().updateSettingsFlow({
      flow: flow.id,
      xSessionToken: token,
      updateSettingsFlowBody: { method: "password", password: second },
    });
    expect(changed.ui.messages?.[0]?.id).toBe(1050001);

    expect(await refusal(logIn(email, first))).toMatchObject({ status: 400 });
    const session = await ory().toSession({ xSessionToken: await logIn(email, second) });
    expect(session.identity?.traits).toMatchObject({ name: { first: "Sdk" } });
  });

  it("sees what is wrong with a form where it looks for it", async () => {
    const token = await signUp(newEmail());
    const flow = await ory().createNativeSettingsFlow({ xSessionToken: token });
    const refused = ory().updateSettingsFlow({
      flow: flow.id,
      xSessionToken: token,
      updateSettingsFlowBody: { method: "profile", traits: { email: "notanemail" } },
    });
    const messages = [expect.objectContaining({ id: 4000001 })];
    expect(await refusal(refused)).toMatchObject({
      status: 400,
      body: { ui: { nodes: expect.arrayContaining([expect.objectContaining({ messages })]) } },
    });
  });

  it("lists and ends sessions, and signs out", async () => {
    const email = newEmail();
    const token = await signUp(email);
    expect(await ory().listMySessions({ xSessionToken: token })).toEqual([]);
    expect(await ory().disableMyOtherSessions({ xSessionToken: token })).toMatchObject({ count: 0 });
    await logIn(email, first);
    const [other] = await ory().listMySessions({ xSessionToken: token });
    await ory().disableMySession({ id: other?.id ?? "", xSessionToken: token });
    expect(await ory().listMySessions({ xSessionToken: token })).toEqual([]);
    await ory().performNativeLogout({ performNativeLogoutBody: { session_token: token } });
    expect(await refusal(ory().toSession({ xSessionToken: token }))).toMatchObject({
      status: 401,
      body: { error: { id: "session_inactive" } },
    });
  });

  it("begins and reads a flow of every kind, of apps and of browsers", async () => {
    const api = ory();
    const token = await signUp(newEmail());
    const flows = {
      login: [await api.createNativeLoginFlow(), await api.createBrowserLoginFlow()],
      registration: [await api.createNativeRegistrationFlow(), await api.createBrowserRegistrationFlow()],
      recovery: [await api.createNativeRecoveryFlow(), await api.createBrowserRecoveryFlow()],
      verification: [await api.createNativeVerificationFlow(), await api.createBrowserVerificationFlow()],
    };
    for (const kinds of Object.values(flows)) expect(kinds.map(({ type }) => type)).toEqual(["api", "browser"]);
    expect(await api.getLoginFlow({ id: flows.login[0]?.id ?? "" })).toMatchObject({ type: "api" });
    expect(await api.getRegistrationFlow({ id: flows.registration[0]?.id ?? "" })).toMatchObject({ type: "api" });
    expect(await api.getRecoveryFlow({ id: flows.recovery[0]?.id ?? "" })).toMatchObject({ type: "api" });
    expect(await api.getVerificationFlow({ id: flows.verification[0]?.id ?? "" })).toMatchObject({ type: "api" });
    const settings = await api.createNativeSettingsFlow({ xSessionToken: token });
    expect(await api.getSettingsFlow({ id: settings.id, xSessionToken: token })).toMatchObject({ id: settings.id });
    // Without the cookie of its browser a browser's flow is nobody's.
    expect(await refusal(api.getLoginFlow({ id: flows.login[1]?.id ?? "" }))).toMatchObject({ status: 403 });
    expect(await refusal(api.createBrowserSettingsFlow())).toMatchObject({ status: 401 });
    expect(await refusal(api.createBrowserLogoutFlow())).toMatchObject({ status: 401 });
  });

  it("asks for a code to recover with, and to verify with", async () => {
    const api = ory();
    const email = newEmail();
    await signUp(email);
    const recovery = await api.createNativeRecoveryFlow();
    expect(
      await api.updateRecoveryFlow({ flow: recovery.id, updateRecoveryFlowBody: { method: "code", email } }),
    ).toMatchObject({ state: "sent_email" });
    const verification = await api.createNativeVerificationFlow();
    expect(
      await api.updateVerificationFlow({
        flow: verification.id,
        updateVerificationFlowBody: { method: "code", email },
      }),
    ).toMatchObject({ state: "sent_email" });
  });

  it("reads the script of keys, and hears of what is not there", async () => {
    const api = ory();
    expect(await api.getWebAuthnJavaScript()).toContain("navigator.credentials");
    const id = "6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99";
    expect(await refusal(api.getFlowError({ id }))).toMatchObject({ status: 404 });
    expect(await refusal(api.exchangeSessionToken({ initCode: "a", returnToCode: "b" }))).toMatchObject({
      status: 404,
    });
  });
});
