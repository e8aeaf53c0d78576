import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { merge } from "../../src/config/tree.ts";
import { enrolCodes, withFactors } from "../protocols/factors.ts";
import { addKey, newDevice, withKeys } from "../protocols/keys.ts";
import { change, enterAs, enterAsNewPerson, hand } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { browserProtocols } from "../protocols/protocols.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* Keys of one person that were made before and after security keys signed in by themselves. */

let server: TestServer;
/** The same server after `passwordless` was switched on. */
let passwordless: TestServer;
beforeAll(async () => {
  const strict = merge(withFactors, { selfservice: { flows: { settings: { required_aal: "highest_available" } } } });
  server = await startServer({ overrides: withKeys(strict) });
  passwordless = await startServer({ overrides: withKeys(strict, true), beside: server });
});
afterAll(async () => {
  await passwordless?.stop();
  await server?.stop();
});

describe.each(browserProtocols)("through $name", (protocol) => {
  it("backup codes go with the last key that is a second factor, though a key of the other kind stays", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const device = newDevice();
    accepted(await addKey(visitor, device, "Second factor"));
    await enrolCodes(visitor);
    const other = await enterAs(protocol, server, person);
    expect(refused(await other.settings.create()).reason).toBe("AAL2_REQUIRED");

    const later = protocol.enter(passwordless);
    hand(visitor, later);
    accepted(await addKey(later, newDevice(), "Signs in by itself"));
    accepted(await change(later, { method: "webauthn", webauthn_remove: device.keys[0]?.id.toString("hex") ?? "" }));
    const again = await enterAs(protocol, passwordless, person);
    accepted(await again.settings.create());
  });
});
