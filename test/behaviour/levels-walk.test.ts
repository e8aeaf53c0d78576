import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { merge } from "../../src/config/tree.ts";
import { acceptHtml } from "../protocols/browser-form.ts";
import { hours } from "../protocols/clock.ts";
import {
  codeAt,
  enrolCodes,
  enrolTotp,
  growOld,
  nextCode,
  secretIn,
  stepUp,
  withFactors,
} from "../protocols/factors.ts";
import { type CallbackResult, type Sending, send } from "../protocols/http.ts";
import { fromOurPage, spa } from "../protocols/json-rest.ts";
import { addKey, newDevice, withKeys } from "../protocols/keys.ts";
import { enterAs, enterAsNewPerson, hand, newPassword, type Person } from "../protocols/person.ts";
import { type Answer, accepted, type Protocol, type Refusal, refused, type Visitor } from "../protocols/protocol.ts";
import { browserProtocols, nativeProtocols, protocols } from "../protocols/protocols.ts";
import { flowOfJson, type SeenFlow, shownIn } from "../protocols/seen.ts";
import { startServer, type TestServer, ui } from "../protocols/server.ts";

/*
 * Clients that know nothing but what an error says: they open the address that it names, as it stands there, answer the
 * form that they find, and try again. Three calls, whatever was refused and whatever the person has.
 */

let server: TestServer;
let demanding: TestServer;
beforeAll(async () => {
  const overrides = merge(withKeys(), withFactors);
  const [schema] = (overrides.identity as { readonly schemas: readonly JsonObject[] }).schemas;
  const schemas = [{ ...schema, second_factor: "required", second_factor_grace_period: "1h" }];
  server = await startServer({ overrides });
  demanding = await startServer({ overrides: { ...overrides, identity: { schemas } } });
});
afterAll(async () => {
  await server?.stop();
  await demanding?.stop();
});

interface Someone {
  readonly person: Person;
  readonly node: TestServer;
  /** What answers a form that asks for a second factor. */
  readonly second: (flow: SeenFlow) => JsonObject;
}

/** Ways to have a second factor. */
const factors: Readonly<Record<string, (visitor: Visitor) => Promise<Someone["second"]>>> = {
  "an authenticator app": async (visitor) => {
    const secret = await enrolTotp(visitor, server);
    return () => ({ method: "totp", totp_code: nextCode(server, secret) });
  },
  "backup codes": async (visitor) => {
    const codes = [...(await enrolCodes(visitor))];
    return () => ({ method: "lookup_secret", lookup_secret: codes.pop() ?? "" });
  },
  "a security key": async (visitor) => {
    const device = newDevice();
    accepted(await addKey(visitor, device, "Key ring"));
    return (flow) => ({ method: "webauthn", webauthn_login: device.get(shownIn(flow, "webauthn_login_trigger")) });
  },
};

/** Sends a request as this visitor would, beside the protocol at hand. */
const request = async (visitor: Visitor, url: string, { headers, ...rest }: Sending = {}): Promise<CallbackResult> => {
  const { jar, token } = visitor.credentials;
  const received = await send(url, { ...rest, headers: { cookie: jar?.header, "x-session-token": token, ...headers } });
  jar?.take(received.setCookies);
  return received;
};

/** The form at an address. A browser is led to a page first, which fetches it. */
const open = async (visitor: Visitor, protocol: Protocol, url: string): Promise<SeenFlow> => {
  if (!protocol.isForm) {
    const received = await request(visitor, url, { headers: { accept: "application/json" } });
    expect([url, received.status]).toEqual([url, 200]);
    return flowOfJson(received.json);
  }
  const led = await request(visitor, url, { headers: { accept: acceptHtml } });
  const page = new URL(led.headers.location ?? "", url);
  expect(page.origin).toBe(ui.origin);
  const kind = page.pathname.slice(1) as "login" | "settings";
  return accepted(await visitor[kind].get(page.searchParams.get("flow") ?? ""));
};

/** Answers a form at the address that it names. Gives where it leads. */
const answer = async (visitor: Visitor, protocol: Protocol, flow: SeenFlow, fields: JsonObject) => {
  const all = { ...fields, ...(flow.type === "browser" && { csrf_token: String(shownIn(flow, "csrf_token")) }) };
  const received = await request(visitor, flow.action, {
    method: "POST",
    headers: {
      ...(flow.type === "browser" && fromOurPage),
      accept: protocol.isForm ? acceptHtml : "application/json",
      "content-type": protocol.isForm ? "application/x-www-form-urlencoded" : "application/json",
    },
    body: protocol.isForm ? new URLSearchParams(all as Record<string, string>).toString() : JSON.stringify(all),
  });
  expect(received.status).toBe(protocol.isForm ? 303 : 200);
  if (protocol.isForm) return received.headers.location;
  const { session_token } = received.json;
  if (typeof session_token === "string") visitor.credentials.token = session_token;
  return undefined;
};

/** The address that a refusal names; REST has none of its own for native apps that lack a level. */
const nextOf = ({ reauthenticate, stepUp: needed, location }: Refusal, { family }: Protocol): string => {
  const native = reauthenticate?.nativeLoginUrl ?? needed?.nativeLoginUrl;
  const browser = reauthenticate?.redirectBrowserTo ?? needed?.redirectBrowserTo ?? location ?? "";
  return family === "native" ? native || browser.replace("/browser", "/api") : browser;
};

/** Opens, answers, tries again: three calls. */
const walk = async (
  visitor: Visitor,
  protocol: Protocol,
  { second }: Pick<Someone, "second">,
  wanted: () => Promise<Answer<unknown>>,
): Promise<string | undefined> => {
  const refusal = refused(await wanted());
  const flow = await open(visitor, protocol, nextOf(refusal, protocol));
  const led = await answer(visitor, protocol, flow, second(flow));
  accepted(await wanted());
  return led;
};

describe.each(protocols)("through $name", (protocol) => {
  const enter = async (kind: string) => {
    const { person, visitor } = await enterAsNewPerson(spa, server);
    const second = await (factors[kind] ?? (() => Promise.reject(new Error(kind))))(visitor);
    const entered = await enterAs(
      protocol.family === "native" ? (nativeProtocols[0] ?? protocol) : spa,
      server,
      person,
    );
    const mine = protocol.enter(server);
    hand(entered, mine);
    return { person, visitor: mine, second, maker: visitor };
  };

  it.each(Object.keys(factors))("whoever has %s gets on from every refusal in three calls", async (kind) => {
    const { visitor, second, maker, person } = await enter(kind);
    await walk(visitor, protocol, { second }, () => visitor.whoami());
    growOld(server);
    const flow = accepted(await visitor.settings.create());
    const wanted = { method: "password", password: newPassword() };
    await walk(visitor, protocol, { second }, () => visitor.settings.update(flow.id, wanted));
    const other = protocol.enter(server);
    const again = await enterAs(protocol.family === "native" ? (nativeProtocols[0] ?? protocol) : spa, server, {
      ...person,
      password: wanted.password,
    });
    hand(again, other);
    await walk(other, protocol, { second }, () => other.settings.create());
    accepted(await maker.whoami());
  });

  it("whoever must set a second factor up gets on in three calls", async () => {
    const { person } = await enterAsNewPerson(protocol, demanding);
    demanding.clock.advance(hours(1) + 1_000);
    const visitor = protocol.enter(demanding);
    hand(
      await enterAs(protocol.family === "native" ? (nativeProtocols[0] ?? protocol) : spa, demanding, person),
      visitor,
    );
    const again = await walk(
      visitor,
      protocol,
      {
        second: (flow) => ({ method: "totp", totp_code: codeAt(secretIn(flow), demanding.clock.now()) }),
      },
      () => visitor.whoami(),
    );
    if (protocol.isForm) expect(new URL(again ?? "").origin).toBe(ui.origin);
  });
});

describe.each(browserProtocols.filter(({ isForm }) => isForm))("through $name", (protocol) => {
  /** Follows redirects up to a page; gives it and how many there were. */
  const follow = async (visitor: Visitor, url: string): Promise<{ readonly page: URL; readonly hops: number }> => {
    let [page, hops] = [new URL(url), 0];
    while (page.origin !== ui.origin && hops < 10) {
      const { status, headers } = await request(visitor, page.href, { headers: { accept: acceptHtml } });
      expect(status).toBe(303);
      page = new URL(headers.location ?? "", page);
      hops += 1;
    }
    return { page, hops };
  };

  it("an abandoned second step leads back to itself, and never in a circle", async () => {
    const { person, visitor } = await enterAsNewPerson(spa, server);
    const secret = await enrolTotp(visitor, server);
    const browser = await enterAs(protocol, server, person);
    const wanted = `${server.url}/self-service/settings/browser?return_to=${encodeURIComponent(`${ui.origin}/hello`)}`;
    const { page } = await follow(browser, wanted);
    expect(page.href.startsWith(ui.login)).toBe(true);
    // They look elsewhere instead, again and again.
    for (const path of [
      "settings",
      "login",
      "login",
      "registration",
      "settings",
      "login?aal=aal2",
      "login?refresh=true",
    ]) {
      const [kind = "", query] = path.split("?");
      const url = `${server.url}/self-service/${kind}/browser${query === undefined ? "" : `?${query}`}`;
      const { hops } = await follow(browser, url);
      expect([path, hops <= 3]).toEqual([path, true]);
    }
    // The step that was left is still good, and leads to what was wanted.
    const flow = accepted(await browser.login.get(page.searchParams.get("flow") ?? ""));
    const led = await answer(browser, protocol, flow, { method: "totp", totp_code: nextCode(server, secret) });
    const { page: end, hops } = await follow(browser, led ?? "");
    expect([end.href.startsWith(ui.settings), hops <= 2]).toEqual([true, true]);
    expect(accepted(await browser.settings.get(end.searchParams.get("flow") ?? "")).returnTo).toBe(
      `${ui.origin}/hello`,
    );
    accepted(await stepUp(browser, { method: "totp", totp_code: nextCode(server, secret) }, { refresh: "true" }));
  });
});
