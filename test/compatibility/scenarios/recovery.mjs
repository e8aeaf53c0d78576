// Getting back in.
const rec = "/self-service/recovery";
const code = async (t, to) => {
  const m = await t.mailbox.wait(to);
  if (!m.code) throw new Error("no code");
  t.norm.hide(m.code, "code");
  return m;
};
const wrong = (m) => (m.code === "123456" ? "654321" : "123456");
const flow = async (t, jar, query = "") =>
  (await t.call(null, { path: `${rec}/${jar ? "browser" : "api"}${query}`, jar })).data;
const asked = async (t, p, label, jar, query) => {
  await t.mailbox.wait(p.email);
  const f = await flow(t, jar, query);
  await t.post(label, f.ui.action, {
    jar,
    json: { method: "code", email: p.email, ...(jar && { csrf_token: t.csrf(f) }) },
  });
  return { f, m: await code(t, p.email) };
};
export const scenarios = {
  starting: async (t) => {
    const jar = t.jar();
    await t.get("api", `${rec}/api`);
    await t.get("spa", `${rec}/browser?return_to=http%3A%2F%2F127.0.0.1%3A4455%2Fback`, { jar });
    await t.get("browser", `${rec}/browser`, { jar, accept: "html" });
    await t.get("forbidden return_to", `${rec}/browser?return_to=https%3A%2F%2Fevil.example.org`);
  },
  "while signed in": async (t) => {
    const p = await t.person();
    const jar = await t.browser(p);
    await t.get("spa", `${rec}/browser`, { jar });
    await t.get("browser", `${rec}/browser`, { jar, accept: "html" });
    await t.get("api", `${rec}/api`, { bearer: p.token });
  },
  "api: wrong code, right code": async (t) => {
    const p = await t.person();
    const { f, m } = await asked(t, p, "submit");
    await t.get("fetch", `${rec}/flows?id=${f.id}`);
    await t.post("wrong", f.ui.action, { json: { method: "code", code: wrong(m) } });
    await t.post("right", f.ui.action, { json: { method: "code", code: m.code } });
    await t.post("twice", f.ui.action, { json: { method: "code", code: m.code } });
    await t.get("fetch after", `${rec}/flows?id=${f.id}`);
  },
  "spa: a new password": async (t) => {
    const p = await t.person();
    const jar = t.jar();
    const { f, m } = await asked(t, p, "submit", jar);
    const r = await t.post("right", f.ui.action, {
      jar,
      json: { method: "code", code: m.code, csrf_token: t.csrf(f) },
    });
    await t.get("whoami", "/sessions/whoami", { jar });
    const id = new URL(r.data.redirect_browser_to).searchParams.get("flow");
    const s = await t.get("settings", `/self-service/settings/flows?id=${id}`, { jar });
    await t.post("new password", s.data.ui.action, {
      jar,
      json: { method: "password", password: "a brand new secret 5", csrf_token: t.csrf(s.data) },
    });
    const l = (await t.call(null, { path: "/self-service/login/api" })).data;
    await t.post("log in", l.ui.action, {
      json: { method: "password", identifier: p.email, password: "a brand new secret 5" },
    });
  },
  "browser: a new password": async (t) => {
    const p = await t.person();
    await t.mailbox.wait(p.email);
    const jar = t.jar();
    const f = await flow(t, jar, "?return_to=http%3A%2F%2F127.0.0.1%3A4455%2Fback");
    await t.post("submit", f.ui.action, {
      jar,
      accept: "html",
      form: { method: "code", email: p.email, csrf_token: t.csrf(f) },
    });
    await t.get("fetch", `${rec}/flows?id=${f.id}`, { jar });
    const m = await code(t, p.email);
    await t.post("wrong", f.ui.action, {
      jar,
      accept: "html",
      form: { method: "code", code: wrong(m), csrf_token: t.csrf(f) },
    });
    const r = await t.post("right", f.ui.action, {
      jar,
      accept: "html",
      form: { method: "code", code: m.code, csrf_token: t.csrf(f) },
    });
    const s = await t.get(
      "settings",
      `/self-service/settings/flows?id=${new URL(r.headers.get("location")).searchParams.get("flow")}`,
      { jar },
    );
    await t.post("new password", s.data.ui.action, {
      jar,
      accept: "html",
      form: { method: "password", password: "a brand new secret 5", csrf_token: t.csrf(s.data) },
    });
  },
  "the address counts as proven": async (t) => {
    const p = await t.person();
    const jar = t.jar();
    const { f, m } = await asked(t, p, null, jar);
    await t.call(null, {
      method: "POST",
      url: f.ui.action,
      jar,
      json: { method: "code", code: m.code, csrf_token: t.csrf(f) },
    });
    await t.get("identity", `/admin/identities/${p.identity.id}`, { admin: true });
    await t.get("the old session goes on", "/sessions/whoami", { bearer: p.token });
  },
  "addresses that lead nowhere": async (t) => {
    const f = await flow(t);
    const put = (label, json, g = f) => t.post(label, g.ui.action, { json: { method: "code", ...json } });
    await put("none", {});
    await put("not an address", { email: "x" });
    await put("unknown", { email: t.email("nobody") });
    await put("a code for it", { code: "123456" });
    await put("other method", { method: "link", email: t.email("nobody") }, await flow(t));
    await put("no method", { method: undefined, email: t.email("nobody") }, await flow(t));
  },
  "asking for another code": async (t) => {
    const p = await t.person();
    const jar = t.jar();
    const { f, m } = await asked(t, p, null, jar);
    const put = (label, json) =>
      t.post(label, f.ui.action, { jar, json: { method: "code", csrf_token: t.csrf(f), ...json } });
    await put("resend", { email: p.email });
    const next = await code(t, p.email);
    if (next.code !== m.code) await put("the first code", { code: m.code });
    await put("the second code", { code: next.code });
  },
  "csrf and fetching": async (t) => {
    const p = await t.person();
    const jar = t.jar();
    const f = await flow(t, jar);
    await t.post("missing", f.ui.action, { jar, json: { method: "code", email: p.email } });
    await t.post("wrong, browser", f.ui.action, {
      jar,
      accept: "html",
      form: { method: "code", email: p.email, csrf_token: "AAAA" },
    });
    await t.get("without the cookie", `${rec}/flows?id=${f.id}`);
    await t.get("unknown", `${rec}/flows?id=6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99`);
    await t.get("no id", `${rec}/flows`);
    await t.post("submit to nowhere", `${rec}?flow=6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99`, {
      json: { method: "code", email: p.email },
    });
    await t.post("submit to none", rec, { json: { method: "code", email: p.email } });
  },
};
