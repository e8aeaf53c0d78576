// Signing in.
const log = "/self-service/login";
const done = "http%3A%2F%2F127.0.0.1%3A4455%2Fhello";
const flow = async (t, { jar, bearer, query = "" } = {}) =>
  (await t.call(null, { path: `${log}/${jar ? "browser" : "api"}${query}`, jar, bearer })).data;
const creds = (p, more) => ({ method: "password", identifier: p.email, password: p.password, ...more });
const provide = async (t, jar, claims, query) => {
  const f = await flow(t, { jar, query });
  t.provider.next = claims;
  const r = await t.post("submit", f.ui.action, {
    jar,
    accept: "html",
    form: { provider: "acme", csrf_token: t.csrf(f) },
  });
  const back = await t.call(null, { url: r.headers.get("location"), accept: "html" });
  return t.call("callback", { url: back.headers.get("location"), jar, accept: "html" });
};
const link = async (t, jar, sub) => {
  t.provider.next = { sub };
  const f = await t.settings("spa", jar);
  const r = await t.call(null, {
    method: "POST",
    url: f.ui.action,
    jar,
    accept: "html",
    form: { link: "acme", csrf_token: t.csrf(f) },
  });
  const back = await t.call(null, { url: r.headers.get("location"), accept: "html" });
  await t.call(null, { url: back.headers.get("location"), jar, accept: "html" });
};
const codes = async (t, p) => {
  const f = await t.settings("api", p.token);
  const put = (key) =>
    t.call(null, { method: "POST", url: f.ui.action, bearer: p.token, json: { method: "lookup_secret", [key]: true } });
  const made = (await put("lookup_secret_regenerate")).data;
  await put("lookup_secret_confirm");
  const list = t.node(made, "lookup_secret_codes").attributes.text.context.secrets.map((s) => s.context.secret);
  for (const c of list) t.norm.hide(c, "backup code");
  return list;
};
export const scenarios = {
  api: async (t) => {
    const p = await t.person();
    const f = await t.get("init", `${log}/api`);
    await t.get("fetch", `${log}/flows?id=${f.data.id}`);
    const r = await t.post("submit", f.data.ui.action, { json: creds(p) });
    await t.get("whoami", "/sessions/whoami", { bearer: r.data.session_token });
    await t.post("the same flow again", f.data.ui.action, { json: creds(p) });
  },
  browser: async (t) => {
    const p = await t.person();
    const jar = t.jar();
    const id = new URL(
      (await t.get("init", `${log}/browser`, { jar, accept: "html" })).headers.get("location"),
    ).searchParams.get("flow");
    const f = await t.get("fetch", `${log}/flows?id=${id}`, { jar });
    await t.post("submit", f.data.ui.action, { jar, accept: "html", form: creds(p, { csrf_token: t.csrf(f.data) }) });
    await t.get("whoami", "/sessions/whoami", { jar });
  },
  "empty parameters": async (t) => {
    await t.get("init", `${log}/browser?aal=&refresh=&return_to=&via=&organization=`);
  },
  "wrong password, unknown address": async (t) => {
    const p = await t.person();
    const f = await flow(t);
    await t.post("wrong password", f.ui.action, { json: creds(p, { password: "wrong" }) });
    await t.post("unknown address", f.ui.action, { json: creds(p, { identifier: t.email("nobody") }) });
    await t.post("then right", f.ui.action, { json: creds(p) });
  },
  "wrong password, browser": async (t) => {
    const p = await t.person();
    const jar = t.jar();
    const f = await flow(t, { jar });
    await t.post("submit", f.ui.action, {
      jar,
      accept: "html",
      form: creds(p, { password: "wrong", csrf_token: t.csrf(f) }),
    });
    await t.get("fetch", `${log}/flows?id=${f.id}`, { jar });
  },
  "fields missing": async (t) => {
    const p = await t.person();
    const f = await flow(t);
    await t.post("identifier", f.ui.action, { json: creds(p, { identifier: "" }) });
    await t.post("password", f.ui.action, { json: creds(p, { password: undefined }) });
    await t.post("method", f.ui.action, { json: creds(p, { method: undefined }) });
    await t.post("unknown method", f.ui.action, { json: creds(p, { method: "magic" }) });
    await t.post("nothing", f.ui.action);
  },
  "the identifier in other spellings": async (t) => {
    const p = await t.person();
    await t.post("capitals and spaces", (await flow(t)).ui.action, {
      json: creds(p, { identifier: ` ${p.email.toUpperCase()} ` }),
    });
    await t.post("old field name", (await flow(t)).ui.action, {
      json: { method: "password", password_identifier: p.email, password: p.password },
    });
  },
  csrf: async (t) => {
    const p = await t.person();
    const jar = t.jar();
    const f = await flow(t, { jar });
    await t.post("missing, spa", f.ui.action, { jar, json: creds(p) });
    await t.post("wrong, spa", f.ui.action, { jar, json: creds(p, { csrf_token: "AAAA" }) });
    await t.post("no cookie, spa", f.ui.action, { json: creds(p, { csrf_token: t.csrf(f) }) });
    const r = await t.post("wrong, browser", f.ui.action, {
      jar,
      accept: "html",
      form: creds(p, { csrf_token: "AAAA" }),
    });
    await t.get("the error", `/self-service/errors?id=${new URL(r.headers.get("location")).searchParams.get("id")}`);
  },
  "api flow from a browser": async (t) => {
    const p = await t.person();
    const f = await flow(t);
    await t.post("origin", f.ui.action, { json: creds(p), headers: { origin: "http://127.0.0.1:4455" } });
    await t.post("cookie", f.ui.action, { json: creds(p), headers: { cookie: "a=b" } });
  },
  fetching: async (t) => {
    const jar = t.jar();
    const f = await flow(t, { jar });
    const g = await flow(t);
    await t.get("own", `${log}/flows?id=${f.id}`, { jar });
    await t.get("without the cookie", `${log}/flows?id=${f.id}`);
    await t.get("api", `${log}/flows?id=${g.id}`);
    await t.get("unknown", `${log}/flows?id=6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99`);
    await t.get("malformed", `${log}/flows?id=x`);
    await t.get("no id", `${log}/flows`);
  },
  "submitting to nowhere": async (t) => {
    const json = { method: "password", identifier: "x", password: "y" };
    await t.post("unknown", `${log}?flow=6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99`, { json });
    await t.post("malformed", `${log}?flow=x`, { json });
    await t.post("none", log, { json });
    await t.post("none, browser", log, { accept: "html", form: json });
  },
  return_to: async (t) => {
    const p = await t.person();
    const jar = t.jar();
    const f = (await t.get("spa", `${log}/browser?return_to=${done}`, { jar })).data;
    await t.post("submit", f.ui.action, { jar, json: creds(p, { csrf_token: t.csrf(f) }) });
    const other = t.jar();
    const g = await flow(t, { jar: other, query: `?return_to=${done}` });
    await t.post("submit, browser", g.ui.action, {
      jar: other,
      accept: "html",
      form: creds(p, { csrf_token: t.csrf(g) }),
    });
    await t.get("relative", `${log}/browser?return_to=%2Frelative`);
    await t.get("forbidden", `${log}/browser?return_to=https%3A%2F%2Fevil.example.org`);
    await t.get("forbidden, browser", `${log}/browser?return_to=https%3A%2F%2Fevil.example.org`, { accept: "html" });
  },
  "while signed in": async (t) => {
    const p = await t.person();
    const early = await flow(t);
    const jar = await t.browser(p);
    await t.get("spa", `${log}/browser`, { jar });
    await t.get("browser", `${log}/browser`, { jar, accept: "html" });
    await t.get("browser with return_to", `${log}/browser?return_to=${done}`, { jar, accept: "html" });
    await t.get("api", `${log}/api`, { bearer: p.token });
    await t.post("submit, api", early.ui.action, { bearer: p.token, json: creds(p) });
  },
  "refresh, spa": async (t) => {
    const p = await t.person();
    const jar = await t.browser(p);
    const f = await t.get("init", `${log}/browser?refresh=true&return_to=${done}`, { jar });
    await t.post("wrong", f.data.ui.action, { jar, json: creds(p, { password: "wrong", csrf_token: t.csrf(f.data) }) });
    await t.post("right", f.data.ui.action, { jar, json: creds(p, { csrf_token: t.csrf(f.data) }) });
    await t.get("whoami", "/sessions/whoami", { jar });
  },
  "refresh without a session": async (t) => {
    await t.get("spa", `${log}/browser?refresh=true`);
    await t.get("api", `${log}/api?refresh=true`);
  },
  "refresh as someone else": async (t) => {
    const p = await t.person(),
      q = await t.person("bob");
    const jar = await t.browser(p);
    const f = await flow(t, { jar, query: "?refresh=true" });
    await t.post("submit", f.ui.action, { jar, json: creds(q, { csrf_token: t.csrf(f) }) });
    await t.get("whoami", "/sessions/whoami", { jar });
  },
  "a second factor wanted": async (t) => {
    const p = await t.person();
    const jar = await t.browser(p);
    await t.get("none set up, spa", `${log}/browser?aal=aal2`, { jar });
    await t.get("no session, spa", `${log}/browser?aal=aal2`);
    await t.get("no session, browser", `${log}/browser?aal=aal2`, { accept: "html" });
    await t.get("no session, api", `${log}/api?aal=aal2`);
    await t.get("unknown level", `${log}/browser?aal=aal9`, { jar });
    await t.get("first level, signed in", `${log}/browser?aal=aal1`, { jar });
  },
  "with a backup code, api": async (t) => {
    const p = await t.person();
    const list = await codes(t, p);
    const l = (await t.post("password", (await flow(t)).ui.action, { json: creds(p) })).data;
    await t.get("whoami", "/sessions/whoami", { bearer: l.session_token });
    const f = await t.get("init", `${log}/api?aal=aal2`, { bearer: l.session_token });
    const put = (label, lookup_secret, g = f.data) =>
      t.post(label, g.ui.action, { bearer: l.session_token, json: { method: "lookup_secret", lookup_secret } });
    await put("empty", "");
    await put("wrong", "nocode12");
    await put("right", list[0]);
    await t.get("whoami again", "/sessions/whoami", { bearer: l.session_token });
    await t.get("aal2 again", `${log}/api?aal=aal2`, { bearer: l.session_token });
    const g = await flow(t, { bearer: l.session_token, query: "?aal=aal2&refresh=true" });
    await put("used", list[0], g);
    await put("another", list[1], g);
  },
  "with a backup code, browser": async (t) => {
    const p = await t.person();
    const list = await codes(t, p);
    const jar = t.jar();
    const f = await flow(t, { jar, query: `?return_to=${done}` });
    const r = await t.post("password", f.ui.action, { jar, accept: "html", form: creds(p, { csrf_token: t.csrf(f) }) });
    const id = new URL(
      (await t.call("second step", { url: r.headers.get("location"), jar, accept: "html" })).headers.get("location"),
    ).searchParams.get("flow");
    const g = await t.get("fetch", `${log}/flows?id=${id}`, { jar });
    await t.post("code", g.data.ui.action, {
      jar,
      accept: "html",
      form: { method: "lookup_secret", lookup_secret: list[3], csrf_token: t.csrf(g.data) },
    });
    await t.get("whoami", "/sessions/whoami", { jar });
  },
  "second step wanted, spa": async (t) => {
    const p = await t.person();
    await codes(t, p);
    const jar = t.jar();
    const f = await flow(t, { jar, query: `?return_to=${done}` });
    await t.post("password", f.ui.action, { jar, json: creds(p, { csrf_token: t.csrf(f) }) });
  },
  "with a linked provider": async (t) => {
    const p = await t.person();
    await link(t, await t.browser(p), `sub-${t.run}`);
    const jar = t.jar();
    await provide(t, jar, { sub: `sub-${t.run}` }, `?return_to=${done}`);
    await t.get("whoami", "/sessions/whoami", { jar });
    await t.get("refresh offers both", `${log}/browser?refresh=true`, { jar });
  },
  "with a provider, unknown account": async (t) => {
    const jar = t.jar();
    await provide(t, jar, { sub: `sub-${t.run}`, email: t.email("new") });
    await t.get("whoami", "/sessions/whoami", { jar });
  },
  "with a provider, the address belongs to a password account": async (t) => {
    const p = await t.person();
    const jar = t.jar();
    const r = await provide(t, jar, { sub: `sub-${t.run}`, email: p.email });
    const l = await t.get("fetch", `${log}/flows?id=${new URL(r.headers.get("location")).searchParams.get("flow")}`, {
      jar,
    });
    await t.post("wrong password", l.data.ui.action, {
      jar,
      json: creds(p, { password: "wrong", csrf_token: t.csrf(l.data) }),
    });
    await t.post("link", l.data.ui.action, { jar, json: creds(p, { csrf_token: t.csrf(l.data) }) });
    await t.get("whoami", "/sessions/whoami", { jar });
  },
  "with a provider, spa and api": async (t) => {
    const jar = t.jar();
    const f = await flow(t, { jar });
    const g = await flow(t);
    await t.post("spa", f.ui.action, {
      jar,
      json: {
        method: "oidc",
        provider: "acme",
        upstream_parameters: { login_hint: "a@b.c", prompt: "login", other: "x" },
        csrf_token: t.csrf(f),
      },
    });
    await t.post("api", g.ui.action, { json: { method: "oidc", provider: "globex" } });
    await t.post("unknown provider", g.ui.action, { json: { method: "oidc", provider: "nobody" } });
  },
  "with a provider, natively": async (t) => {
    const f = await t.get("init", `${log}/api?return_session_token_exchange_code=true&return_to=${done}`);
    const init = f.data.session_token_exchange_code;
    t.norm.hide(init, "init code");
    t.provider.next = { sub: `sub-${t.run}`, email: t.email("new") };
    const r = await t.post("submit", f.data.ui.action, { json: { method: "oidc", provider: "acme" } });
    await t.get("exchange too early", `/sessions/token-exchange?init_code=${init}&return_to_code=x`);
    const back = await t.call(null, { url: r.data.redirect_browser_to, accept: "html" });
    const landing = await t.call(null, { url: back.headers.get("location"), accept: "html" });
    const code = new URL(landing.headers.get("location") ?? "http://x").searchParams.get("code");
    t.norm.hide(code, "return code");
    await t.get("exchange", `/sessions/token-exchange?init_code=${init}&return_to_code=${code}`);
    await t.get("exchange again", `/sessions/token-exchange?init_code=${init}&return_to_code=${code}`);
    await t.get("exchange with nothing", "/sessions/token-exchange");
  },
  "a person who was disabled": async (t) => {
    const p = await t.person();
    await t.call(null, {
      method: "PATCH",
      path: `/admin/identities/${p.identity.id}`,
      admin: true,
      json: [{ op: "replace", path: "/state", value: "inactive" }],
    });
    await t.post("submit", (await flow(t)).ui.action, { json: creds(p) });
    await t.get("the old session", "/sessions/whoami", { bearer: p.token });
  },
};
