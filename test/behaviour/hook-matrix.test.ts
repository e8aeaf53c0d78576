import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { merge, type Raw } from "../../src/config/tree.ts";
import { passwordless, signInWithCode, signUpWithCode } from "../protocols/codes.ts";
import { spa } from "../protocols/json-rest.ts";
import { change, newEmail, newPassword, type Person, signIn } from "../protocols/person.ts";
import { accepted, refused, type Visitor } from "../protocols/protocol.ts";
import { type Receiver, startReceiver, wholeContext } from "../protocols/receiver.ts";
import { lastCodeTo, messagesTo } from "../protocols/sent-messages.ts";
import { startServer, type TestServer } from "../protocols/server.ts";

/* Which hooks run for which flow, place and method, in which order, and what each of them is given. */

let server: TestServer;
let receiver: Receiver;
/** A web hook that says at which place of the configuration it stands. */
const hook = (place: string, config: Raw = {}) => ({
  hook: "web_hook",
  config: { url: `${receiver.url}/${place}`, method: "POST", body: wholeContext, ...config },
});
const asks = { can_interrupt: true };
const parses = { response: { parse: true } };
const ignores = { response: { ignore: true } };

const configuration = (): Raw =>
  merge(passwordless, {
    feature_flags: { use_continue_with_transitions: true },
    selfservice: {
      flows: {
        login: {
          before: { hooks: [hook("login/before/1"), hook("login/before/2")] },
          after: { hooks: [hook("login/after")], password: { hooks: [hook("login/password")] } },
        },
        registration: {
          before: { hooks: [hook("registration/before")] },
          after: {
            hooks: [{ hook: "session" }, hook("registration/after")],
            password: {
              hooks: [
                { hook: "session" },
                { hook: "show_verification_ui" },
                hook("registration/password/told"),
                hook("registration/password/asked", asks),
              ],
            },
            code: { hooks: [] },
          },
        },
        settings: {
          before: { hooks: [hook("settings/before")] },
          after: {
            hooks: [hook("settings/after")],
            profile: {
              hooks: [
                hook("settings/profile/ignored", ignores),
                hook("settings/profile/told"),
                hook("settings/profile/parsed", parses),
                { hook: "show_verification_ui" },
                { hook: "notify_previous_addresses" },
                hook("settings/profile/asked", asks),
              ],
            },
          },
        },
        recovery: {
          enabled: true,
          before: { hooks: [hook("recovery/before")] },
          after: { hooks: [{ hook: "revoke_active_sessions" }, hook("recovery/after")] },
        },
        verification: {
          enabled: true,
          before: { hooks: [hook("verification/before")] },
          after: { hooks: [hook("verification/after")] },
        },
      },
    },
  } as Raw);

beforeAll(async () => {
  receiver = await startReceiver();
  server = await startServer({ overrides: configuration() });
});
afterEach(() => receiver.reset());
afterAll(async () => {
  await server?.stop();
  await receiver?.close();
});

const enter = (): Visitor => {
  const visitor = spa.enter(server);
  visitor.credentials.jar?.set("theme", "dark");
  visitor.credentials.jar?.set("ory_kratos_continuity", "c");
  return visitor;
};
const signUp = async () => {
  const visitor = enter();
  const [email, password] = [newEmail(), newPassword()];
  const flow = accepted(await visitor.registration.create());
  const { session } = accepted(
    await visitor.registration.update(flow.id, { method: "password", password, traits: { email } }),
  );
  const person: Person = { id: session?.identityId ?? "", email, password };
  await messagesTo(server, email);
  return { visitor, person };
};
/** Somebody who is there already; what hooks heard of it is forgotten. */
const someone = async () => {
  const entered = await signUp();
  receiver.reset();
  return entered;
};
const prove = async (kind: "recovery" | "verification", visitor: Visitor, email: string) => {
  const flow = accepted(await visitor[kind].create());
  accepted(await visitor[kind].update(flow.id, { method: "code", email }));
  accepted(await visitor[kind].update(flow.id, { method: "code", code: await lastCodeTo(server, email) }));
};

interface Row {
  readonly name: string;
  readonly run: () => Promise<unknown>;
  /** The places whose hooks run before the answer, in order. */
  readonly places: readonly string[];
  /** Those that are delivered in the background. */
  readonly later?: readonly string[];
}

const table: readonly Row[] = [
  {
    name: "a sign-up with a password",
    run: signUp,
    places: ["registration/before", "registration/password/asked", "registration/password/told"],
  },
  {
    name: "a sign-up with a code, whose own list is empty: the general one",
    run: async () => accepted(await signUpWithCode(server, enter(), { email: newEmail() })),
    places: ["registration/before", "registration/after"],
  },
  {
    name: "a sign-in with a password",
    run: async () => {
      const { person } = await someone();
      accepted(await signIn(enter(), person));
    },
    places: ["login/before/1", "login/before/2", "login/password"],
  },
  {
    name: "a sign-in with a code, which has no list: the general one",
    run: async () => {
      const { person } = await someone();
      accepted(await signInWithCode(server, enter(), person.email));
    },
    places: ["login/before/1", "login/before/2", "login/after"],
  },
  {
    name: "a change of the profile: what is asked first, in its order, then what is told",
    run: async () => {
      const { person, visitor } = await someone();
      const traits = { email: person.email, name: { first: "Ada" } };
      accepted(await change(visitor, { method: "profile", traits }));
    },
    places: ["settings/before", "settings/profile/parsed", "settings/profile/asked", "settings/profile/told"],
    later: ["settings/profile/ignored"],
  },
  {
    name: "a change of the password, which has no list: the general one",
    run: async () => {
      const { visitor } = await someone();
      accepted(await change(visitor, { method: "password", password: newPassword() }));
    },
    places: ["settings/before", "settings/after"],
  },
  {
    name: "a recovery, and the settings that it leads to",
    run: async () => {
      const { person } = await someone();
      await prove("recovery", enter(), person.email);
    },
    places: ["recovery/before", "recovery/after"],
  },
  {
    name: "a verification",
    run: async () => {
      const { person, visitor } = await someone();
      await prove("verification", visitor, person.email);
    },
    places: ["verification/before", "verification/after"],
  },
];

interface Ctx {
  readonly flow: { readonly id: string; readonly type: string; readonly ui?: { readonly nodes: readonly object[] } };
  readonly identity?: object;
  readonly session?: object;
  readonly request_cookies: object;
  readonly request_headers: Readonly<Record<string, unknown>>;
  readonly request_method: string;
  readonly request_url: string;
}

/** Headers that receivers get unless the configuration says otherwise; never one that signs somebody in. */
const mayBeSent = new RegExp(
  "^(?:Accept|Accept-Encoding|Accept-Language|Content-Length|Content-Type|Origin|Priority|Referer|Sec-.*|" +
    "True-Client-Ip|User-Agent|X-Forwarded-.*|.*-Ip|.*Ja3.*|.*Timezone.*)$",
  "i",
);

describe.each(table)("$name", ({ run, places, later = [] }) => {
  it("runs its hooks in their order, and gives them what they may see", async () => {
    await run();
    await expect.poll(() => receiver.received.length).toBeGreaterThanOrEqual(places.length + later.length);
    const paths = receiver.received.map(({ path }) => path.slice(1));
    expect(paths.filter((path) => !later.includes(path))).toEqual(places);
    expect(paths.filter((path) => later.includes(path))).toEqual(later);
    for (const { path, body, headers } of receiver.received) {
      const ctx = JSON.parse(body) as Ctx;
      const isBefore = path.includes("/before");
      expect(ctx.flow).toMatchObject({ id: expect.stringMatching(/^[0-9a-f-]{36}$/), type: "browser" });
      expect([path, ctx.request_cookies]).toEqual([path, { theme: "dark" }]);
      expect(Object.keys(ctx.request_headers).filter((name) => !mayBeSent.test(name))).toEqual([]);
      expect(ctx.request_method).toBe(isBefore ? "GET" : "POST");
      expect(ctx.request_url).toMatch(/^http:.*\/self-service\//);
      expect([path, ctx.identity !== undefined]).toEqual([path, !isBefore]);
      expect(headers["ory-webhook-trigger-id"]).toMatch(/^[0-9a-f-]{36}$/);
    }
    expect(new Set(receiver.received.map(({ headers }) => headers["ory-webhook-trigger-id"])).size).toBe(paths.length);
  });
});

it("a hook that is asked keeps those that are told from running", async () => {
  const { person, visitor } = await someone();
  receiver.answer = ({ path }, response) =>
    void (path === "/settings/profile/parsed"
      ? response
          .writeHead(403)
          .end(JSON.stringify({ messages: [{ messages: [{ id: 1, text: "no", type: "error" }] }] }))
      : response.writeHead(204).end());
  refused(await change(visitor, { method: "profile", traits: { email: person.email, name: { first: "Ada" } } }));
  expect(receiver.received.map(({ path }) => path)).toEqual(["/settings/before", "/settings/profile/parsed"]);
});
