// Signing up.
const reg = "/self-service/registration";
const done = "http%3A%2F%2F127.0.0.1%3A4455%2Fwelcome";
const flow = async (t, jar, query = "") =>
  (await t.call(null, { path: `${reg}/${jar ? "browser" : "api"}${query}`, jar })).data;
const refused = (json) => async (t) => {
  const f = await flow(t);
  await t.post("submit", f.ui.action, {
    json: { method: "password", ...(typeof json === "function" ? json(t) : json) },
  });
};
const provide = async (t, jar, claims, query) => {
  const f = await flow(t, jar, query);
  t.provider.next = claims;
  const r = await t.post("submit", f.ui.action, {
    jar,
    accept: "html",
    form: { provider: "acme", csrf_token: t.csrf(f) },
  });
  const back = await t.call(null, { url: r.headers.get("location"), accept: "html" });
  return t.call("callback", { url: back.headers.get("location"), jar, accept: "html" });
};
const landed = (r) => new URL(r.headers.get("location")).searchParams.get("flow");
export const scenarios = {
  api: async (t) => {
    const f = await t.get("init", `${reg}/api`);
    await t.get("fetch", `${reg}/flows?id=${f.data.id}`);
    const r = await t.post("submit", f.data.ui.action, {
      json: {
        method: "password",
        password: t.password,
        traits: { email: t.email(), name: { first: "Ann", last: "Bee" }, age: 30, newsletter: true, tags: ["a"] },
      },
    });
    await t.get("whoami", "/sessions/whoami", { bearer: r.data.session_token });
    await t.post("the same flow again", f.data.ui.action, {
      json: { method: "password", password: t.password, traits: { email: t.email("twice") } },
    });
  },
  spa: async (t) => {
    const jar = t.jar();
    const f = await t.get("init", `${reg}/browser`, { jar });
    await t.post("submit", f.data.ui.action, {
      jar,
      json: { method: "password", password: t.password, "traits.email": t.email(), csrf_token: t.csrf(f.data) },
    });
    await t.get("whoami", "/sessions/whoami", { jar });
  },
  browser: async (t) => {
    const jar = t.jar();
    const id = landed(await t.get("init", `${reg}/browser`, { jar, accept: "html" }));
    const f = await t.get("fetch", `${reg}/flows?id=${id}`, { jar });
    await t.post("submit", f.data.ui.action, {
      jar,
      accept: "html",
      form: {
        method: "password",
        password: t.password,
        "traits.email": t.email(),
        "traits.age": "21",
        "traits.newsletter": "true",
        csrf_token: t.csrf(f.data),
      },
    });
    await t.get("whoami", "/sessions/whoami", { jar });
  },
  "browser, an error keeps what was typed": async (t) => {
    const jar = t.jar();
    const f = await flow(t, jar);
    await t.post("submit", f.ui.action, {
      jar,
      accept: "html",
      form: {
        method: "password",
        password: "x7$",
        "traits.email": t.email(),
        "traits.name.first": "Ann",
        "traits.age": "12",
        csrf_token: t.csrf(f),
      },
    });
    await t.get("fetch", `${reg}/flows?id=${f.id}`, { jar });
  },
  "nothing filled in": refused({}),
  "no address": refused((t) => ({ password: t.password, traits: { name: { first: "Ann" } } })),
  "not an email": refused((t) => ({ password: t.password, traits: { email: "notanemail" } })),
  "no password": refused((t) => ({ traits: { email: t.email() } })),
  "password too short": refused((t) => ({ password: "x7$", traits: { email: t.email() } })),
  "password like the address": refused((t) => ({ password: t.email(), traits: { email: t.email() } })),
  "traits that do not fit": refused((t) => ({
    password: t.password,
    traits: { email: t.email(), age: 3, plan: "gold", name: { first: "x".repeat(41) } },
  })),
  "unknown trait": refused((t) => ({ password: t.password, traits: { email: t.email(), admin: true } })),
  "no method, an unknown one": async (t) => {
    const f = await flow(t);
    await t.post("none", f.ui.action, { json: { traits: { email: t.email() } } });
    await t.post("unknown", f.ui.action, { json: { method: "magic", traits: { email: t.email() } } });
    await t.post("not json", f.ui.action, { text: '{"method":', type: "application/json" });
  },
  "an address that is taken": async (t) => {
    const p = await t.person();
    const f = await flow(t);
    const jar = t.jar();
    const g = await flow(t, jar);
    await t.post("api", f.ui.action, {
      json: { method: "password", password: t.password, traits: { email: p.email } },
    });
    await t.post("in capitals", f.ui.action, {
      json: { method: "password", password: t.password, traits: { email: p.email.toUpperCase() } },
    });
    await t.post("spa", g.ui.action, {
      jar,
      json: { method: "password", password: t.password, traits: { email: p.email }, csrf_token: t.csrf(g) },
    });
  },
  "an error, then a success": async (t) => {
    const f = await flow(t);
    const put = (label, json) =>
      t.post(label, f.ui.action, { json: { method: "password", password: t.password, ...json } });
    await put("error", { traits: { email: "x" } });
    await put("success", { traits: { email: t.email() } });
  },
  csrf: async (t) => {
    const jar = t.jar();
    const f = await flow(t, jar);
    const json = { method: "password", password: t.password, traits: { email: t.email() } };
    await t.post("missing, spa", f.ui.action, { jar, json });
    await t.post("wrong, spa", f.ui.action, { jar, json: { ...json, csrf_token: "AAAA" } });
    await t.post("no cookie, spa", f.ui.action, { json: { ...json, csrf_token: t.csrf(f) } });
    await t.post("wrong, browser", f.ui.action, {
      jar,
      accept: "html",
      form: { method: "password", password: t.password, "traits.email": t.email(), csrf_token: "AAAA" },
    });
  },
  "api flow from a browser": async (t) => {
    const f = await flow(t);
    const json = { method: "password", password: t.password, traits: { email: t.email() } };
    await t.post("origin", f.ui.action, { json, headers: { origin: "http://127.0.0.1:4455" } });
    await t.post("cookie", f.ui.action, { json, headers: { cookie: "a=b" } });
  },
  return_to: async (t) => {
    const jar = t.jar();
    const f = (await t.get("spa", `${reg}/browser?return_to=${done}`, { jar })).data;
    await t.post("submit", f.ui.action, {
      jar,
      json: { method: "password", password: t.password, traits: { email: t.email() }, csrf_token: t.csrf(f) },
    });
    const other = t.jar();
    const g = await flow(t, other, `?return_to=${done}`);
    await t.post("submit, browser", g.ui.action, {
      jar: other,
      accept: "html",
      form: { method: "password", password: t.password, "traits.email": t.email("bob"), csrf_token: t.csrf(g) },
    });
    await t.get("forbidden, spa", `${reg}/browser?return_to=https%3A%2F%2Fevil.example.org`);
    await t.get("forbidden, api", `${reg}/api?return_to=https%3A%2F%2Fevil.example.org`);
    await t.get("forbidden, browser", `${reg}/browser?return_to=https%3A%2F%2Fevil.example.org`, { accept: "html" });
  },
  fetching: async (t) => {
    const jar = t.jar();
    const f = await flow(t, jar);
    const g = await flow(t);
    await t.get("own", `${reg}/flows?id=${f.id}`, { jar });
    await t.get("without the cookie", `${reg}/flows?id=${f.id}`);
    await t.get("with the cookie of another", `${reg}/flows?id=${f.id}`, {
      jar: await (async (j) => {
        await flow(t, j);
        return j;
      })(t.jar()),
    });
    await t.get("api", `${reg}/flows?id=${g.id}`);
    await t.get("unknown", `${reg}/flows?id=6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99`);
    await t.get("malformed", `${reg}/flows?id=x`);
    await t.get("no id", `${reg}/flows`);
    await t.get("a login flow", `${reg}/flows?id=${(await t.call(null, { path: "/self-service/login/api" })).data.id}`);
  },
  "submitting to nowhere": async (t) => {
    const json = { method: "password", password: t.password, traits: { email: t.email() } };
    await t.post("unknown", `${reg}?flow=6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99`, { json });
    await t.post("malformed", `${reg}?flow=x`, { json });
    await t.post("none", reg, { json });
    await t.post("unknown, browser", `${reg}?flow=6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99`, {
      accept: "html",
      form: { method: "password" },
    });
  },
  "while signed in": async (t) => {
    const early = await flow(t);
    const ejar = t.jar();
    const g = await flow(t, ejar);
    const p = await t.person();
    const jar = await t.browser(p);
    await t.get("spa", `${reg}/browser`, { jar });
    await t.get("browser", `${reg}/browser`, { jar, accept: "html" });
    await t.get("browser with return_to", `${reg}/browser?return_to=${done}`, { jar, accept: "html" });
    await t.get("api", `${reg}/api`, { bearer: p.token });
    await t.post("submit, api", early.ui.action, {
      bearer: p.token,
      json: { method: "password", password: t.password, traits: { email: t.email("eve") } },
    });
    await t.browser(p, { jar: ejar });
    await t.post("submit, spa", g.ui.action, {
      jar: ejar,
      json: { method: "password", password: t.password, traits: { email: t.email("eve") }, csrf_token: t.csrf(g) },
    });
    await t.post("submit, browser", g.ui.action, {
      jar: ejar,
      accept: "html",
      form: { method: "password", password: t.password, "traits.email": t.email("eve"), csrf_token: t.csrf(g) },
    });
  },
  "with a provider, browser": async (t) => {
    const jar = t.jar();
    await provide(t, jar, { sub: `sub-${t.run}`, email: t.email() }, `?return_to=${done}`);
    await t.get("whoami", "/sessions/whoami", { jar });
  },
  "with a provider, the address is none": async (t) => {
    const jar = t.jar();
    const id = landed(await provide(t, jar, { sub: `sub-${t.run}`, email: "nope" }));
    const f = await t.get("fetch", `${reg}/flows?id=${id}`, { jar });
    const r = await t.post("fill in", f.data.ui.action, {
      jar,
      accept: "html",
      form: { provider: "acme", "traits.email": t.email(), csrf_token: t.csrf(f.data) },
    });
    const back = await t.call(null, { url: r.headers.get("location"), accept: "html" });
    await t.call("callback again", { url: back.headers.get("location"), jar, accept: "html" });
  },
  "with a provider, the address is taken": async (t) => {
    const p = await t.person();
    const jar = t.jar();
    const id = landed(await provide(t, jar, { sub: `sub-${t.run}`, email: p.email }));
    const l = await t.get("fetch the login", `/self-service/login/flows?id=${id}`, { jar });
    await t.post("log in and link", l.data.ui.action, {
      jar,
      accept: "html",
      form: { method: "password", identifier: p.email, password: p.password, csrf_token: t.csrf(l.data) },
    });
    await t.get("linked", `/admin/identities/${p.identity.id}`, { admin: true });
  },
  "with a provider, spa and api": async (t) => {
    const jar = t.jar();
    const f = await flow(t, jar);
    const g = await flow(t);
    await t.post("spa", f.ui.action, { jar, json: { method: "oidc", provider: "acme", csrf_token: t.csrf(f) } });
    await t.post("api", g.ui.action, { json: { method: "oidc", provider: "acme" } });
    await t.post("unknown provider", f.ui.action, {
      jar,
      json: { method: "oidc", provider: "nobody", csrf_token: t.csrf(f) },
    });
  },
  "with a provider that refuses": async (t) => {
    const jar = t.jar();
    const id = landed(await provide(t, jar, { error: "access_denied" }));
    await t.get("fetch", `${reg}/flows?id=${id}`, { jar });
  },
};
