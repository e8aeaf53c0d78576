// Changing traits.
const api = async (t, label, json, traits, after) => {
  const p = await t.person("ann", traits);
  const f = await t.settings("api", p.token);
  const r = await t.post(label, f.ui.action, {
    bearer: p.token,
    ...(json.form ? { form: json.form } : { json: { method: "profile", ...json } }),
  });
  if (after) await after(p, f, r);
  return { p, f, r };
};
const invalid = (traits) => async (t) => {
  const p = await t.person();
  const f = await t.settings("api", p.token);
  await t.post("submit", f.ui.action, {
    bearer: p.token,
    json: { method: "profile", traits: { email: p.email, ...traits } },
  });
};
export const scenarios = {
  "an unprotected trait, api": async (t) => {
    const p = await t.person();
    await t.grow_old();
    const f = await t.settings("api", p.token);
    await t.post("submit", f.ui.action, {
      bearer: p.token,
      json: { method: "profile", traits: { email: p.email, name: { first: "Ann" } } },
    });
    await t.get("fetch", `/self-service/settings/flows?id=${f.id}`, { bearer: p.token });
    await t.get("whoami", "/sessions/whoami", { bearer: p.token });
  },
  "an unprotected trait, spa": async (t) => {
    const p = await t.person();
    const jar = await t.browser(p);
    await t.grow_old();
    const f = await t.settings("spa", jar);
    await t.post("submit", f.ui.action, {
      jar,
      json: { method: "profile", traits: { email: p.email, name: { first: "Ann" } }, csrf_token: t.csrf(f) },
    });
  },
  "an unprotected trait, browser": async (t) => {
    const p = await t.person();
    const jar = await t.browser(p);
    await t.grow_old();
    const f = await t.settings("spa", jar, "?return_to=http%3A%2F%2F127.0.0.1%3A4455%2Fdone");
    await t.post("submit", f.ui.action, {
      jar,
      accept: "html",
      form: { method: "profile", "traits.email": p.email, "traits.name.first": "Ann", csrf_token: t.csrf(f) },
    });
    await t.get("fetch", `/self-service/settings/flows?id=${f.id}`, { jar });
  },
  "a protected trait with an old session, api": async (t) => {
    const p = await t.person();
    await t.grow_old();
    const f = await t.settings("api", p.token);
    await t.post("submit", f.ui.action, {
      bearer: p.token,
      json: { method: "profile", traits: { email: t.email("anna") } },
    });
    await t.get("whoami", "/sessions/whoami", { bearer: p.token });
  },
  "a protected trait with an old session, spa": async (t) => {
    const p = await t.person();
    const jar = await t.browser(p);
    await t.grow_old();
    const f = await t.settings("spa", jar);
    await t.post("submit", f.ui.action, {
      jar,
      json: { method: "profile", traits: { email: t.email("anna") }, csrf_token: t.csrf(f) },
    });
  },
  "a protected trait with an old session, browser, resumed": async (t) => {
    const p = await t.person();
    const jar = await t.browser(p);
    await t.grow_old();
    const f = await t.settings("spa", jar);
    const r = await t.post("submit", f.ui.action, {
      jar,
      accept: "html",
      form: { method: "profile", "traits.email": t.email("anna"), csrf_token: t.csrf(f) },
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
  "mail is sent to the new address": async (t) => {
    await api(t, "submit", { traits: { email: t.email("anna") } });
    const mail = await t.mailbox.wait(t.email("anna"));
    if (!mail.code) throw new Error("no code");
  },
  "only the case of the address changes": async (t) => {
    const p = await t.person();
    await t.grow_old();
    const f = await t.settings("api", p.token);
    await t.post("submit", f.ui.action, {
      bearer: p.token,
      json: { method: "profile", traits: { email: p.email.replace("ann", "ANN") } },
    });
  },
  "address of someone else": async (t) => {
    const q = await t.person("bob");
    await api(t, "submit", { traits: { email: q.email, name: { first: "kept" } } });
  },
  "required trait missing": async (t) => {
    await api(t, "submit", { traits: { name: { first: "x" } } });
  },
  "no traits at all": async (t) => {
    await api(t, "submit", {});
  },
  "below the minimum": invalid({ age: 17 }),
  "wrong type": invalid({ age: "many" }),
  "not an integer": invalid({ age: 18.5 }),
  "not in the enumeration": invalid({ plan: "gold" }),
  "too long": invalid({ name: { first: "x".repeat(41) } }),
  "not a uri": invalid({ website: "no uri" }),
  "unknown trait": invalid({ admin: true }),
  "traits is a string": async (t) => {
    await api(t, "submit", { traits: "x" });
  },
  "dotted keys in json": async (t) => {
    const p = await t.person();
    const f = await t.settings("api", p.token);
    await t.post("submit", f.ui.action, {
      bearer: p.token,
      json: { method: "profile", "traits.email": p.email, "traits.age": "21", "traits.newsletter": "true" },
    });
  },
  "a form": async (t) => {
    const p = await t.person();
    const f = await t.settings("api", p.token);
    await t.post("submit", f.ui.action, {
      bearer: p.token,
      form: [
        ["method", "profile"],
        ["traits.email", p.email],
        ["traits.age", "21"],
        ["traits.newsletter", "false"],
        ["traits.newsletter", "true"],
        ["traits.tags", "a"],
        ["traits.tags", "b"],
        ["traits.name.first", ""],
      ],
    });
  },
  "a form with a number that is none": async (t) => {
    const p = await t.person();
    const f = await t.settings("api", p.token);
    await t.post("submit", f.ui.action, {
      bearer: p.token,
      form: { method: "profile", "traits.email": p.email, "traits.age": "old", "traits.newsletter": "on" },
    });
  },
  multipart: async (t) => {
    const p = await t.person();
    const f = await t.settings("api", p.token);
    await t.post("submit", f.ui.action, {
      bearer: p.token,
      multipart: [
        ["method", "profile"],
        ["traits.email", p.email],
        ["traits.age", "21"],
      ],
    });
  },
  "an emptied field removes the trait": async (t) => {
    const p = await t.person("ann", { name: { first: "Ann" } });
    const f = await t.settings("api", p.token);
    await t.post("submit", f.ui.action, {
      bearer: p.token,
      form: { method: "profile", "traits.email": p.email, "traits.name.first": "" },
    });
  },
  "bodies that cannot be read": async (t) => {
    const p = await t.person();
    const f = await t.settings("api", p.token);
    await t.post("not json", f.ui.action, { bearer: p.token, text: '{"method":', type: "application/json" });
    await t.post("an array", f.ui.action, { bearer: p.token, json: [1] });
    await t.post("plain text", f.ui.action, { bearer: p.token, text: "method=profile" });
    await t.post("nothing", f.ui.action, { bearer: p.token });
  },
  "no method, an unknown one, and two at once": async (t) => {
    const p = await t.person();
    const f = await t.settings("api", p.token);
    await t.post("none", f.ui.action, { bearer: p.token, json: { traits: { email: p.email } } });
    await t.post("unknown", f.ui.action, { bearer: p.token, json: { method: "magic", traits: { email: p.email } } });
  },
  csrf: async (t) => {
    const p = await t.person();
    const jar = await t.browser(p);
    const f = await t.settings("spa", jar);
    const traits = { email: p.email, name: { first: "x" } };
    await t.post("missing, spa", f.ui.action, { jar, json: { method: "profile", traits } });
    await t.post("wrong, spa", f.ui.action, { jar, json: { method: "profile", traits, csrf_token: "AAAA" } });
    await t.post("wrong, browser", f.ui.action, {
      jar,
      accept: "html",
      form: { method: "profile", "traits.email": p.email, csrf_token: "AAAA" },
    });
  },
  "api flow from a browser": async (t) => {
    const p = await t.person();
    const f = await t.settings("api", p.token);
    const json = { method: "profile", traits: { email: p.email } };
    await t.post("origin", f.ui.action, { bearer: p.token, json, headers: { origin: "http://evil.example.org" } });
    await t.post("cookie", f.ui.action, { bearer: p.token, json, headers: { cookie: "a=b" } });
    await t.post("harmless cookie", f.ui.action, { bearer: p.token, json, headers: { cookie: "__cf_bm=b" } });
  },
  "flow of someone else, unknown flow, no flow, no session": async (t) => {
    const p = await t.person(),
      q = await t.person("bob");
    const f = await t.settings("api", p.token);
    const json = { method: "profile", traits: { email: q.email } };
    await t.post("someone else", f.ui.action, { bearer: q.token, json });
    await t.post("unknown", "/self-service/settings?flow=6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99", {
      bearer: p.token,
      json,
    });
    await t.post("malformed", "/self-service/settings?flow=x", { bearer: p.token, json });
    await t.post("none", "/self-service/settings", { bearer: p.token, json });
    await t.post("no session", f.ui.action, { json });
    await t.post("no session, browser", f.ui.action, { accept: "html", form: { method: "profile" } });
  },
  "an error, then a success, then an error": async (t) => {
    const p = await t.person();
    const jar = await t.browser(p);
    const f = await t.settings("spa", jar);
    const put = (label, traits) =>
      t.post(label, f.ui.action, {
        jar,
        json: { method: "profile", traits: { email: p.email, ...traits }, csrf_token: t.csrf(f) },
      });
    await put("error", { age: 3 });
    await put("success", { age: 30 });
    await put("error again", { age: 4 });
  },
  "what a person may not write": async (t) => {
    const p = await t.person();
    const f = await t.settings("api", p.token);
    await t.post("submit", f.ui.action, {
      bearer: p.token,
      json: {
        method: "profile",
        traits: { email: p.email, age: 22 },
        schema_id: "other",
        state: "inactive",
        metadata_public: { a: 1 },
        metadata_admin: { a: 1 },
        id: "x",
        identity_id: "y",
      },
    });
    await t.get("whoami", "/sessions/whoami", { bearer: p.token });
  },
};
