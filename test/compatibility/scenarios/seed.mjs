// The seed's walk-through, command by command.
export const scenarios = {
  "register by api with a dotted trait": async (t) => {
    const flow = await t.get("init", "/self-service/registration/api");
    await t.post("submit", flow.data.ui.action, {
      json: { "traits.email": t.email(), password: t.password, method: "password" },
    });
  },
  "log in by browser flow with a cookie jar": async (t) => {
    const p = await t.person();
    const jar = t.jar();
    const flow = await t.get("init", "/self-service/login/browser", { jar });
    await t.post("submit", flow.data.ui.action, {
      jar,
      json: { identifier: p.email, password: p.password, method: "password", csrf_token: t.csrf(flow.data) },
    });
  },
  "settings, server-side browser": async (t) => {
    const p = await t.person();
    const jar = await t.browser(p);
    const r = await t.get("init", "/self-service/settings/browser", { jar, accept: "text/html" });
    const id = new URL(r.headers.get("location")).searchParams.get("flow");
    await t.get("fetch", `/self-service/settings/flows?id=${id}`, { jar });
  },
  "settings, client-side browser": async (t) => {
    const p = await t.person();
    const jar = await t.browser(p);
    await t.get("init", "/self-service/settings/browser", { jar });
  },
  "settings, api": async (t) => {
    const p = await t.person();
    const r = await t.get("init", "/self-service/settings/api", { bearer: p.token });
    await t.get("fetch", `/self-service/settings/flows?id=${r.data.id}`, { bearer: p.token });
  },
  "not an email": async (t) => {
    const p = await t.person();
    const f = await t.settings("api", p.token);
    await t.post("submit", f.ui.action, {
      bearer: p.token,
      json: { method: "profile", traits: { email: "notanemail" } },
    });
    await t.get("fetch", `/self-service/settings/flows?id=${f.id}`, { bearer: p.token });
  },
  "missing password": async (t) => {
    const p = await t.person();
    const f = await t.settings("api", p.token);
    await t.post("submit", f.ui.action, { bearer: p.token, json: { method: "password", password: "" } });
    await t.get("fetch", `/self-service/settings/flows?id=${f.id}`, { bearer: p.token });
  },
  "new password, client-side browser": async (t) => {
    const p = await t.person();
    const jar = await t.browser(p);
    const f = await t.settings("spa", jar);
    await t.post("submit", f.ui.action, {
      jar,
      json: { password: "ByS8NWuFSkDgMjbe", method: "password", csrf_token: t.csrf(f) },
    });
  },
  "new password, api": async (t) => {
    const p = await t.person();
    const f = await t.settings("api", p.token);
    await t.post("submit", f.ui.action, {
      bearer: p.token,
      json: { password: "ByS8NWuFSkDgMjbe", method: "password" },
    });
    await t.get("fetch", `/self-service/settings/flows?id=${f.id}`, { bearer: p.token });
  },
  "new password, server-side browser": async (t) => {
    const p = await t.person();
    const jar = await t.browser(p);
    const f = await t.settings("spa", jar);
    await t.post("submit", f.ui.action, {
      jar,
      accept: "html",
      form: { password: "ByS8NWuFSkDgMjbe", method: "password", csrf_token: t.csrf(f) },
    });
    await t.get("fetch", `/self-service/settings/flows?id=${f.id}`, { jar });
  },
  "a new address shows the verification form": async (t) => {
    const p = await t.person();
    const f = await t.settings("api", p.token);
    await t.post("submit", f.ui.action, {
      bearer: p.token,
      json: { method: "profile", traits: { email: t.email("anna") } },
    });
  },
};
