import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { grpc } from "../protocols/connect.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { addPasskey, newDevice, signInWithPasskey, signUpWithPasskey, withKeys } from "../protocols/keys.ts";
import { enterAsNewPerson, newEmail } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { shownIn } from "../protocols/seen.ts";
import { startServer, type TestServer } from "../protocols/server.ts";
import { optionsOf } from "../setup/authenticator.ts";

/* Whether a passkey must have verified its owner, by a PIN or biometrics: WebAuthn Level 3, section 5.8.6. */

const unverified = { userVerified: false };
const configured = (user_verification: string) =>
  withKeys({
    selfservice: { methods: { passkey: { config: { authenticator_selection: { user_verification } } } } },
  });

describe.each([nativeRest, spa, grpc])("through $name", (protocol) => {
  describe("where it is discouraged", () => {
    let server: TestServer;
    beforeAll(async () => {
      server = await startServer({ overrides: configured("discouraged") });
    });
    afterAll(() => server?.stop());

    it("browsers are asked for a passkey that verifies nobody", async () => {
      const { visitor } = await enterAsNewPerson(protocol, server);
      const settings = accepted(await visitor.settings.create());
      expect(JSON.stringify(optionsOf(shownIn(settings, "passkey_create_data")))).toContain(
        '"userVerification":"discouraged"',
      );
      const login = accepted(await protocol.enter(server).login.create());
      expect(JSON.stringify(optionsOf(shownIn(login, "passkey_challenge")))).toContain(
        '"userVerification":"discouraged"',
      );
    });

    it("a passkey that verified nobody is added, signs in and signs up", async () => {
      const { visitor, person } = await enterAsNewPerson(protocol, server);
      const device = newDevice();
      accepted(await addPasskey(visitor, device, unverified));
      const other = protocol.enter(server);
      accepted(await signInWithPasskey(other, device, unverified));
      expect(accepted(await other.whoami()).identityId).toBe(person.id);
      accepted(await signUpWithPasskey(protocol.enter(server), newDevice(), { email: newEmail() }, unverified));
    });

    it("somebody must have touched it all the same", async () => {
      const { visitor } = await enterAsNewPerson(protocol, server);
      expect(refused(await addPasskey(visitor, newDevice(), { userPresent: false })).reason).toBe("FORM_REJECTED");
    });
  });
});

it("is asked for and refused without it where it is required", async () => {
  const server = await startServer({ overrides: configured("required") });
  try {
    const { visitor } = await enterAsNewPerson(nativeRest, server);
    expect(refused(await addPasskey(visitor, newDevice(), unverified)).reason).toBe("FORM_REJECTED");
    accepted(await addPasskey(visitor, newDevice()));
  } finally {
    await server.stop();
  }
});
