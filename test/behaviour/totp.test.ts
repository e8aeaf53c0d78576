import jsqr from "jsqr";
import { PNG } from "pngjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seconds } from "../protocols/clock.ts";
import {
  codeAt,
  enrolTotp,
  growOld,
  nextCode,
  secretIn,
  stepUp,
  stepUpByTotp,
  withFactors,
} from "../protocols/factors.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { change, enterAs, enterAsNewPerson, signIn } from "../protocols/person.ts";
import { accepted, type Protocol, refused } from "../protocols/protocol.ts";
import { protocols } from "../protocols/protocols.ts";
import { eventsOf } from "../protocols/rows.ts";
import { type SeenFlow, shownIn } from "../protocols/seen.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/** The package exports it as CommonJS does, which its types do not say. */
const readQr = jsqr as unknown as typeof jsqr.default;

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: withFactors });
});
afterAll(() => server.stop());

const names = (flow: SeenFlow) => flow.nodes.filter(({ group }) => group === "totp").map(({ name }) => name);
const enter = (protocol: Protocol) => enterAsNewPerson(protocol, server);

describe.each(protocols)("through $name", (protocol) => {
  it("an app is set up by a code of the secret that the form shows", async () => {
    const { visitor } = await enter(protocol);
    const flow = accepted(await visitor.settings.create());
    expect(names(flow)).toEqual(["totp_qr", "totp_secret_key", "totp_code", "method"]);
    const before = accepted(await visitor.whoami());
    const code = nextCode(server, secretIn(flow));
    const { flow: saved } = accepted(await visitor.settings.update(flow.id, { method: "totp", totp_code: code }));
    expect(saved?.state).toBe("success");
    expect(names(saved as SeenFlow)).toEqual(["totp_unlink"]);
    const after = accepted(await visitor.whoami());
    expect(after).toMatchObject({ id: before.id, aal: 2, methods: ["password", "totp"] });
    expect(after.authenticatedAt).toBe(before.authenticatedAt + seconds(30));
  });

  it("a wrong code, and none, leave the secret as it is, and nothing is set up", async () => {
    const { visitor } = await enter(protocol);
    const flow = accepted(await visitor.settings.create());
    const secret = secretIn(flow);
    const wrong = refused(await visitor.settings.update(flow.id, { method: "totp", totp_code: "000000" }));
    expect(wrong.texts).toMatchObject([{ node: "totp_code", id: 4000008, type: "error" }]);
    const none = refused(await visitor.settings.update(flow.id, { method: "totp", totp_code: "" }));
    expect(none.texts).toMatchObject([{ node: "totp_code", id: 4000002 }]);
    expect(secretIn(accepted(await visitor.settings.get(flow.id)))).toBe(secret);
    expect(accepted(await visitor.whoami()).aal).toBe(1);
    accepted(await visitor.settings.update(flow.id, { method: "totp", totp_code: nextCode(server, secret) }));
  });

  it("a code is typed with spaces, and a code of the step before or after is taken, of others not", async () => {
    const { person, visitor } = await enter(protocol);
    const secret = await enrolTotp(visitor, server);
    server.clock.advance(seconds(300));
    const other = await enterAs(protocol, server, person);
    const at = (away: number) => codeAt(secret, new Date(server.clock.now().getTime() + seconds(30 * away)));
    for (const away of [-2, 2])
      expect(refused(await stepUp(other, { method: "totp", totp_code: at(away) })).texts).toMatchObject([
        { node: "", id: 4000008 },
      ]);
    accepted(await stepUp(other, { method: "totp", totp_code: at(-1) }));
    expect(accepted(await other.whoami()).aal).toBe(2);
    const another = await enterAs(protocol, server, person);
    accepted(await stepUp(another, { method: "totp", totp_code: ` ${at(1).slice(0, 3)} ${at(1).slice(3)} ` }));
    expect(accepted(await another.whoami()).aal).toBe(2);
  });

  it("a code is good once, also the one that set the app up", async () => {
    const { person, visitor } = await enter(protocol);
    const secret = await enrolTotp(visitor, server);
    const other = await enterAs(protocol, server, person);
    const used = codeAt(secret, server.clock.now());
    expect(refused(await stepUp(other, { method: "totp", totp_code: used })).texts).toMatchObject([{ id: 4000008 }]);
    const code = nextCode(server, secret);
    accepted(await stepUp(other, { method: "totp", totp_code: code }));
    const another = await enterAs(protocol, server, person);
    expect(refused(await stepUp(another, { method: "totp", totp_code: code })).texts).toMatchObject([{ id: 4000008 }]);
    expect(refused(await another.whoami()).reason).toBe("AAL2_REQUIRED");
  });

  it("signing in asks for the second step, and what is asked for leads there", async () => {
    const { person, visitor } = await enter(protocol);
    const secret = await enrolTotp(visitor, server);
    const other = protocol.enter(server);
    const answer = await signIn(other, person, { return_to: "http://127.0.0.1:4455/hello" });
    if (protocol.family === "browser")
      expect(answer).toMatchObject({
        ok: true,
        location: `${server.url}/self-service/login/browser?aal=aal2&return_to=http%3A%2F%2F127.0.0.1%3A4455%2Fhello`,
      });
    else expect(accepted(answer).session).toMatchObject({ aal: 1, identityId: "" });
    const { stepUp: needed } = refused(await other.whoami());
    expect(needed?.redirectBrowserTo).toBe(`${server.url}/self-service/login/browser?aal=aal2`);
    if (!["native REST", "single-page app", "browser form"].includes(protocol.name))
      expect(needed).toMatchObject({
        methods: ["totp"],
        nativeLoginUrl: `${server.url}/self-service/login/api?aal=aal2`,
        maxAge: 0,
      });
    const flow = accepted(await other.login.create({ aal: "aal2" }));
    expect(flow.texts).toMatchObject([{ node: "", id: 1010004 }]);
    expect(flow.nodes.map(({ name, value }) => [name, name === "csrf_token" ? "" : value])).toEqual([
      ["csrf_token", ""],
      ["totp_code", ""],
      ["method", "totp"],
    ]);
    expect(refused(await other.login.update(flow.id, { method: "totp", totp_code: "" })).texts).toMatchObject([
      { node: "totp_code", id: 4000002 },
    ]);
    const before = other.credentials.token;
    accepted(await other.login.update(flow.id, { method: "totp", totp_code: nextCode(server, secret) }));
    expect(other.credentials.token).toBe(before);
    expect(accepted(await other.whoami())).toMatchObject({
      aal: 2,
      identityId: person.id,
      methods: ["password", "totp"],
    });
  });

  it("a password does not answer the second step, nor a code the first", async () => {
    const { person, visitor } = await enter(protocol);
    const secret = await enrolTotp(visitor, server);
    const other = await enterAs(protocol, server, person);
    const password = { method: "password", identifier: person.email, password: person.password };
    expect(refused(await stepUp(other, password)).texts).toMatchObject([{ id: 4010002 }]);
    const stranger = protocol.enter(server);
    const flow = accepted(await stranger.login.create());
    const code = { method: "totp", totp_code: nextCode(server, secret) };
    expect(refused(await stranger.login.update(flow.id, code)).texts).toMatchObject([{ id: 4010002 }]);
  });

  it("a second step whose session ended meanwhile asks for the first", async () => {
    const { person, visitor } = await enter(protocol);
    const secret = await enrolTotp(visitor, server);
    const other = await enterAs(protocol, server, person);
    const flow = accepted(await other.login.create({ aal: "aal2" }));
    accepted(await visitor.revokeOthers());
    const code = { method: "totp", totp_code: nextCode(server, secret) };
    expect(refused(await other.login.update(flow.id, code)).reason).toBe("AAL1_REQUIRED");
  });

  it("an app is removed, and the level with it, in every session; set up again it has another secret", async () => {
    const { person, visitor } = await enter(protocol);
    const secret = await enrolTotp(visitor, server);
    const other = await enterAs(protocol, server, person);
    accepted(await stepUpByTotp(other, server, secret));
    const { flow } = accepted(await change(visitor, { method: "totp", totp_unlink: true }));
    expect(names(flow as SeenFlow)).toEqual(["totp_qr", "totp_secret_key", "totp_code", "method"]);
    expect(secretIn(flow as SeenFlow)).not.toBe(secret);
    for (const each of [visitor, other]) expect(accepted(await each.whoami()).aal).toBe(1);
    accepted(await change(visitor, { method: "totp", totp_unlink: true }));
    const events = await eventsOf(server, person.id);
    expect(events.filter((event) => event.startsWith("totp.removed"))).toHaveLength(1);
    const again = await enrolTotp(visitor, server);
    expect(again).not.toBe(secret);
    expect(accepted(await visitor.whoami()).aal).toBe(2);
    expect(refused(await other.whoami()).reason).toBe("AAL2_REQUIRED");
  });

  it("what changes factors waits for a recent session, and for the second factor of whoever has one", async () => {
    const { visitor } = await enter(protocol);
    const flow = accepted(await visitor.settings.create());
    growOld(server);
    const code = { method: "totp", totp_code: codeAt(secretIn(flow), server.clock.now()) };
    expect(refused(await visitor.settings.update(flow.id, code)).reason).toBe("SESSION_REFRESH_REQUIRED");
    expect(accepted(await visitor.whoami()).aal).toBe(1);
  });

  it("two tabs set up one app: the second is refused and changes nothing", async () => {
    const { visitor } = await enter(protocol);
    const [one, two] = [accepted(await visitor.settings.create()), accepted(await visitor.settings.create())];
    const first = { method: "totp", totp_code: nextCode(server, secretIn(one)) };
    const second = { method: "totp", totp_code: codeAt(secretIn(two), server.clock.now()) };
    accepted(await visitor.settings.update(one.id, first));
    expect(refused(await visitor.settings.update(two.id, second)).texts).toMatchObject([{ node: "", id: 4000001 }]);
    // Sending the same form twice is no mistake.
    accepted(await visitor.settings.update(one.id, first));
  });
});

describe.each([nativeRest, spa])("as JSON through $name", (protocol) => {
  it("a code sent as a number is accepted, also with leading zeros, as are digits of other scripts", async () => {
    const { person, visitor } = await enter(protocol);
    const secret = await enrolTotp(visitor, server);
    const arabic = (code: string) => code.replaceAll(/\d/g, (digit) => String.fromCodePoint(0x660 + Number(digit)));
    for (const write of [Number, arabic, (code: string) => `${code.slice(0, 3)}-${code.slice(3)}`]) {
      const other = await enterAs(protocol, server, person);
      accepted(await stepUp(other, { method: "totp", totp_code: write(nextCode(server, secret)) }));
    }
    let code = nextCode(server, secret);
    for (let tries = 0; !code.startsWith("0") && tries < 500; tries++) code = nextCode(server, secret);
    expect(code).toMatch(/^0/);
    const again = await enterAs(protocol, server, person);
    accepted(await stepUp(again, { method: "totp", totp_code: Number(code) }));
  });
});

describe("the QR code", () => {
  it("holds what apps need, with the issuer of the configuration and the account's name of the schema", async () => {
    const traits = {
      type: "object",
      properties: {
        email: {
          type: "string",
          format: "email",
          "ory.sh/kratos": { credentials: { password: { identifier: true } } },
        },
        name: {
          type: "object",
          properties: { nick: { type: "string", "ory.sh/kratos": { credentials: { totp: { account_name: true } } } } },
        },
      },
    };
    const schema = Buffer.from(JSON.stringify({ type: "object", properties: { traits } })).toString("base64");
    const named = await startServer({
      overrides: {
        selfservice: { methods: { totp: { enabled: true, config: { issuer: "Acme & Söhne" } } } },
        identity: { default_schema_id: "s", schemas: [{ id: "s", url: `base64://${schema}` }] },
      },
    });
    try {
      const [native] = protocols;
      const { visitor } = await enterAsNewPerson(native as Protocol, named, { name: { nick: "Ann: the 1st" } });
      const flow = accepted(await visitor.settings.create());
      const image = String(shownIn(flow, "totp_qr"));
      expect(image).toMatch(/^data:image\/png;base64,/);
      const { data, width, height } = PNG.sync.read(Buffer.from(image.split(",")[1] ?? "", "base64"));
      expect([width, height]).toEqual([256, 256]);
      const text = readQr(new Uint8ClampedArray(data), width, height)?.data ?? "";
      const url = new URL(text);
      expect(url.protocol + url.host).toBe("otpauth:totp");
      expect(decodeURIComponent(url.pathname)).toBe("/Acme & Söhne:Ann: the 1st");
      expect(Object.fromEntries(url.searchParams)).toEqual({
        issuer: "Acme & Söhne",
        secret: secretIn(flow),
        algorithm: "SHA1",
        digits: "6",
        period: "30",
      });
      const long = await enterAsNewPerson(native as Protocol, named, { name: { nick: "Щ🦊".repeat(150) } });
      const shown = PNG.sync.read(
        Buffer.from(
          String(shownIn(accepted(await long.visitor.settings.create()), "totp_qr")).split(",")[1] ?? "",
          "base64",
        ),
      );
      const read = new URL(readQr(new Uint8ClampedArray(shown.data), shown.width, shown.height)?.data ?? "");
      expect(decodeURIComponent(read.pathname)).toBe(`/Acme & Söhne:${"Щ🦊".repeat(21)}Щ`);
    } finally {
      await named.stop();
    }
  });
});
