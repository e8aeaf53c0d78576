// Sessions and signing out.
const who = "/sessions/whoami";
const again = async (t, p) => {
  const l = (await t.call(null, { path: "/self-service/login/api" })).data;
  await t.sleep(1100);
  return (
    await t.call(null, {
      method: "POST",
      url: l.ui.action,
      json: { method: "password", identifier: p.email, password: p.password },
    })
  ).data;
};
const del = (t, label, path, rest) => t.call(label, { method: "DELETE", path, ...rest });
export const scenarios = {
  "whoami, every way to send a session": async (t) => {
    const p = await t.person("ann", { name: { first: "Ann" }, age: 42 });
    const jar = await t.browser(p);
    await t.get("bearer", who, { bearer: p.token });
    await t.get("bearer in lower case", who, { headers: { authorization: `bearer ${p.token}` } });
    await t.get("x-session-token", who, { headers: { "x-session-token": p.token } });
    await t.get("cookie", who, { jar });
    await t.get("cookie, html", who, { jar, accept: "html" });
    await t.get("token as a cookie", who, { headers: { cookie: `ory_kratos_session=${p.token}` } });
    await t.get("bearer and another cookie", who, { bearer: p.token, headers: { cookie: "a=b" } });
    await t.get("wrong header and right cookie", who, { jar, headers: { "x-session-token": "ory_st_wrong" } });
  },
  "whoami, no valid session": async (t) => {
    await t.get("nothing", who);
    await t.get("html", who, { accept: "html" });
    await t.get("wrong bearer", who, { bearer: "ory_st_wrong" });
    await t.get("basic", who, { headers: { authorization: "Basic YTpi" } });
    await t.get("garbage cookie", who, { headers: { cookie: "ory_kratos_session=garbage" } });
    await t.get("unknown template", `${who}?tokenize_as=x`);
  },
  "whoami, other verbs": async (t) => {
    const p = await t.person();
    await t.call("head", { method: "HEAD", path: who, bearer: p.token });
    await t.call("head without a session", { method: "HEAD", path: who });
    await t.post("post", who, { bearer: p.token });
    await t.get("unknown template", `${who}?tokenize_as=x`, { bearer: p.token });
    await t.get("on the admin port", `${who}?x=1`, { admin: true });
  },
  listing: async (t) => {
    const p = await t.person();
    await again(t, p);
    const b = await again(t, p);
    await t.get("the others", "/sessions", { bearer: b.session_token });
    await t.get("page of one", "/sessions?per_page=1&page=1", { bearer: b.session_token });
    await t.get("none but mine", "/sessions", { bearer: (await t.person("bob")).token });
    await t.get("no session", "/sessions");
    await t.get("wrong token", "/sessions", { bearer: "ory_st_wrong" });
    await t.get("cookie", "/sessions", { jar: await t.browser(await t.person("cy")) });
  },
  "revoking one": async (t) => {
    const p = await t.person(),
      q = await t.person("bob");
    const a = await again(t, p);
    await del(t, "own", `/sessions/${p.session.id}`, { bearer: p.token });
    await del(t, "of someone else", `/sessions/${q.session.id}`, { bearer: p.token });
    await t.get("that one goes on", who, { bearer: q.token });
    await del(t, "unknown", "/sessions/6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99", { bearer: p.token });
    await del(t, "malformed", "/sessions/x", { bearer: p.token });
    await del(t, "no session", `/sessions/${a.session.id}`);
    await del(t, "another of mine", `/sessions/${a.session.id}`, { bearer: p.token });
    await t.get("it is gone", who, { bearer: a.session_token });
    await del(t, "twice", `/sessions/${a.session.id}`, { bearer: p.token });
  },
  "revoking all others": async (t) => {
    const p = await t.person();
    const a = await again(t, p);
    await again(t, p);
    const jar = await t.browser(p);
    await del(t, "no session", "/sessions");
    await del(t, "by cookie", "/sessions", { jar });
    await t.get("mine goes on", who, { jar });
    await t.get("a", who, { bearer: a.session_token });
    await del(t, "nothing left", "/sessions", { jar });
  },
  "logout, browser": async (t) => {
    const p = await t.person();
    const jar = await t.browser(p);
    const l = (await t.get("init", "/self-service/logout/browser", { jar })).data;
    await t.get("no token", "/self-service/logout", { jar });
    await t.get("wrong token", "/self-service/logout?token=ory_lo_wrong", { jar });
    await t.get("wrong token, html", "/self-service/logout?token=ory_lo_wrong", { jar, accept: "html" });
    await t.get("no cookie", `/self-service/logout?token=${l.logout_token}`);
    await t.get("out", `/self-service/logout?token=${l.logout_token}`, { jar, accept: "html" });
    await t.get("whoami", who, { jar });
    await t.get("twice", `/self-service/logout?token=${l.logout_token}`, { jar, accept: "html" });
  },
  "logout, spa": async (t) => {
    const p = await t.person();
    const jar = await t.browser(p);
    const l = (
      await t.get("init", "/self-service/logout/browser?return_to=http%3A%2F%2F127.0.0.1%3A4455%2Fbye", {
        jar,
        accept: "html",
      })
    ).data;
    await t.call("out", { url: l.logout_url, jar });
    await t.get("whoami", who, { jar });
  },
  "logout, return_to": async (t) => {
    const p = await t.person();
    const jar = await t.browser(p);
    await t.get("forbidden", "/self-service/logout/browser?return_to=https%3A%2F%2Fevil.example.org", { jar });
    const l = (
      await t.get("init", "/self-service/logout/browser?return_to=http%3A%2F%2F127.0.0.1%3A4455%2Fbye", { jar })
    ).data;
    await t.call("out", { url: l.logout_url, jar, accept: "html" });
  },
  "logout, the token of another session": async (t) => {
    const p = await t.person();
    const a = await t.browser(p),
      b = await t.browser(p);
    const l = (await t.call(null, { path: "/self-service/logout/browser", jar: a })).data;
    await t.get("out", `/self-service/logout?token=${l.logout_token}`, { jar: b });
    await t.get("a goes on", who, { jar: a });
  },
  "logout, no session": async (t) => {
    await t.get("json", "/self-service/logout/browser");
    await t.get("html", "/self-service/logout/browser", { accept: "html" });
    await t.get("by token", "/self-service/logout/browser", { bearer: (await t.person()).token });
  },
  "logout, native": async (t) => {
    const p = await t.person();
    const out = (label, json) => del(t, label, "/self-service/logout/api", { json });
    await out("unknown", { session_token: "ory_st_wrong" });
    await out("empty", {});
    await del(t, "no body", "/self-service/logout/api");
    await out("right", { session_token: p.token });
    await t.get("whoami", who, { bearer: p.token });
    await out("twice", { session_token: p.token });
  },
};
