import { randomUUID } from "node:crypto";
import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { merge, type Raw } from "../../src/config/tree.ts";
import { passwordless, signInWithCode, signUpWithCode } from "../protocols/codes.ts";
import { enrolCodes, enrolTotp, stepUp, stepUpByTotp, withFactors } from "../protocols/factors.ts";
import { spa } from "../protocols/json-rest.ts";
import {
  addKey,
  addPasskey,
  newDevice,
  removePasskey,
  signInWithPasskey,
  signUpWithPasskey,
  useKey,
  withKeys,
} from "../protocols/keys.ts";
import { linkThrough } from "../protocols/linking.ts";
import { change, enterAs, enterAsNewPerson, newEmail } from "../protocols/person.ts";
import { accepted, type Visitor } from "../protocols/protocol.ts";
import { away, comeBack, type Providers, showRealTime, signInAt, startProviders } from "../protocols/providers.ts";
import { type Receiver, startReceiver, wholeContext } from "../protocols/receiver.ts";
import { messagesTo } from "../protocols/sent-messages.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* The lists of hooks of each method beside passwords: one list runs, and no other, with what it may see. */

let server: TestServer;
let providers: Providers;
let receiver: Receiver;

const methods = {
  login: ["oidc", "code", "totp", "lookup_secret", "webauthn", "passkey"],
  registration: ["oidc", "code", "passkey"],
  settings: ["oidc", "totp", "lookup_secret", "webauthn", "passkey"],
} as const;
const told = (place: string) => ({
  hook: "web_hook",
  config: { url: `${receiver.url}/${place}`, method: "POST", body: wholeContext },
});
/** Each place has a hook that says which it is, the general ones as well. */
const lists = (): Raw =>
  Object.fromEntries(
    Object.entries(methods).map(([flow, names]) => [
      flow,
      {
        after: {
          hooks: [told(`${flow}/any`)],
          ...Object.fromEntries(
            names.map((name) => [
              name,
              { hooks: [...(flow === "registration" ? [{ hook: "session" }] : []), told(`${flow}/${name}`)] },
            ]),
          ),
          // People of the tests sign up with a password, of which nothing is told.
          password: { hooks: [{ hook: flow === "registration" ? "session" : "revoke_active_sessions" }] },
        },
      },
    ]),
  );
/** The schema in which an address is good for keys and for codes. */
const schemaOf = (config: Raw): Raw => {
  const { schemas } = config.identity as { schemas: { id: string; url: string }[] };
  const text = Buffer.from(schemas[0]?.url.replace("base64://", "") ?? "", "base64").toString();
  const schema = JSON.parse(
    text.replace('"credentials":{', '"credentials":{"code":{"identifier":true,"via":"email"},'),
  );
  return {
    identity: {
      schemas: [{ id: "person", url: `base64://${Buffer.from(JSON.stringify(schema)).toString("base64")}` }],
    },
  };
};

beforeAll(async () => {
  receiver = await startReceiver();
  server = await startServer();
  const keys = withKeys();
  const more = [keys, withFactors as Raw, { selfservice: { flows: lists() } }, schemaOf(keys)].reduce(
    merge,
    passwordless,
  );
  providers = await startProviders(server);
  await server.restart(merge(more, providers.overrides));
});
beforeEach(() => {
  showRealTime(server);
  receiver.reset();
});
afterEach(() => receiver.reset());
afterAll(async () => {
  await server?.stop();
  await providers?.close();
  await receiver?.close();
});

const enter = (): Visitor => {
  const visitor = spa.enter(server);
  visitor.credentials.jar?.set("theme", "dark");
  visitor.credentials.jar?.set("ory_kratos_continuity", "c");
  return visitor;
};
/** Somebody with a password; what hooks heard of them is forgotten. */
const someone = async () => {
  const { person, visitor } = await enterAsNewPerson(spa, server);
  visitor.credentials.jar?.set("theme", "dark");
  return { person, visitor };
};
const goTo = async (
  visitor: Visitor,
  kind: "login" | "registration",
  account: JsonObject & { readonly sub: string },
) => {
  const { id } = accepted(await visitor[kind].create());
  const location = away(await visitor[kind].update(id, { method: "oidc", provider: "acme" }));
  await comeBack(await signInAt(providers.acme, location, account), visitor);
};
const account = () => ({ sub: randomUUID(), email: newEmail(), email_verified: true, given_name: "Ann" });
/** A browser of somebody who has given a password, and what they have beside it. */
const halfway = async (enrol: (visitor: Visitor) => Promise<unknown>) => {
  const { person, visitor } = await someone();
  await enrol(visitor);
  const browser = enter();
  const { id } = accepted(await browser.login.create());
  accepted(await browser.login.update(id, { method: "password", identifier: person.email, password: person.password }));
  receiver.reset();
  return browser;
};

interface Row {
  readonly name: string;
  readonly place: string;
  /** Leads there, and gives whoever is signed in then; what came before the last step is forgotten by it. */
  readonly run: () => Promise<Visitor>;
}

const rows: readonly Row[] = [
  {
    name: "a sign-up with a provider",
    place: "registration/oidc",
    run: async () => {
      const visitor = enter();
      await goTo(visitor, "registration", account());
      return visitor;
    },
  },
  {
    name: "a sign-in with a provider",
    place: "login/oidc",
    run: async () => {
      const whoever = account();
      await goTo(enter(), "registration", whoever);
      receiver.reset();
      const visitor = enter();
      await goTo(visitor, "login", whoever);
      return visitor;
    },
  },
  {
    name: "a provider that is linked",
    place: "settings/oidc",
    run: async () => {
      const { visitor } = await someone();
      await linkThrough(providers, spa, visitor, "acme", randomUUID());
      return visitor;
    },
  },
  {
    name: "a provider that is unlinked",
    place: "settings/oidc",
    run: async () => {
      const { visitor } = await someone();
      await linkThrough(providers, spa, visitor, "acme", randomUUID());
      receiver.reset();
      accepted(await change(visitor, { method: "oidc", unlink: "acme" }));
      return visitor;
    },
  },
  {
    name: "a sign-up with a code",
    place: "registration/code",
    run: async () => {
      const visitor = enter();
      accepted(await signUpWithCode(server, visitor, { email: newEmail() }));
      return visitor;
    },
  },
  {
    name: "a sign-in with a code",
    place: "login/code",
    run: async () => {
      const { person } = await someone();
      await messagesTo(server, person.email);
      const visitor = enter();
      accepted(await signInWithCode(server, visitor, person.email));
      return visitor;
    },
  },
  {
    name: "an authenticator app that is added",
    place: "settings/totp",
    run: async () => {
      const { visitor } = await someone();
      await enrolTotp(visitor, server);
      return visitor;
    },
  },
  {
    name: "an authenticator app as a second factor",
    place: "login/totp",
    run: async () => {
      let secret = "";
      const browser = await halfway(async (visitor) => {
        secret = await enrolTotp(visitor, server);
      });
      accepted(await stepUpByTotp(browser, server, secret));
      return browser;
    },
  },
  {
    name: "backup codes that are confirmed",
    place: "settings/lookup_secret",
    run: async () => {
      const { visitor } = await someone();
      const { id } = accepted(await visitor.settings.create());
      accepted(await visitor.settings.update(id, { method: "lookup_secret", lookup_secret_regenerate: true }));
      // They are not the person's yet: nobody hears of them.
      expect(receiver.received).toEqual([]);
      accepted(await visitor.settings.update(id, { method: "lookup_secret", lookup_secret_confirm: true }));
      return visitor;
    },
  },
  {
    name: "a backup code as a second factor",
    place: "login/lookup_secret",
    run: async () => {
      let code = "";
      const browser = await halfway(async (visitor) => {
        [code = ""] = await enrolCodes(visitor);
      });
      accepted(await stepUp(browser, { method: "lookup_secret", lookup_secret: code }));
      return browser;
    },
  },
  {
    name: "a security key that is added",
    place: "settings/webauthn",
    run: async () => {
      const { visitor } = await someone();
      accepted(await addKey(visitor, newDevice(), "Key ring"));
      return visitor;
    },
  },
  {
    name: "a security key as a second factor",
    place: "login/webauthn",
    run: async () => {
      const device = newDevice();
      const browser = await halfway(async (visitor) => accepted(await addKey(visitor, device, "Key ring")));
      accepted(await useKey(browser, device, { aal: "aal2" }));
      return browser;
    },
  },
  {
    name: "a sign-up with a passkey",
    place: "registration/passkey",
    run: async () => {
      const visitor = enter();
      accepted(await signUpWithPasskey(visitor, newDevice(), { email: newEmail() }));
      return visitor;
    },
  },
  {
    name: "a sign-in with a passkey",
    place: "login/passkey",
    run: async () => {
      const { visitor } = await someone();
      const device = newDevice();
      accepted(await addPasskey(visitor, device));
      receiver.reset();
      const browser = enter();
      accepted(await signInWithPasskey(browser, device));
      return browser;
    },
  },
  {
    name: "a passkey that is removed",
    place: "settings/passkey",
    run: async () => {
      const { visitor } = await someone();
      accepted(await addPasskey(visitor, newDevice()));
      receiver.reset();
      accepted(await removePasskey(visitor));
      return visitor;
    },
  },
];

interface Ctx {
  readonly flow: { readonly id: string; readonly type: string };
  readonly identity: { readonly id: string };
  readonly session?: { readonly id: string };
  readonly request_cookies: object;
  readonly request_url: string;
}

describe.each(rows)("$name", ({ place, run }) => {
  it("runs the list of its method once, and no other", async () => {
    const visitor = await run();
    expect(receiver.received.map(({ path }) => path.slice(1))).toEqual([place]);
    const [received] = receiver.received;
    const ctx = JSON.parse(received?.body ?? "{}") as Ctx;
    const { id, identityId } = accepted(await visitor.whoami());
    expect(ctx).toMatchObject({
      flow: { id: expect.stringMatching(/^[0-9a-f-]{36}$/), type: "browser" },
      identity: { id: identityId },
      session: { id },
      request_cookies: { theme: "dark" },
    });
    expect(Object.keys(ctx.request_cookies)).toEqual(["theme"]);
    // A provider's answer is in the URL of its callback.
    expect(ctx.request_url).not.toMatch(/[?&](?:code|state)=[^&]/);
  });
});

it("a method of several has no hooks of another: a second factor that is typed wrong tells nobody", async () => {
  const { person, visitor } = await someone();
  await enrolCodes(visitor);
  receiver.reset();
  const browser = await enterAs(spa, server, person);
  await stepUp(browser, { method: "lookup_secret", lookup_secret: "nocode12" });
  expect(receiver.received).toEqual([]);
});
