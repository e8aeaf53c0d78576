import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { merge } from "../../src/config/tree.ts";
import { enrolCodes, withFactors } from "../protocols/factors.ts";
import { addKey, newDevice, withKeys } from "../protocols/keys.ts";
import { change, enterAs, enterAsNewPerson, hand, newEmail } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { browserProtocols } from "../protocols/protocols.ts";
import { shownIn } from "../protocols/seen.ts";
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

  it("a key that signs nobody in any more is removed by whoever has another first factor", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, passwordless);
    const device = newDevice();
    accepted(await addKey(visitor, device, "Signed in by itself"));
    const later = protocol.enter(server);
    hand(visitor, later);
    const removal = { method: "webauthn", webauthn_remove: device.keys[0]?.id.toString("hex") ?? "" };
    accepted(await change(later, removal));
    expect(accepted(await later.settings.create()).nodes.map(({ name }) => name)).not.toContain("webauthn_remove");
    await enterAs(protocol, server, person);
  });

  it("the last key that signs in by itself stays, and one of two does not", async () => {
    const visitor = protocol.enter(passwordless);
    const device = newDevice();
    const form = accepted(await visitor.registration.create());
    accepted(
      await visitor.registration.update(form.id, {
        method: "webauthn",
        traits: { email: newEmail() },
        webauthn_register: device.create(shownIn(form, "webauthn_register_trigger")),
        webauthn_register_displayname: "First",
      }),
    );
    const removeFirst = () =>
      change(visitor, { method: "webauthn", webauthn_remove: device.keys[0]?.id.toString("hex") ?? "" });
    expect(refused(await removeFirst()).texts).toMatchObject([{ node: "webauthn_remove", id: 4000001 }]);
    accepted(await addKey(visitor, newDevice(), "Second"));
    accepted(await removeFirst());
  });
});
