import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { merge } from "../../src/config/tree.ts";
import { passwordless, secondFactorByCode, signInWithCode, signUpWithCode } from "../protocols/codes.ts";
import { enrolTotp, stepUpByTotp, withFactors } from "../protocols/factors.ts";
import { enterAs, enterAsNewPerson, newEmail } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { lastCodeTo, messagesTo } from "../protocols/sent-messages.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* What comes by mail is one factor, however often it comes, and it is one: neither none nor two. */

let server: TestServer;
/** Where codes are a way in. */
let open: TestServer;
beforeAll(async () => {
  const recovery = {
    selfservice: { flows: { recovery: { enabled: true } } },
    feature_flags: { use_continue_with_transitions: true },
  };
  server = await startServer({ overrides: merge(secondFactorByCode, recovery) });
  open = await startServer({ overrides: merge(passwordless, withFactors) });
});
afterAll(async () => {
  await open?.stop();
  await server?.stop();
});

describe.each(protocols)("through $name", (protocol) => {
  it("a recovery code is not followed by a mail code as second factor, and a password is", async () => {
    const { person } = await enterAsNewPerson(protocol, server);
    const { email } = person;
    const visitor = protocol.enter(server);
    const flow = accepted(await visitor.recovery.create());
    accepted(await visitor.recovery.update(flow.id, { method: "code", email }));
    accepted(await visitor.recovery.update(flow.id, { method: "code", code: await lastCodeTo(server, email) }));
    expect(accepted(await visitor.whoami())).toMatchObject({ aal: 1, methods: ["code_recovery"] });
    const sent = (await messagesTo(server, email)).length;
    const form = accepted(await visitor.login.create({ aal: "aal2" }));
    expect(form.nodes.filter(({ group }) => group === "code")).toEqual([]);
    refused(await visitor.login.update(form.id, { method: "code", address: email }));
    expect([(await messagesTo(server, email)).length, accepted(await visitor.whoami()).aal]).toEqual([sent, 1]);

    const other = await enterAs(protocol, server, person);
    const second = accepted(await other.login.create({ aal: "aal2" }));
    refused(await other.login.update(second.id, { method: "code", address: email }));
    accepted(await other.login.update(second.id, { method: "code", code: await lastCodeTo(server, email) }));
    expect(accepted(await other.whoami())).toMatchObject({ aal: 2, methods: ["password", "code"] });
  });

  it("a code alone is one factor, and whoever set up an authenticator app is asked for it", async () => {
    const email = newEmail();
    const visitor = protocol.enter(open);
    accepted(await signUpWithCode(open, visitor, { email }));
    expect(accepted(await visitor.whoami())).toMatchObject({ aal: 1, methods: ["code"] });
    const secret = await enrolTotp(visitor, open);
    const other = protocol.enter(open);
    accepted(await signInWithCode(open, other, email));
    expect(refused(await other.whoami()).reason).toBe("AAL2_REQUIRED");
    accepted(await stepUpByTotp(other, open, secret));
    expect(accepted(await other.whoami())).toMatchObject({ aal: 2, methods: ["code", "totp"] });
  });
});
