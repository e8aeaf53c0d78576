// Changing the password.
const api = (json) => async (t) => {
  const p = await t.person();
  const f = await t.settings("api", p.token);
  await t.post("submit", f.ui.action, {
    bearer: p.token,
    json: { method: "password", ...(typeof json === "function" ? json(t, p) : json) },
  });
};
export const scenarios = {
  missing: api({}),
  "too short": api({ password: "x7$" }),
  "like the address": api((_, p) => ({ password: p.email.slice(0, -1) })),
  "the same as now": api((_, p) => ({ password: p.password })),
  "a number": api({ password: 12345678 }),
  "too short, browser": async (t) => {
    const p = await t.person();
    const jar = await t.browser(p);
    const f = await t.settings("spa", jar);
    await t.post("submit", f.ui.action, {
      jar,
      accept: "html",
      form: { method: "password", password: "x7$", csrf_token: t.csrf(f) },
    });
    await t.get("fetch", `/self-service/settings/flows?id=${f.id}`, { jar });
  },
  "the old one stops working, the new one works": async (t) => {
    const p = await t.person();
    const f = await t.settings("api", p.token);
    await t.post("submit", f.ui.action, {
      bearer: p.token,
      json: { method: "password", password: "a brand new secret 5" },
    });
    const login = async (label, password) => {
      const l = (await t.call(null, { path: "/self-service/login/api" })).data;
      await t.post(label, l.ui.action, { json: { method: "password", identifier: p.email, password } });
    };
    await login("old", p.password);
    await login("new", "a brand new secret 5");
    await t.get("the session goes on", "/sessions/whoami", { bearer: p.token });
  },
  "old session, api": async (t) => {
    const p = await t.person();
    await t.grow_old();
    const f = await t.settings("api", p.token);
    await t.post("submit", f.ui.action, {
      bearer: p.token,
      json: { method: "password", password: "a brand new secret 5" },
    });
    await t.post("missing password comes first", f.ui.action, { bearer: p.token, json: { method: "password" } });
  },
  "old session, spa": async (t) => {
    const p = await t.person();
    const jar = await t.browser(p);
    await t.grow_old();
    const f = await t.settings("spa", jar);
    await t.post("submit", f.ui.action, {
      jar,
      json: { method: "password", password: "a brand new secret 5", csrf_token: t.csrf(f) },
    });
  },
  "old session, browser, resumed": async (t) => {
    const p = await t.person();
    const jar = await t.browser(p);
    await t.grow_old();
    const f = await t.settings("spa", jar);
    const r = await t.post("submit", f.ui.action, {
      jar,
      accept: "html",
      form: { method: "password", password: "a brand new secret 5", csrf_token: t.csrf(f) },
    });
    const login = await t.call("login init", { url: r.headers.get("location"), jar });
    const done = await t.post("login", login.data.ui.action, {
      jar,
      accept: "html",
      form: { method: "password", identifier: p.email, password: p.password, csrf_token: t.csrf(login.data) },
    });
    await t.call("resume", { url: done.headers.get("location"), jar, accept: "html" });
    await t.get("fetch", `/self-service/settings/flows?id=${f.id}`, { jar });
  },
  "refresh login, api": async (t) => {
    const p = await t.person();
    await t.grow_old();
    const l = await t.get("init", "/self-service/login/api?refresh=true", { bearer: p.token });
    const r = await t.post("submit", l.data.ui.action, {
      bearer: p.token,
      json: { method: "password", identifier: p.email, password: p.password },
    });
    const f = await t.settings("api", r.data.session_token);
    await t.post("change", f.ui.action, {
      bearer: r.data.session_token,
      json: { method: "password", password: "a brand new secret 5" },
    });
  },
  "csrf, browser": async (t) => {
    const p = await t.person();
    const jar = await t.browser(p);
    const f = await t.settings("spa", jar);
    const r = await t.post("submit", f.ui.action, {
      jar,
      accept: "html",
      form: { method: "password", password: "a brand new secret 5", csrf_token: "x" },
    });
    await t.get("the error", `/self-service/errors?id=${new URL(r.headers.get("location")).searchParams.get("id")}`);
  },
};
