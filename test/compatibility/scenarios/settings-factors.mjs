// Second factors and passkeys.
const enrol = async (t, p, label) => {
  const f = await t.settings("api", p.token);
  const secret = t.node(f, "totp_secret_key").attributes.text.text;
  const r = await t.post(label, f.ui.action, { bearer: p.token, json: { method: "totp", totp_code: t.totp(secret) } });
  return { secret, f, r };
};
export const scenarios = {
  "totp: wrong code, then right, then removed": async (t) => {
    const p = await t.person();
    const f = await t.settings("api", p.token);
    await t.post("none", f.ui.action, { bearer: p.token, json: { method: "totp" } });
    await t.post("wrong", f.ui.action, { bearer: p.token, json: { method: "totp", totp_code: "000000" } });
    await t.post("right", f.ui.action, {
      bearer: p.token,
      json: { method: "totp", totp_code: t.totp(t.node(f, "totp_secret_key").attributes.text.text) },
    });
    await t.get("whoami", "/sessions/whoami", { bearer: p.token });
    const g = await t.settings("api", p.token);
    await t.post("remove", g.ui.action, { bearer: p.token, json: { method: "totp", totp_unlink: true } });
  },
  "totp: another session must step up": async (t) => {
    const p = await t.person();
    const jar = await t.browser(p);
    const { secret } = await enrol(t, p);
    await t.get("spa", "/self-service/settings/browser", { jar });
    await t.get("browser", "/self-service/settings/browser", { jar, accept: "html" });
    await t.get("whoami", "/sessions/whoami", { jar });
    const l = await t.get("login init", "/self-service/login/browser?aal=aal2", { jar });
    await t.post("wrong code", l.data.ui.action, {
      jar,
      json: { method: "totp", totp_code: "000000", csrf_token: t.csrf(l.data) },
    });
    await t.post("code", l.data.ui.action, {
      jar,
      json: { method: "totp", totp_code: t.totp(secret), csrf_token: t.csrf(l.data) },
    });
    await t.get("spa again", "/self-service/settings/browser", { jar });
  },
  "totp: old session": async (t) => {
    const p = await t.person();
    const f = await t.settings("api", p.token);
    await t.grow_old();
    await t.post("submit", f.ui.action, {
      bearer: p.token,
      json: { method: "totp", totp_code: t.totp(t.node(f, "totp_secret_key").attributes.text.text) },
    });
  },
  "backup codes: made, confirmed, shown, disabled": async (t) => {
    const p = await t.person();
    let f = await t.settings("api", p.token);
    const put = (label, key) =>
      t.post(label, f.ui.action, { bearer: p.token, json: { method: "lookup_secret", [key]: true } });
    await put("confirm before making", "lookup_secret_confirm");
    await put("reveal without any", "lookup_secret_reveal");
    await put("make", "lookup_secret_regenerate");
    await put("confirm", "lookup_secret_confirm");
    f = await t.settings("api", p.token);
    await put("reveal", "lookup_secret_reveal");
    await put("disable", "lookup_secret_disable");
  },
  "security keys: nodes and errors, spa": async (t) => {
    const p = await t.person();
    const jar = await t.browser(p);
    const f = (await t.get("init", "/self-service/settings/browser", { jar })).data;
    const put = (label, json) => t.post(label, f.ui.action, { jar, json: { csrf_token: t.csrf(f), ...json } });
    await put("no name", { method: "webauthn", webauthn_register: "{}" });
    await put("not a response", {
      method: "webauthn",
      webauthn_register: '{"id":"x"}',
      webauthn_register_displayname: "key",
    });
    await put("remove unknown", { method: "webauthn", webauthn_remove: "00ff" });
    await put("passkey, not a response", { method: "passkey", passkey_settings_register: '{"id":"x"}' });
    await put("passkey, remove unknown", { method: "passkey", passkey_remove: "00ff" });
  },
};
