// Proving an address.
const ver = "/self-service/verification";
const code = async (t, to) => {
  const m = await t.mailbox.wait(to);
  if (!m.code) throw new Error("no code");
  t.norm.hide(m.code, "code");
  return m;
};
const wrong = (m) => (m.code === "123456" ? "654321" : "123456");
const flow = async (t, jar, query = "") =>
  (await t.call(null, { path: `${ver}/${jar ? "browser" : "api"}${query}`, jar })).data;
const asked = async (t, p, label, jar, query) => {
  await t.mailbox.wait(p.email);
  const f = await flow(t, jar, query);
  const r = await t.post(label, f.ui.action, {
    jar,
    json: { method: "code", email: p.email, ...(jar && { csrf_token: t.csrf(f) }) },
  });
  return { f, r, m: await code(t, p.email) };
};
export const scenarios = {
  starting: async (t) => {
    const jar = t.jar();
    await t.get("api", `${ver}/api`);
    await t.get("spa", `${ver}/browser?return_to=http%3A%2F%2F127.0.0.1%3A4455%2Fproven`, { jar });
    await t.get("browser", `${ver}/browser`, { jar, accept: "html" });
    await t.get("forbidden return_to", `${ver}/browser?return_to=https%3A%2F%2Fevil.example.org`);
    await t.get("forbidden return_to, api", `${ver}/api?return_to=https%3A%2F%2Fevil.example.org`);
    await t.get("signed in", `${ver}/api`, { bearer: (await t.person()).token });
  },
  "api: wrong code, right code, twice": async (t) => {
    const p = await t.person();
    const { f, m } = await asked(t, p, "submit");
    const put = (label, json) => t.post(label, f.ui.action, { json: { method: "code", ...json } });
    await t.get("fetch", `${ver}/flows?id=${f.id}`);
    await put("wrong", { code: wrong(m) });
    await put("right", { code: m.code });
    await put("twice", { code: m.code });
    await t.get("whoami", "/sessions/whoami", { bearer: p.token });
  },
  spa: async (t) => {
    const p = await t.person();
    const jar = t.jar();
    const { f, m } = await asked(t, p, "submit", jar, "?return_to=http%3A%2F%2F127.0.0.1%3A4455%2Fproven");
    await t.post("no csrf", f.ui.action, { jar, json: { method: "code", code: m.code } });
    await t.post("right", f.ui.action, { jar, json: { method: "code", code: m.code, csrf_token: t.csrf(f) } });
    await t.get("fetch", `${ver}/flows?id=${f.id}`, { jar });
  },
  browser: async (t) => {
    const p = await t.person();
    await t.mailbox.wait(p.email);
    const jar = t.jar();
    const f = await flow(t, jar);
    await t.post("submit", f.ui.action, {
      jar,
      accept: "html",
      form: { method: "code", email: p.email, csrf_token: t.csrf(f) },
    });
    await t.get("fetch", `${ver}/flows?id=${f.id}`, { jar });
    const m = await code(t, p.email);
    await t.post("wrong", f.ui.action, {
      jar,
      accept: "html",
      form: { method: "code", code: wrong(m), csrf_token: t.csrf(f) },
    });
    await t.post("right", f.ui.action, {
      jar,
      accept: "html",
      form: { method: "code", code: m.code, csrf_token: t.csrf(f) },
    });
    await t.get("fetch again", `${ver}/flows?id=${f.id}`, { jar });
  },
  "the link in the mail": async (t) => {
    const p = await t.person();
    await t.mailbox.wait(p.email);
    const jar = t.jar();
    const f = await flow(t, jar);
    await t.call(null, {
      method: "POST",
      url: f.ui.action,
      jar,
      json: { method: "code", email: p.email, csrf_token: t.csrf(f) },
    });
    const m = await code(t, p.email);
    const there = `${ver}?flow=${f.id}&code=${m.code}`;
    const other = t.jar();
    await t.get("opened", there, { jar: other, accept: "html" });
    const g = await t.get("fetch", `${ver}/flows?id=${f.id}`, { jar: other });
    if (g.data.ui)
      await t.post("confirmed", g.data.ui.action, {
        jar: other,
        accept: "html",
        form: { method: "code", code: m.code, csrf_token: t.csrf(g.data) },
      });
    await t.get("opened again", there, { jar: other, accept: "html" });
  },
  "after registration": async (t) => {
    const p = await t.person();
    const m = await code(t, p.email);
    const link = m.body
      .replace(/=\n/g, "")
      .replace(/=3D/g, "=")
      .match(/flow=([0-9a-f-]{36})/);
    await t.post("right", `${ver}?flow=${link[1]}`, { json: { method: "code", code: m.code } });
    await t.get("whoami", "/sessions/whoami", { bearer: p.token });
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
    const { f, m } = await asked(t, p, "submit");
    await t.post("resend", f.ui.action, { json: { method: "code", email: p.email } });
    const next = await code(t, p.email);
    if (next.code !== m.code) await t.post("the first code", f.ui.action, { json: { method: "code", code: m.code } });
    await t.post("the second code", f.ui.action, { json: { method: "code", code: next.code } });
  },
  "too many wrong codes": async (t) => {
    const p = await t.person();
    const { f, m } = await asked(t, p, "submit");
    for (let i = 1; i <= 6; i++) await t.post(`wrong ${i}`, f.ui.action, { json: { method: "code", code: wrong(m) } });
    await t.post("right", f.ui.action, { json: { method: "code", code: m.code } });
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
    await t.get("without the cookie", `${ver}/flows?id=${f.id}`);
    await t.get("unknown", `${ver}/flows?id=6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99`);
    await t.get("no id", `${ver}/flows`);
    await t.post("submit to nowhere", `${ver}?flow=6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99`, {
      json: { method: "code", email: p.email },
    });
    await t.post("submit to none", ver, { json: { method: "code", email: p.email } });
  },
};
