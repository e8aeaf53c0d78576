import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { codesIn, enrolCodes, enrolTotp, growOld, stepUp, withFactors } from "../protocols/factors.ts";
import { change, enterAs, enterAsNewPerson } from "../protocols/person.ts";
import { accepted, refused, type Visitor } from "../protocols/protocol.ts";
import { nativeProtocols, protocols } from "../protocols/protocols.ts";
import { type SeenFlow, shownIn } from "../protocols/seen.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

let server: TestServer;
/** Another node on the same database. */
let beside: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: withFactors });
  beside = await startServer({ overrides: withFactors, beside: server });
});
afterAll(async () => {
  await beside.stop();
  await server.stop();
});

const names = (flow: SeenFlow) => flow.nodes.filter(({ group }) => group === "lookup_secret").map(({ name }) => name);
const press = (name: string) => ({ method: "lookup_secret", [`lookup_secret_${name}`]: true });
const use = (visitor: Visitor, code: string, query = {}) =>
  stepUp(visitor, { method: "lookup_secret", lookup_secret: code }, query);

describe.each(protocols)("through $name", (protocol) => {
  it("twelve codes are made, shown, and in use once they are confirmed", async () => {
    const { visitor } = await enterAsNewPerson(protocol, server);
    const { id, ...fresh } = accepted(await visitor.settings.create());
    expect(names({ id, ...fresh })).toEqual(["lookup_secret_regenerate"]);
    const { flow: made } = accepted(await visitor.settings.update(id, press("regenerate")));
    expect(made?.state).toBe("show_form");
    expect(names(made as SeenFlow)).toEqual(["lookup_secret_codes", "lookup_secret_confirm"]);
    const codes = codesIn(made as SeenFlow);
    expect(new Set(codes).size).toBe(12);
    for (const code of codes) expect(code).toMatch(/^[a-z0-9]{8}$/);
    expect(accepted(await visitor.whoami()).aal).toBe(1);
    expect(codesIn(accepted(await visitor.settings.get(id)))).toEqual(codes);
    const { flow: saved } = accepted(await visitor.settings.update(id, press("confirm")));
    expect(saved?.state).toBe("success");
    expect(names(saved as SeenFlow)).toEqual(["lookup_secret_reveal", "lookup_secret_disable"]);
    expect(accepted(await visitor.whoami())).toMatchObject({ aal: 2, methods: ["password", "lookup_secret"] });
  });

  it("nothing is confirmed that was not made, and nothing shown that is not there", async () => {
    const { visitor } = await enterAsNewPerson(protocol, server);
    for (const action of ["confirm", "reveal"])
      expect(refused(await change(visitor, press(action))).texts).toMatchObject([{ node: "", id: 4000001 }]);
    expect(refused(await change(visitor, { method: "lookup_secret" })).texts).toMatchObject([{ id: 4010004 }]);
    expect(accepted(await visitor.whoami()).aal).toBe(1);
  });

  it("codes are good once, however they are typed, and marked as used where they are shown again", async () => {
    const { person, visitor } = await enterAsNewPerson(protocol, server);
    const [one = "", two = "", ...others] = await enrolCodes(visitor);
    const other = await enterAs(protocol, server, person);
    expect(refused(await use(other, "")).texts).toMatchObject([{ node: "lookup_secret", id: 4000002 }]);
    expect(refused(await use(other, "nocode12")).texts).toMatchObject([{ node: "", id: 4000016 }]);
    accepted(await use(other, ` ${one.slice(0, 4).toUpperCase()}-${one.slice(4)} `));
    expect(accepted(await other.whoami())).toMatchObject({ aal: 2, methods: ["password", "lookup_secret"] });
    expect(refused(await use(other, one, { refresh: "true" })).texts).toMatchObject([{ node: "", id: 4000012 }]);
    accepted(await use(other, two, { refresh: "true" }));
    const { flow } = accepted(await change(visitor, press("reveal")));
    expect(names(flow as SeenFlow)).toEqual([
      "lookup_secret_regenerate",
      "lookup_secret_codes",
      "lookup_secret_disable",
    ]);
    expect(codesIn(flow as SeenFlow)).toEqual(["used", "used", ...others]);
  });

  it("old codes hold until new ones are confirmed, and then not any more", async () => {
    const { person, visitor } = await enterAsNewPerson(protocol, server);
    const old = await enrolCodes(visitor);
    const flow = accepted(await visitor.settings.create());
    accepted(await visitor.settings.update(flow.id, press("regenerate")));
    const codes = codesIn(accepted(await visitor.settings.get(flow.id)));
    const other = await enterAs(protocol, server, person);
    expect(refused(await use(other, codes[0] ?? "")).texts).toMatchObject([{ id: 4000016 }]);
    accepted(await use(other, old[0] ?? ""));
    accepted(await visitor.settings.update(flow.id, press("confirm")));
    expect(refused(await use(other, old[1] ?? "", { refresh: "true" })).texts).toMatchObject([{ id: 4000016 }]);
    accepted(await use(other, codes[0] ?? "", { refresh: "true" }));
    expect(accepted(await other.whoami()).aal).toBe(2);
  });

  it("codes are shown, made, confirmed and removed in a recent session only", async () => {
    const { visitor } = await enterAsNewPerson(protocol, server);
    await enrolCodes(visitor);
    const flow = accepted(await visitor.settings.create());
    growOld(server);
    for (const action of ["reveal", "regenerate", "confirm", "disable"])
      expect(refused(await visitor.settings.update(flow.id, press(action))).reason).toBe("SESSION_REFRESH_REQUIRED");
    expect(codesIn(accepted(await visitor.settings.get(flow.id)))).toEqual([""]);
  });

  it("codes are not shown any longer once something else was saved", async () => {
    const { person, visitor } = await enterAsNewPerson(protocol, server);
    await enrolCodes(visitor);
    const flow = accepted(await visitor.settings.create());
    accepted(await visitor.settings.update(flow.id, press("reveal")));
    accepted(await visitor.settings.update(flow.id, { method: "profile", traits: { email: person.email } }));
    expect(names(accepted(await visitor.settings.get(flow.id)))).toEqual([
      "lookup_secret_reveal",
      "lookup_secret_disable",
    ]);
  });

  it("how many are left is said at three and at none, and none asks for no second step any more", async () => {
    const { person, visitor } = await enterAsNewPerson(protocol, server);
    const codes = await enrolCodes(visitor);
    const other = await enterAs(protocol, server, person);
    const left = async () =>
      accepted(await visitor.settings.create()).nodes.find(({ name }) => name === "lookup_secret_left")?.value;
    for (const code of codes.slice(0, 8)) accepted(await use(other, code, { refresh: "true" }));
    expect(await left()).toBeUndefined();
    accepted(await use(other, codes[8] ?? "", { refresh: "true" }));
    expect(await left()).toContain("3");
    for (const code of codes.slice(9)) accepted(await use(other, code, { refresh: "true" }));
    expect(await left()).toContain("None");
    const another = await enterAs(protocol, server, person);
    expect(accepted(await another.whoami()).aal).toBe(1);
  });

  it("removed with the authenticator app that they stood in for, they ask for no second step any more", async () => {
    const { person, visitor } = await enterAsNewPerson(protocol, server);
    await enrolTotp(visitor, server);
    await enrolCodes(visitor);
    const { flow } = accepted(await change(visitor, { method: "totp", totp_unlink: true }));
    expect(names(flow as SeenFlow)).toEqual(["lookup_secret_regenerate"]);
    const other = await enterAs(protocol, server, person);
    expect(accepted(await other.whoami())).toMatchObject({ aal: 1, identityId: person.id });
  });

  it("codes are disabled", async () => {
    const { person, visitor } = await enterAsNewPerson(protocol, server);
    await enrolCodes(visitor);
    const { flow } = accepted(await change(visitor, press("disable")));
    expect(names(flow as SeenFlow)).toEqual(["lookup_secret_regenerate"]);
    expect(accepted(await visitor.whoami()).aal).toBe(1);
    expect(accepted(await (await enterAs(protocol, server, person)).whoami()).aal).toBe(1);
  });
});

describe("two uses of one code at the same moment", () => {
  it("on two nodes raise one session", async () => {
    const [native] = nativeProtocols;
    if (native === undefined) throw new Error("no native protocol");
    const { person, visitor } = await enterAsNewPerson(native, server);
    const [code = ""] = await enrolCodes(visitor);
    const visitors = await Promise.all([server, beside, server, beside].map((node) => enterAs(native, node, person)));
    const answers = await Promise.all(visitors.map((each) => use(each, code)));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
    for (const answer of answers.filter(({ ok }) => !ok))
      expect(refused(answer).texts).toMatchObject([{ id: 4000012 }]);
    const levels = await Promise.all(visitors.map(async (each) => (await each.whoami()).ok));
    expect(levels.filter(Boolean)).toHaveLength(1);
  });
});

describe("what is stored", () => {
  it("holds neither codes nor secrets in clear, and the log none", async () => {
    const [native] = nativeProtocols;
    if (native === undefined) throw new Error("no native protocol");
    const { person, visitor } = await enterAsNewPerson(native, server);
    const codes = await enrolCodes(visitor);
    const secret = await enrolTotp(visitor, server);
    const rows = await server.sql(
      `SELECT config FROM identity_credentials WHERE identity_id = ? UNION ALL SELECT context FROM flows
        UNION ALL SELECT form FROM flows UNION ALL SELECT credentials FROM identities`,
      [Buffer.from(person.id.replaceAll("-", ""), "hex")],
    );
    const stored = JSON.stringify(rows) + server.logged.join("\n");
    expect(rows.length).toBeGreaterThan(3);
    for (const each of [...codes, secret]) expect(stored).not.toContain(each);
    expect(shownIn(accepted(await visitor.settings.create()), "totp_secret_key")).toBeUndefined();
  });
});
