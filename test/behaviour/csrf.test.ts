import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { acceptHtml } from "../protocols/browser-form.ts";
import { send } from "../protocols/http.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { enterAsNewPerson, hand, newEmail, newPassword, signIn } from "../protocols/person.ts";
import { accepted, type FlowKind, type Headers, refused, type Submission } from "../protocols/protocol.ts";
import { browserProtocols, nativeProtocols } from "../protocols/protocols.ts";
import { everythingWritten, passwordHashOf } from "../protocols/rows.ts";
import { startServer, type TestServer, ui } from "../protocols/server.ts";

/* That no other site makes a person's browser do what the person does not want. */

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.stop());

const kinds: readonly FlowKind[] = ["settings", "login", "registration"];
const submission = (kind: FlowKind): Submission => {
  if (kind === "login") return { method: "password", identifier: newEmail(), password: newPassword() };
  return {
    method: "password",
    password: newPassword(),
    ...(kind === "registration" && { traits: { email: newEmail() } }),
  };
};

describe.each(browserProtocols)("through $name", (protocol) => {
  const someoneFor = async (kind: FlowKind) =>
    kind === "settings" ? (await enterAsNewPerson(protocol, server)).visitor : protocol.enter(server);

  it.each(kinds)("a %s form without its token, or with another's, does nothing", async (kind) => {
    const visitor = await someoneFor(kind);
    const flow = accepted(await visitor[kind].create()).id;
    const before = await everythingWritten(server);
    const others = accepted(await protocol.enter(server).login.create()).nodes.find(
      ({ name }) => name === "csrf_token",
    )?.value;
    for (const token of [
      "",
      "nonsense",
      randomBytes(32).toString("base64"),
      randomBytes(64).toString("base64"),
      String(others),
    ]) {
      expect(refused(await visitor[kind].update(flow, { ...submission(kind), csrf_token: token })).reason).toBe(
        "CSRF_VIOLATION",
      );
    }
    expect(await everythingWritten(server)).toEqual(before);
  });

  it.each(kinds)("a %s form without its cookie does nothing", async (kind) => {
    const visitor = await someoneFor(kind);
    const flow = accepted(await visitor[kind].create()).id;
    const before = await everythingWritten(server);
    for (const name of visitor.credentials.jar?.names ?? [])
      if (name.startsWith("csrf_token_")) visitor.credentials.jar?.delete(name);
    expect(refused(await visitor[kind].update(flow, submission(kind))).reason).toBe("CSRF_VIOLATION");
    expect(await everythingWritten(server)).toEqual(before);
  });

  it.each(["login", "registration"] as const)("a %s form that another browser began is not submitted", async (kind) => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const planted = accepted(await protocol.enter(server)[kind].create()).id;
    const victim = protocol.enter(server);
    const own = accepted(await victim[kind].create());
    const token = { csrf_token: String(own.nodes.find(({ name }) => name === "csrf_token")?.value) };
    const submitted =
      kind === "login" ? { method: "password", identifier: person.email, password: person.password } : submission(kind);
    expect(refused(await victim[kind].update(planted, { ...submitted, ...token })).reason).toBe("CSRF_VIOLATION");
    expect(refused(await victim.whoami()).reason).toBe("SESSION_INACTIVE");
    accepted(await victim[kind].update(own.id, submitted));
  });

  it("every form carries another token, and each of them is good", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const flow = accepted(await visitor.settings.create());
    const again = accepted(await visitor.settings.get(flow.id));
    const [one, other] = [flow, again].map(({ nodes }) =>
      String(nodes.find(({ name }) => name === "csrf_token")?.value),
    );
    expect(one).not.toBe(other);
    for (const token of [one, other])
      accepted(
        await visitor.settings.update(flow.id, {
          method: "profile",
          traits: { email: person.email },
          csrf_token: token ?? "",
        }),
      );
  });

  it("proving again who one is keeps open forms good; signing out, and in as someone else, does not", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const profile = { method: "profile", traits: { email: person.email } };
    const flow = accepted(await visitor.settings.create());
    const token = { csrf_token: String(flow.nodes.find(({ name }) => name === "csrf_token")?.value) };
    accepted(await signIn(visitor, person, { refresh: "true" }));
    accepted(await visitor.settings.update(flow.id, { ...profile, ...token }));

    accepted(await visitor.signOut());
    accepted(await signIn(visitor, person));
    expect(refused(await visitor.settings.update(flow.id, { ...profile, ...token })).reason).toBe("CSRF_VIOLATION");
    accepted(await visitor.settings.update(accepted(await visitor.settings.create()).id, profile));
  });
});

describe.each(nativeProtocols)("through $name", (protocol) => {
  it("no token is needed, and a wrong one does no harm", async () => {
    const { visitor, person } = await enterAsNewPerson(protocol, server);
    const flow = accepted(await visitor.settings.create()).id;
    accepted(
      await visitor.settings.update(flow, {
        method: "profile",
        traits: { email: person.email },
        csrf_token: "nonsense",
      }),
    );
  });
});

describe("a native app's flow", () => {
  const submit = async (kind: FlowKind, headers: Headers) => {
    const { visitor } =
      kind === "settings" ? await enterAsNewPerson(nativeRest, server) : { visitor: nativeRest.enter(server) };
    const flow = accepted(await visitor[kind].create()).id;
    return send(`${server.url}/self-service/${kind}?flow=${flow}`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-session-token": visitor.credentials.token, ...headers },
      body: JSON.stringify(submission(kind)),
    });
  };

  it.each(kinds)(
    "of kind %s is not submitted by a browser: Origin and cookies are refused, and the form says so",
    async (kind) => {
      for (const [headers, named] of [
        [{ origin: ui.origin }, "Origin"],
        [{ origin: "null" }, "Origin"],
        [{ cookie: "theme=dark" }, "cookies"],
      ] as const) {
        const before = await everythingWritten(server);
        const answer = await submit(kind, headers);
        expect(answer.status).toBe(400);
        expect(answer.json).toMatchObject({
          ui: { messages: [{ id: 4000001, text: expect.stringContaining(named) }] },
        });
        // The person was new; of them nothing was changed.
        const changes = ({ security_events: all = [] }: Awaited<ReturnType<typeof everythingWritten>>) =>
          all.filter((row) => !/^type: (?:registration|login)\./m.test(row));
        expect(changes(await everythingWritten(server))).toEqual(changes(before));
      }
    },
  );

  it("may carry the cookies of a content delivery network", async () => {
    expect((await submit("settings", { cookie: "__cf_bm=1; _cfuvid=2; cf_clearance=3" })).status).toBe(200);
  });

  it("may not carry others beside them", async () => {
    expect((await submit("settings", { cookie: "__cf_bm=1; theme=dark" })).status).toBe(400);
  });

  it("is refused with a browser's own session cookie as well", async () => {
    const { visitor } = await enterAsNewPerson(spa, server);
    const native = nativeRest.enter(server);
    const flow = await send(`${server.url}/self-service/settings/api`, {
      headers: { cookie: visitor.credentials.jar?.header },
    });
    expect(flow.setCookies).toEqual([]);
    const answer = await send(`${server.url}/self-service/settings?flow=${String(flow.json.id)}`, {
      method: "POST",
      headers: { "content-type": "application/json", cookie: visitor.credentials.jar?.header },
      body: JSON.stringify({ method: "password", password: newPassword() }),
    });
    expect(answer.status).toBe(400);
    expect(native.credentials.token).toBeUndefined();
  });
});

describe("another site", () => {
  const rest = (path: string, method: string): ((headers: Headers) => ReturnType<typeof send>) => {
    const body = method === "POST" ? JSON.stringify({ method: "password", password: newPassword() }) : undefined;
    return (headers) =>
      send(`${server.url}${path}`, {
        method,
        headers: { accept: "application/json", "content-type": "application/json", ...headers },
        body,
      });
  };
  const evil: readonly Headers[] = [
    { "sec-fetch-site": "cross-site", origin: "https://evil.example.org" },
    { "sec-fetch-site": "cross-site" },
    { origin: "https://evil.example.org" },
    { origin: "null" },
    { "sec-fetch-site": "same-origin", origin: "https://someone@evil.example.org" },
  ];

  it("does not change anything with a person's cookies, not even with the right token", async () => {
    const { visitor, person } = await enterAsNewPerson(spa, server);
    const flow = accepted(await visitor.settings.create());
    const csrf = flow.nodes.find(({ name }) => name === "csrf_token")?.value;
    const hash = await passwordHashOf(server, person.id);
    for (const headers of evil) {
      const answer = await send(`${server.url}/self-service/settings?flow=${flow.id}`, {
        method: "POST",
        headers: {
          accept: "application/json",
          "content-type": "application/json",
          cookie: visitor.credentials.jar?.header,
          ...headers,
        },
        body: JSON.stringify({ method: "password", password: newPassword(), csrf_token: csrf }),
      });
      expect(answer.status).toBe(403);
      expect(answer.json).toMatchObject({ error: { id: "security_csrf_violation" } });
    }
    expect(await passwordHashOf(server, person.id)).toBe(hash);
  });

  it("does not end a person's sessions", async () => {
    const { visitor, person } = await enterAsNewPerson(spa, server);
    const other = spa.enter(server);
    accepted(await signIn(other, person));
    const { id } = accepted(await other.whoami());
    for (const headers of evil) {
      for (const path of ["/sessions", `/sessions/${id}`])
        expect((await rest(path, "DELETE")({ cookie: visitor.credentials.jar?.header, ...headers })).status).toBe(403);
      const call = await send(`${server.url}/ostiary.session.v1.SessionService/RevokeOtherSessions`, {
        method: "POST",
        headers: { "content-type": "application/json", cookie: visitor.credentials.jar?.header, ...headers },
        body: "{}",
      });
      expect(call.status).toBe(403);
    }
    accepted(await other.whoami());
  });

  it("may follow a link: a GET that changes nothing is answered", async () => {
    const { visitor } = await enterAsNewPerson(spa, server);
    const answer = await send(`${server.url}/self-service/settings/browser`, {
      headers: {
        accept: acceptHtml,
        cookie: visitor.credentials.jar?.header,
        "sec-fetch-site": "cross-site",
        "sec-fetch-mode": "navigate",
      },
    });
    expect(answer.status).toBe(303);
  });

  it("that the configuration names may call, and so may a page of the same site", async () => {
    const { visitor } = await enterAsNewPerson(spa, server);
    const cookie = visitor.credentials.jar?.header;
    for (const headers of [
      { origin: ui.origin, "sec-fetch-site": "cross-site" },
      { origin: server.url, "sec-fetch-site": "same-origin" },
      { "sec-fetch-site": "same-site" },
      { origin: "https://one.apps.example.com", "sec-fetch-site": "cross-site" },
      {},
    ])
      expect((await rest("/sessions", "DELETE")({ cookie, ...headers })).status).toBe(200);
  });
});

describe("an RPC's own path", () => {
  const path = "/ostiary.session.v1.SessionService/RevokeOtherSessions";

  it.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", undefined])(
    "takes no body of type %s, which a page may send unasked",
    async (type) => {
      const { visitor, person } = await enterAsNewPerson(spa, server);
      const other = spa.enter(server);
      accepted(await signIn(other, person));
      const answer = await send(`${server.url}${path}`, {
        method: "POST",
        headers: { "content-type": type, cookie: visitor.credentials.jar?.header },
        body: "{}",
      });
      expect(answer.status).toBe(415);
      accepted(await other.whoami());
    },
  );

  it.each(["GET", "HEAD", "PUT", "DELETE"])("takes no %s", async (method) => {
    const { visitor } = await enterAsNewPerson(nativeRest, server);
    const query = `?connect=v1&encoding=json&message=${encodeURIComponent("{}")}`;
    const answer = await send(`${server.url}${path}${query}`, {
      method,
      headers: { "x-session-token": visitor.credentials.token },
    });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe("POST");
  });
});

describe("a submit of the settings form", () => {
  it("takes no GET: fields in the URL change nothing", async () => {
    const { visitor, person } = await enterAsNewPerson(spa, server);
    const other = spa.enter(server);
    hand(visitor, other);
    const flow = accepted(await visitor.settings.create());
    const csrf = String(flow.nodes.find(({ name }) => name === "csrf_token")?.value);
    const before = await everythingWritten(server);
    const query = new URLSearchParams({ flow: flow.id, method: "password", password: newPassword(), csrf_token: csrf });
    await send(`${server.url}/self-service/settings?${query}`, {
      headers: { accept: "application/json", cookie: visitor.credentials.jar?.header },
    });
    expect(await everythingWritten(server)).toEqual(before);
    expect(accepted(await other.whoami()).identityId).toBe(person.id);
  });
});
