import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { merge } from "../../src/config/tree.ts";
import {
  codeAt,
  codesIn,
  enrolCodes,
  enrolTotp,
  nextCode,
  secretIn,
  stepUp,
  stepUpByTotp,
  withFactors,
} from "../protocols/factors.ts";
import { between } from "../protocols/gate.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { change, enterAs, enterAsNewPerson } from "../protocols/person.ts";
import { type Answer, accepted, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* Codes of apps and backup codes in the hands of somebody else, too often, too late, or at the same moment. */

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: merge(withFactors, { limits: { login: { per_second_factor: 6 } } }) });
});
afterAll(() => server?.stop());

const totp = (code: string) => ({ method: "totp", totp_code: code });
const backup = (code: string) => ({ method: "lookup_secret", lookup_secret: code });
const press = (name: string) => ({ method: "lookup_secret", [`lookup_secret_${name}`]: true });
const taken = (answers: readonly Answer<unknown>[]) => answers.filter(({ ok }) => ok).length;

describe.each(protocols)("through $name", (protocol) => {
  it("a code of another person's raises nothing, and is not used up by the attempt", async () => {
    const [mine, theirs] = [await enterAsNewPerson(protocol, server), await enterAsNewPerson(protocol, server)];
    await enrolTotp(mine.visitor, server);
    await enrolCodes(mine.visitor);
    const secret = await enrolTotp(theirs.visitor, server);
    const [code = ""] = await enrolCodes(theirs.visitor);
    const thief = await enterAs(protocol, server, mine.person);
    const shown = nextCode(server, secret);
    expect(refused(await stepUp(thief, totp(shown))).texts).toMatchObject([{ node: "", id: 4000008 }]);
    expect(refused(await stepUp(thief, backup(code))).texts).toMatchObject([{ node: "", id: 4000016 }]);
    expect(refused(await thief.whoami()).reason).toBe("AAL2_REQUIRED");
    for (const second of [totp(shown), backup(code)])
      accepted(await stepUp(await enterAs(protocol, server, theirs.person), second));
  });

  it("wrong codes of apps and wrong backup codes count together, and then the right ones must wait", async () => {
    const { person, visitor } = await enterAsNewPerson(protocol, server);
    const secret = await enrolTotp(visitor, server);
    const [code = ""] = await enrolCodes(visitor);
    const guesser = await enterAs(protocol, server, person);
    for (let tries = 0; tries < 3; tries++) {
      expect(refused(await stepUp(guesser, totp("000000"))).reason).toBe("FORM_REJECTED");
      expect(refused(await stepUp(guesser, backup("nocode12"))).reason).toBe("FORM_REJECTED");
    }
    for (const right of [backup(code), totp(nextCode(server, secret))]) {
      const limited = refused(await stepUp(await enterAs(protocol, server, person), right));
      expect([limited.reason, (limited.retryAfter ?? 1) > 0]).toEqual(["RATE_LIMITED", true]);
    }
    // Nothing was used up by being refused, and nobody else has to wait.
    const { person: other, visitor: otherDevice } = await enterAsNewPerson(protocol, server);
    const another = await enrolTotp(otherDevice, server);
    accepted(await stepUpByTotp(await enterAs(protocol, server, other), server, another));
    server.clock.advance(15 * 60_000);
    accepted(await stepUp(guesser, backup(code)));
  });
});

describe("at the same moment", () => {
  it("one of two tabs sets an app up, and the other is told", async () => {
    const { visitor } = await enterAsNewPerson(spa, server);
    const flows = [accepted(await visitor.settings.create()), accepted(await visitor.settings.create())];
    const answers = await Promise.all(
      flows.map((flow) => visitor.settings.update(flow.id, totp(codeAt(secretIn(flow), server.clock.now())))),
    );
    expect(taken(answers)).toBe(1);
    for (const answer of answers.filter(({ ok }) => !ok))
      expect(refused(answer).texts).toMatchObject([{ node: "", id: 4000001 }]);
    expect(accepted(await visitor.whoami())).toMatchObject({ aal: 2 });
  });

  it("two tabs confirm backup codes: those of one are good, those of the other are not, and no others", async () => {
    const { person, visitor } = await enterAsNewPerson(spa, server);
    const flows = [accepted(await visitor.settings.create()), accepted(await visitor.settings.create())];
    for (const { id } of flows) accepted(await visitor.settings.update(id, press("regenerate")));
    const codes = await Promise.all(
      flows.map(async ({ id }) => codesIn(accepted(await visitor.settings.get(id)))[0] ?? ""),
    );
    const answers = await Promise.all(flows.map(({ id }) => visitor.settings.update(id, press("confirm"))));
    expect(taken(answers)).toBeGreaterThan(0);
    const tries = await Promise.all(
      codes.map(async (code) => stepUp(await enterAs(spa, server, person), backup(code))),
    );
    expect(taken(tries)).toBe(1);
  });

  it("a code is submitted by two sessions: one of them is raised", async () => {
    const { person, visitor } = await enterAsNewPerson(nativeRest, server);
    const secret = await enrolTotp(visitor, server);
    const visitors = await Promise.all([1, 2, 3].map(() => enterAs(nativeRest, server, person)));
    const code = nextCode(server, secret);
    expect(taken(await Promise.all(visitors.map((each) => stepUp(each, totp(code)))))).toBe(1);
    const levels = await Promise.all(visitors.map((each) => each.whoami()));
    expect(taken(levels)).toBe(1);
  });

  it("an app is removed while its code is submitted: the code raises nothing", async () => {
    const { person, visitor } = await enterAsNewPerson(nativeRest, server);
    const secret = await enrolTotp(visitor, server);
    const other = await enterAs(nativeRest, server, person);
    const flow = accepted(await other.login.create({ aal: "aal2" }));
    const code = nextCode(server, secret);
    const answer = await between(
      server.gate,
      () => other.login.update(flow.id, totp(code)),
      async () => accepted(await change(visitor, { method: "totp", totp_unlink: true })),
    );
    expect(answer.ok).toBe(false);
    expect(accepted(await other.whoami())).toMatchObject({ aal: 1 });
  });
});
