import { Configuration, FrontendApi } from "@ory/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../protocols/server.ts";

/*
 * The SDK that people use with the reference, unchanged: what it reads and
 * what it sends is the contract of the REST protocol.
 */

let server: TestServer;
let ory: FrontendApi;

beforeAll(async () => {
  server = await startServer();
  ory = new FrontendApi(new Configuration({ basePath: server.url }));
});
afterAll(() => server.stop());

const email = "sdk@example.com";
const first = "correct horse battery 7";

const signUp = async (address: string): Promise<string> => {
  const { data: flow } = await ory.createNativeRegistrationFlow();
  const { data } = await ory.updateRegistrationFlow({
    flow: flow.id,
    updateRegistrationFlowBody: { method: "password", password: first, traits: { email: address } },
  });
  expect(data.identity.traits).toMatchObject({ email: address });
  return data.session_token ?? "";
};

const logIn = async (password: string): Promise<string> => {
  const { data: flow } = await ory.createNativeLoginFlow();
  const { data } = await ory.updateLoginFlow({
    flow: flow.id,
    updateLoginFlowBody: { method: "password", identifier: email, password },
  });
  return data.session_token ?? "";
};

describe("the SDK of Ory Kratos", () => {
  it("registers, changes profile and password, and signs in again", async () => {
    const token = await signUp(email);
    const { data: flow } = await ory.createNativeSettingsFlow({ xSessionToken: token });
    const { data: read } = await ory.getSettingsFlow({ id: flow.id, xSessionToken: token });
    expect(read.ui.nodes.map((node) => node.group)).toContain("profile");

    const profile = await ory.updateSettingsFlow({
      flow: flow.id,
      xSessionToken: token,
      updateSettingsFlowBody: { method: "profile", traits: { email, name: { first: "Sdk" } } },
    });
    expect(profile.data.state).toBe("success");
    expect(profile.data.identity.traits).toMatchObject({ name: { first: "Sdk" } });

    const second = "another good secret 8";
    const changed = await ory.updateSettingsFlow({
      flow: flow.id,
      xSessionToken: token,
      updateSettingsFlowBody: { method: "password", password: second },
    });
    expect(changed.data.ui.messages?.[0]?.id).toBe(1050001);

    await expect(logIn(first)).rejects.toMatchObject({ response: { status: 400 } });
    const { data: session } = await ory.toSession({ xSessionToken: await logIn(second) });
    expect(session.identity?.traits).toMatchObject({ name: { first: "Sdk" } });
  });

  it("sees what is wrong with a form where it looks for it", async () => {
    const token = await signUp("sdk-errors@example.com");
    const { data: flow } = await ory.createNativeSettingsFlow({ xSessionToken: token });
    const refused = ory.updateSettingsFlow({
      flow: flow.id,
      xSessionToken: token,
      updateSettingsFlowBody: { method: "profile", traits: { email: "notanemail" } },
    });
    await expect(refused).rejects.toMatchObject({
      response: {
        status: 400,
        data: {
          ui: {
            nodes: expect.arrayContaining([
              expect.objectContaining({ messages: [expect.objectContaining({ id: 4000001 })] }),
            ]),
          },
        },
      },
    });
  });

  it("lists and ends sessions, and signs out", async () => {
    const token = await signUp("sdk-sessions@example.com");
    await expect(ory.listMySessions({ xSessionToken: token })).resolves.toMatchObject({ data: [] });
    await expect(ory.disableMyOtherSessions({ xSessionToken: token })).resolves.toMatchObject({ data: { count: 0 } });
    await ory.performNativeLogout({ performNativeLogoutBody: { session_token: token } });
    await expect(ory.toSession({ xSessionToken: token })).rejects.toMatchObject({
      response: { status: 401, data: { error: { id: "session_inactive" } } },
    });
  });
});
