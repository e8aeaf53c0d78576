import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seconds } from "../protocols/clock.ts";
import { send } from "../protocols/http.ts";
import { createJar } from "../protocols/jar.ts";
import { nativeRest, spa } from "../protocols/json-rest.ts";
import { lastMessageTo } from "../protocols/messages.ts";
import { enterAsNewPerson } from "../protocols/person.ts";
import { accepted, refused } from "../protocols/protocol.ts";
import { startServer, type TestServer, ui } from "../protocols/server.ts";

/* Links of messages: opening them uses nothing up, and they may be opened in any browser. */

const html = { accept: "text/html" };
const flow = (use: "code" | "link") => ({ enabled: true, use });
const configured = (use: "code" | "link") => ({
  selfservice: { flows: { verification: flow(use), recovery: flow(use) }, methods: { link: { enabled: true } } },
});

const servers = new Map<string, TestServer>();
beforeAll(async () => {
  const first = await startServer({ overrides: configured("link") });
  servers.set("link", first);
  servers.set("code", await startServer({ overrides: configured("code"), beside: first }));
});
afterAll(async () => {
  await servers.get("code")?.stop();
  await servers.get("link")?.stop();
});

/** A browser that has seen nothing of the flow. */
const newBrowser = () => {
  const jar = createJar();
  const call = async (url: string, options: Parameters<typeof send>[1] = {}) => {
    const received = await send(url, { ...options, headers: { ...html, cookie: jar.header, ...options.headers } });
    jar.take(received.setCookies);
    return received;
  };
  const post = (url: string, fields: Readonly<Record<string, string>>) =>
    call(url, {
      method: "POST",
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        origin: ui.origin,
        "sec-fetch-site": "same-site",
      },
      body: new URLSearchParams(fields).toString(),
    });
  return { call, post };
};

interface Form {
  readonly state: string;
  readonly ui: {
    readonly action: string;
    readonly nodes: readonly { readonly attributes: { readonly name?: string; readonly value?: string } }[];
  };
}

describe.each(["verification", "recovery"] as const)("the link of a %s message", (kind) => {
  describe.each(["code", "link"] as const)("by %s", (use) => {
    it.each([spa, nativeRest])("of a $name may be opened by scanners, and ends in another browser", async (client) => {
      const server = servers.get(use) as TestServer;
      const { person } = await enterAsNewPerson(spa, server);
      const visitor = client.enter(server);
      const { id } = accepted(await visitor[kind].create());
      server.clock.advance(seconds(1));
      accepted(await visitor[kind].update(id, { method: use, email: person.email }));
      const { url } = await lastMessageTo(server, person.email);

      for (let n = 0; n < 20; n++) {
        expect((await newBrowser().call(url)).status).toBe(303);
        expect((await newBrowser().call(url, { method: "HEAD" })).status).toBe(200);
      }
      // Whoever began the flow sees nothing of what the link brought elsewhere.
      const own = accepted(await visitor[kind].get(id));
      expect(
        own.nodes.filter(({ name, value }) => (name === "code" || name === "token") && value !== undefined),
      ).toEqual([]);

      const browser = newBrowser();
      const opened = await browser.call(url);
      expect(opened.headers.location).toBe(`${ui[kind]}?flow=${id}`);
      const shown = await browser.call(`${server.url}/self-service/${kind}/flows?id=${id}`, {
        headers: { accept: "application/json" },
      });
      const form = shown.json as unknown as Form;
      const shownAs = (name: string) =>
        form.ui.nodes.find(({ attributes }) => attributes.name === name && attributes.value)?.attributes.value ?? "";
      const secret = use === "code" ? "code" : "token";
      expect(shownAs(secret)).not.toBe("");
      const posted = await browser.post(form.ui.action, {
        method: use,
        [secret]: shownAs(secret),
        csrf_token: shownAs("csrf_token"),
      });
      expect(posted.status).toBe(303);
      if (kind === "verification") {
        const done = await browser.call(`${server.url}/self-service/${kind}/flows?id=${id}`, {
          headers: { accept: "application/json" },
        });
        expect((done.json as unknown as Form).state).toBe("passed_challenge");
      } else {
        expect(posted.headers.location).toMatch(new RegExp(`^${ui.settings}\\?flow=`));
        const who = await browser.call(`${server.url}/sessions/whoami`, { headers: { accept: "application/json" } });
        expect(who.json).toMatchObject({ authentication_methods: [{ method: `${use}_recovery`, aal: "aal1" }] });
      }
      // Once is enough.
      const again = await newBrowser().call(url);
      expect(again.headers.location).toMatch(new RegExp(`^${ui[kind]}\\?flow=(?!${id})`));
    });
  });

  it("that is not right replaces its flow, and one that was altered opens nothing", async () => {
    const server = servers.get("link") as TestServer;
    const { person } = await enterAsNewPerson(spa, server);
    const visitor = spa.enter(server);
    const { id } = accepted(await visitor[kind].create());
    accepted(await visitor[kind].update(id, { method: "link", email: person.email }));
    const wrong = refused(await visitor[kind].update(id, { method: "link", token: "x".repeat(32) }));
    expect(wrong.reason).toBe("FLOW_REPLACED");
    const fresh = accepted(await visitor[kind].get(wrong.useFlowId ?? ""));
    expect(fresh.texts.map((text) => text.id)).toEqual([kind === "verification" ? 4070001 : 4060004]);
  });
});

describe("a code that an operator makes", () => {
  it("is entered in any browser, once, and says who they are to nobody else", async () => {
    const server = servers.get("code") as TestServer;
    const { person } = await enterAsNewPerson(spa, server);
    const make = (body: object) =>
      send(`${server.adminUrl}/admin/recovery/code`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    const made = await make({ identity_id: person.id, expires_in: "30m" });
    expect(made.status).toBe(201);
    const { recovery_code: code, recovery_link: link } = made.json as { recovery_code: string; recovery_link: string };
    const id = new URL(link).searchParams.get("flow") ?? "";
    const browser = newBrowser();
    const used = await browser.post(`${server.url}/self-service/recovery?flow=${id}`, { method: "code", code });
    expect(used.headers.location).toMatch(new RegExp(`^${ui.settings}\\?flow=`));
    const again = await newBrowser().post(`${server.url}/self-service/recovery?flow=${id}`, { method: "code", code });
    expect(again.headers.location).toMatch(new RegExp(`^${ui.recovery}\\?flow=(?!${id})`));
    expect((await make({ identity_id: person.id, expires_in: "soon" })).status).toBe(400);
    expect((await make({})).status).toBe(404);
  });
});
