// Starting and fetching a settings flow.
const endpoints = { api: "/self-service/settings/api", browser: "/self-service/settings/browser" };
export const scenarios = {
  "without a session": async (t) => {
    await t.get("api", endpoints.api);
    await t.get("spa", endpoints.browser);
    await t.get("browser", endpoints.browser, { accept: "html" });
    await t.get("browser with return_to", `${endpoints.browser}?return_to=http%3A%2F%2F127.0.0.1%3A4455%2Fhere`, {
      accept: "html",
    });
  },
  "with a wrong token": async (t) => {
    await t.get("api", endpoints.api, { bearer: "ory_st_wrong" });
    await t.get("header", endpoints.api, { headers: { "x-session-token": "ory_st_wrong" } });
    await t.get("browser", endpoints.browser, { accept: "html", headers: { cookie: "ory_kratos_session=garbage" } });
  },
  "with the session in another place": async (t) => {
    const p = await t.person();
    await t.get("x-session-token", endpoints.api, { headers: { "x-session-token": p.token } });
    await t.get("bearer on the browser endpoint", endpoints.browser, { bearer: p.token });
    const jar = await t.browser(p);
    await t.get("cookie on the api endpoint", endpoints.api, { jar });
  },
  return_to: async (t) => {
    const p = await t.person();
    const jar = await t.browser(p);
    await t.get("allowed", `${endpoints.browser}?return_to=http%3A%2F%2F127.0.0.1%3A4455%2Fdone`, { jar });
    await t.get(
      "allowed by wildcard",
      `${endpoints.browser}?return_to=https%3A%2F%2Feu.shop.example.com%2Faccount%2Fx`,
      {
        jar,
      },
    );
    await t.get("forbidden, spa", `${endpoints.browser}?return_to=https%3A%2F%2Fevil.example.org%2F`, { jar });
    await t.get("forbidden, api", `${endpoints.api}?return_to=https%3A%2F%2Fevil.example.org%2F`, { bearer: p.token });
    const r = await t.get("forbidden, browser", `${endpoints.browser}?return_to=https%3A%2F%2Fevil.example.org%2F`, {
      jar,
      accept: "html",
    });
    const id = new URL(r.headers.get("location")).searchParams.get("id");
    await t.get("the error", `/self-service/errors?id=${id}`);
  },
  "a profile with every kind of trait": async (t) => {
    const p = await t.person("kinds", {
      name: { first: "Ann", last: "Bee" },
      age: 42,
      newsletter: true,
      plan: "team",
      tags: ["a", "b"],
      website: "https://example.com/ann",
    });
    await t.get("api", endpoints.api, { bearer: p.token });
  },
  fetching: async (t) => {
    const p = await t.person(),
      q = await t.person("bob");
    const f = await t.settings("api", p.token);
    await t.get("own", `/self-service/settings/flows?id=${f.id}`, { bearer: p.token });
    await t.get("of someone else", `/self-service/settings/flows?id=${f.id}`, { bearer: q.token });
    await t.get("without a session, json", `/self-service/settings/flows?id=${f.id}`);
    await t.get("without a session, html", `/self-service/settings/flows?id=${f.id}`, { accept: "html" });
    await t.get("unknown", "/self-service/settings/flows?id=6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99", { bearer: p.token });
    await t.get("malformed", "/self-service/settings/flows?id=x", { bearer: p.token });
    await t.get("no id", "/self-service/settings/flows", { bearer: p.token });
    await t.get("own, html", `/self-service/settings/flows?id=${f.id}`, { bearer: p.token, accept: "html" });
  },
  "change-password well-known": async (t) => {
    await t.get("it", "/.well-known/change-password", { accept: "html" });
  },
  "on the admin port": async (t) => {
    await t.get("init", "/self-service/settings/api?x=1", { admin: true });
    await t.get("flows", "/self-service/settings/flows?id=x", { admin: true });
  },
  "other verbs": async (t) => {
    const p = await t.person();
    await t.post("post init", endpoints.api, { bearer: p.token, json: {} });
    await t.call("delete submit", { method: "DELETE", path: "/self-service/settings?flow=x", bearer: p.token });
    await t.get("unknown path", "/self-service/setting", {});
  },
  "cross-origin": async (t) => {
    const p = await t.person();
    const jar = await t.browser(p);
    await t.call("preflight, allowed", {
      method: "OPTIONS",
      path: "/self-service/settings",
      headers: {
        origin: "http://127.0.0.1:4455",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
      },
    });
    await t.call("preflight, other", {
      method: "OPTIONS",
      path: "/self-service/settings",
      headers: { origin: "http://evil.example.org", "access-control-request-method": "POST" },
    });
    await t.get("init, allowed", endpoints.browser, { jar, headers: { origin: "http://127.0.0.1:4455" } });
    await t.get("init, other", endpoints.browser, { jar, headers: { origin: "http://evil.example.org" } });
  },
};
