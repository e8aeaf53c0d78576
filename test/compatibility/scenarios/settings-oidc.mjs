// Linking and unlinking a sign-in provider.
const link = async (t, jar, provider = "acme", sub) => {
  t.provider.next = { sub: sub ?? `sub-${t.run}`, email: t.email("oidc") };
  const f = await t.settings("spa", jar);
  const r = await t.call(null, {
    method: "POST",
    url: f.ui.action,
    jar,
    accept: "html",
    form: { link: provider, csrf_token: t.csrf(f) },
  });
  const back = await t.call(null, { url: r.headers.get("location"), accept: "html" });
  return { f, done: await t.call(null, { url: back.headers.get("location"), jar, accept: "html" }) };
};
export const scenarios = {
  "link, browser": async (t) => {
    const p = await t.person();
    const jar = await t.browser(p);
    const f = await t.settings("spa", jar);
    t.provider.next = { sub: `sub-${t.run}`, email: p.email };
    const r = await t.post("submit", f.ui.action, {
      jar,
      accept: "html",
      form: { link: "acme", csrf_token: t.csrf(f) },
    });
    const back = await t.call(null, { url: r.headers.get("location"), accept: "html" });
    const done = await t.call("callback", { url: back.headers.get("location"), jar, accept: "html" });
    if (done.status !== 303) throw new Error(done.text);
    await t.get("fetch", `/self-service/settings/flows?id=${f.id}`, { jar });
    await t.get("whoami", "/sessions/whoami", { jar });
  },
  "link, spa and api": async (t) => {
    const p = await t.person();
    const jar = await t.browser(p);
    const f = await t.settings("spa", jar);
    await t.post("spa", f.ui.action, { jar, json: { link: "acme", csrf_token: t.csrf(f) } });
    const g = await t.settings("api", p.token);
    await t.post("api", g.ui.action, { bearer: p.token, json: { link: "acme" } });
  },
  "upstream parameters": async (t) => {
    const p = await t.person();
    const jar = await t.browser(p);
    const f = await t.settings("spa", jar);
    await t.post("submit", f.ui.action, {
      jar,
      accept: "html",
      form: {
        link: "acme",
        "upstream_parameters.hd": "example.com",
        "upstream_parameters.prompt": "login",
        "upstream_parameters.login_hint": "x",
        csrf_token: t.csrf(f),
      },
    });
  },
  refusals: async (t) => {
    const p = await t.person();
    const f = await t.settings("api", p.token);
    const put = (label, json) => t.post(label, f.ui.action, { bearer: p.token, json });
    await put("unknown provider", { link: "nobody" });
    await put("link and unlink", { link: "acme", unlink: "acme" });
  },
  unlink: async (t) => {
    const p = await t.person();
    const jar = await t.browser(p);
    await link(t, jar);
    const f = (await t.get("init", "/self-service/settings/browser", { jar })).data;
    await t.post("unknown", f.ui.action, { jar, json: { unlink: "globex", csrf_token: t.csrf(f) } });
    await t.post("linked", f.ui.action, { jar, json: { unlink: "acme", csrf_token: t.csrf(f) } });
  },
  "unlink with an old session, browser": async (t) => {
    const p = await t.person();
    const jar = await t.browser(p);
    await link(t, jar);
    await t.grow_old();
    const f = await t.settings("spa", jar);
    const r = await t.post("submit", f.ui.action, {
      jar,
      accept: "html",
      form: { unlink: "acme", csrf_token: t.csrf(f) },
    });
    await t.call("login init", { url: r.headers.get("location"), jar });
  },
  "linked to someone else": async (t) => {
    const p = await t.person();
    await link(t, await t.browser(p), "acme", `shared-${t.run}`);
    const q = await t.person("bob");
    const jar = await t.browser(q);
    const { f } = await link(t, jar, "acme", `shared-${t.run}`);
    await t.get("fetch", `/self-service/settings/flows?id=${f.id}`, { jar });
  },
  "the provider refuses": async (t) => {
    const p = await t.person();
    const jar = await t.browser(p);
    const f = await t.settings("spa", jar);
    t.provider.next = { error: "access_denied" };
    const r = await t.call(null, {
      method: "POST",
      url: f.ui.action,
      jar,
      accept: "html",
      form: { link: "acme", csrf_token: t.csrf(f) },
    });
    const back = await t.call(null, { url: r.headers.get("location"), accept: "html" });
    await t.call("callback", { url: back.headers.get("location"), jar, accept: "html" });
    await t.get("fetch", `/self-service/settings/flows?id=${f.id}`, { jar });
  },
  "a callback nobody asked for": async (t) => {
    await t.get("no state", "/self-service/methods/oidc/callback/acme?code=x", { accept: "html" });
    await t.get("wrong state", "/self-service/methods/oidc/callback/acme?code=x&state=y", { accept: "html" });
  },
};
