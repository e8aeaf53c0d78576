// What operators do.
const ids = "/admin/identities";
const a = (t, label, method, path, json) =>
  t.call(label, { method, path, admin: true, ...(json !== undefined && { json }) });
const nobody = "6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99";
const make = async (t, who = "ann", more = {}) =>
  (await a(t, null, "POST", ids, { schema_id: "default", traits: { email: t.email(who) }, ...more })).data;
const login = async (t, label, identifier, password) => {
  const l = (await t.call(null, { path: "/self-service/login/api" })).data;
  return (await t.post(label, l.ui.action, { json: { method: "password", identifier, password } })).data;
};
const bcrypt = "$2a$10$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq";
export const scenarios = {
  create: async (t) => {
    const i = (
      await a(t, "submit", "POST", ids, {
        schema_id: "default",
        traits: { email: t.email(), name: { first: "Ann" }, age: 30, newsletter: false, tags: ["a", "b"] },
        metadata_public: { plan: "x" },
        metadata_admin: { note: ["y"] },
        external_id: `ext-${t.run}`,
      })
    ).data;
    await a(t, "get", "GET", `${ids}/${i.id}`);
    await a(t, "by external id", "GET", `${ids}/by/external/ext-${t.run}`);
    await a(t, "by an unknown external id", "GET", `${ids}/by/external/none-${t.run}`);
  },
  "create with a password": async (t) => {
    const i = (
      await a(t, "submit", "POST", ids, {
        schema_id: "default",
        traits: { email: t.email() },
        credentials: { password: { config: { password: "a given secret 9" } } },
        state: "active",
      })
    ).data;
    await a(t, "with credentials", "GET", `${ids}/${i.id}?include_credential=password`);
    await login(t, "log in", t.email(), "a given secret 9");
  },
  "import a bcrypt hash": async (t) => {
    await a(t, "submit", "POST", ids, {
      schema_id: "default",
      traits: { email: t.email() },
      credentials: { password: { config: { hashed_password: bcrypt } } },
    });
    await login(t, "wrong", t.email(), "not it");
    await login(t, "log in", t.email(), "123456");
  },
  "import an argon2 hash and a hash nobody knows": async (t) => {
    const argon = "$argon2id$v=19$m=16,t=2,p=1$bVI1aE1SaTV6SGQ3bzdXdw$fnjCcZYmEPOUOjYXsT92Cg";
    await a(t, "argon2", "POST", ids, {
      schema_id: "default",
      traits: { email: t.email() },
      credentials: { password: { config: { hashed_password: argon } } },
    });
    await login(t, "log in", t.email(), "123456");
    await a(t, "unknown", "POST", ids, {
      schema_id: "default",
      traits: { email: t.email("bob") },
      credentials: { password: { config: { hashed_password: "plain" } } },
    });
  },
  "import a provider link": async (t) => {
    const i = (
      await a(t, "submit", "POST", ids, {
        schema_id: "default",
        traits: { email: t.email() },
        credentials: { oidc: { config: { providers: [{ provider: "acme", subject: `sub-${t.run}` }] } } },
      })
    ).data;
    await a(t, "with credentials", "GET", `${ids}/${i.id}?include_credential=oidc`);
    await a(t, "taken", "POST", ids, {
      schema_id: "default",
      traits: { email: t.email("bob") },
      credentials: { oidc: { config: { providers: [{ provider: "acme", subject: `sub-${t.run}` }] } } },
    });
  },
  "create with addresses that are proven": async (t) => {
    const i = await make(t, "ann", {
      verifiable_addresses: [{ value: t.email(), verified: true, via: "email", status: "completed" }],
      recovery_addresses: [{ value: t.email(), via: "email" }],
    });
    await a(t, "get", "GET", `${ids}/${i.id}`);
  },
  "create, refused": async (t) => {
    await make(t, "bob");
    const put = (label, json) => a(t, label, "POST", ids, json);
    await put("taken", { schema_id: "default", traits: { email: t.email("bob") } });
    await put("not an email", { schema_id: "default", traits: { email: "x" } });
    await put("no address", { schema_id: "default", traits: {} });
    await put("no traits", { schema_id: "default" });
    await put("unknown trait", { schema_id: "default", traits: { email: t.email(), admin: true } });
    await put("unknown schema", { schema_id: "other", traits: { email: t.email() } });
    await put("unknown key", { schema_id: "default", traits: { email: t.email() }, role: "x" });
    await put("unknown state", { schema_id: "default", traits: { email: t.email() }, state: "asleep" });
    await t.call("not json", { method: "POST", path: ids, admin: true, text: "{", type: "application/json" });
    await t.call("a form", { method: "POST", path: ids, admin: true, form: { schema_id: "default" } });
  },
  "create without a schema": async (t) => {
    await a(t, "submit", "POST", ids, { traits: { email: t.email() } });
  },
  get: async (t) => {
    const p = await t.person();
    await a(t, "plain", "GET", `${ids}/${p.identity.id}`);
    await a(t, "without the prefix", "GET", `/identities/${p.identity.id}`);
    await a(t, "one credential", "GET", `${ids}/${p.identity.id}?include_credential=password`);
    await a(t, "two credentials", "GET", `${ids}/${p.identity.id}?include_credential=password&include_credential=totp`);
    await a(t, "unknown credential", "GET", `${ids}/${p.identity.id}?include_credential=magic`);
    await a(t, "unknown", "GET", `${ids}/${nobody}`);
    await a(t, "malformed", "GET", `${ids}/x`);
  },
  list: async (t) => {
    const p = await t.person();
    const q = await make(t, "bob");
    await a(t, "by identifier", "GET", `${ids}?credentials_identifier=${encodeURIComponent(p.email)}`);
    await a(
      t,
      "by identifier in capitals",
      "GET",
      `${ids}?credentials_identifier=${encodeURIComponent(p.email.toUpperCase())}`,
    );
    await a(
      t,
      "by unknown identifier",
      "GET",
      `${ids}?credentials_identifier=${encodeURIComponent(t.email("nobody"))}`,
    );
    await a(t, "by id", "GET", `${ids}?ids=${q.id}&ids=${nobody}`);
    await a(t, "with credentials", "GET", `${ids}?ids=${p.identity.id}&include_credential=password`);
    await a(t, "two filters", "GET", `${ids}?ids=${q.id}&credentials_identifier=x`);
    await a(t, "malformed page size", "GET", `${ids}?page_size=x&ids=${q.id}`);
    await a(t, "malformed token", "GET", `${ids}?page_token=x&ids=${q.id}`);
    await t.get("on the public port", ids, { accept: "html" });
  },
  put: async (t) => {
    const p = await t.person("ann", { name: { first: "Ann" } });
    const at = `${ids}/${p.identity.id}`;
    await a(t, "traits and metadata", "PUT", at, {
      schema_id: "default",
      state: "active",
      traits: { email: p.email, age: 44 },
      metadata_public: { a: 1 },
      metadata_admin: { b: 2 },
    });
    await a(t, "metadata left out", "PUT", at, { schema_id: "default", state: "active", traits: { email: p.email } });
    await a(t, "another address", "PUT", at, {
      schema_id: "default",
      state: "active",
      traits: { email: t.email("anna") },
    });
    await a(t, "inactive", "PUT", at, { schema_id: "default", state: "inactive", traits: { email: t.email("anna") } });
    await t.get("the session", "/sessions/whoami", { bearer: p.token });
    await a(t, "no state", "PUT", at, { schema_id: "default", traits: { email: t.email("anna") } });
    await a(t, "bad traits", "PUT", at, { schema_id: "default", state: "active", traits: { email: "x" } });
    await a(t, "unknown", "PUT", `${ids}/${nobody}`, {
      schema_id: "default",
      state: "active",
      traits: { email: t.email("eve") },
    });
  },
  "put, an address that is taken": async (t) => {
    await make(t, "bob");
    const p = await make(t);
    await a(t, "submit", "PUT", `${ids}/${p.id}`, {
      schema_id: "default",
      state: "active",
      traits: { email: t.email("bob") },
    });
  },
  "put, a new password": async (t) => {
    const p = await t.person();
    await a(t, "submit", "PUT", `${ids}/${p.identity.id}`, {
      schema_id: "default",
      state: "active",
      traits: { email: p.email },
      credentials: { password: { config: { password: "a given secret 9" } } },
    });
    await login(t, "old", p.email, p.password);
    await login(t, "new", p.email, "a given secret 9");
  },
  "json patch": async (t) => {
    const p = await t.person("ann", { name: { first: "Ann" } });
    const at = `${ids}/${p.identity.id}`;
    const put = (label, ops, path = at) => a(t, label, "PATCH", path, ops);
    await put("traits", [
      { op: "replace", path: "/traits/name/first", value: "Anna" },
      { op: "add", path: "/traits/age", value: 30 },
    ]);
    await put("metadata", [
      { op: "add", path: "/metadata_public", value: { a: 1 } },
      { op: "add", path: "/metadata_admin", value: { b: [1] } },
    ]);
    await put("remove", [{ op: "remove", path: "/traits/name" }]);
    await put("state", [{ op: "replace", path: "/state", value: "inactive" }]);
    await put("a failing test", [{ op: "test", path: "/traits/age", value: 31 }]);
    await put("bad traits", [{ op: "replace", path: "/traits/age", value: 3 }]);
    await put("the id", [{ op: "replace", path: "/id", value: nobody }]);
    await put("credentials", [{ op: "remove", path: "/credentials" }]);
    await put("missing path", [{ op: "remove", path: "/traits/nothing" }]);
    await put("not a patch", { state: "active" });
    await put("unknown", [{ op: "replace", path: "/state", value: "inactive" }], `${ids}/${nobody}`);
  },
  delete: async (t) => {
    const p = await t.person();
    await a(t, "submit", "DELETE", `${ids}/${p.identity.id}`);
    await a(t, "get", "GET", `${ids}/${p.identity.id}`);
    await a(t, "twice", "DELETE", `${ids}/${p.identity.id}`);
    await t.get("the session", "/sessions/whoami", { bearer: p.token });
    await login(t, "log in", p.email, p.password);
    await a(t, "malformed", "DELETE", `${ids}/x`);
  },
  "delete a credential": async (t) => {
    const p = await t.person();
    const at = `${ids}/${p.identity.id}/credentials`;
    const f = await t.settings("api", p.token);
    await t.call(null, {
      method: "POST",
      url: f.ui.action,
      bearer: p.token,
      json: { method: "totp", totp_code: t.totp(t.node(f, "totp_secret_key").attributes.text.text) },
    });
    await a(t, "totp", "DELETE", `${at}/totp`);
    await a(t, "totp again", "DELETE", `${at}/totp`);
    await a(t, "the last first factor", "DELETE", `${at}/password`);
    await a(t, "none of this kind", "DELETE", `${at}/lookup_secret`);
    await a(t, "unknown kind", "DELETE", `${at}/magic`);
    await a(t, "unknown person", "DELETE", `${ids}/${nobody}/credentials/totp`);
    await t.get("settings", "/self-service/settings/api", { bearer: p.token });
  },
  "sessions of a person": async (t) => {
    const p = await t.person();
    await t.sleep(1100);
    const second = await login(t, null, p.email, p.password);
    const at = `${ids}/${p.identity.id}/sessions`;
    await a(t, "list", "GET", at);
    await a(t, "page", "GET", `${at}?page_size=1`);
    await a(t, "active", "GET", `${at}?active=true`);
    await a(t, "inactive", "GET", `${at}?active=false`);
    await a(t, "unknown person", "GET", `${ids}/${nobody}/sessions`);
    await a(t, "delete all", "DELETE", at);
    await t.get("the session", "/sessions/whoami", { bearer: second.session_token });
    await a(t, "list again", "GET", at);
    await a(t, "delete again", "DELETE", at);
  },
  "one session": async (t) => {
    const p = await t.person();
    const at = `/admin/sessions/${p.session.id}`;
    await a(t, "get", "GET", at);
    await a(t, "with both", "GET", `${at}?expand=identity&expand=devices`);
    await a(t, "with something else", "GET", `${at}?expand=magic`);
    await a(t, "extend", "PATCH", `${at}/extend`);
    await a(t, "disable", "DELETE", at);
    await t.get("whoami", "/sessions/whoami", { bearer: p.token });
    await a(t, "get the disabled", "GET", at);
    await a(t, "disable again", "DELETE", at);
    await a(t, "get unknown", "GET", `/admin/sessions/${nobody}`);
    await a(t, "extend unknown", "PATCH", `/admin/sessions/${nobody}/extend`);
    await a(t, "get malformed", "GET", "/admin/sessions/x");
  },
  "recovery code": async (t) => {
    const i = await make(t);
    await a(t, "browser", "POST", "/admin/recovery/code", { identity_id: i.id, expires_in: "30m" });
    await a(t, "api", "POST", "/admin/recovery/code", { identity_id: i.id, flow_type: "api" });
    await a(t, "unknown person", "POST", "/admin/recovery/code", { identity_id: nobody });
    await a(t, "bad duration", "POST", "/admin/recovery/code", { identity_id: i.id, expires_in: "soon" });
    await a(t, "negative duration", "POST", "/admin/recovery/code", { identity_id: i.id, expires_in: "-1h" });
    await a(t, "nobody", "POST", "/admin/recovery/code", {});
  },
  "recovery code, used": async (t) => {
    const i = await make(t);
    const jar = t.jar();
    const r = (await a(t, null, "POST", "/admin/recovery/code", { identity_id: i.id })).data;
    t.norm.hide(r.recovery_code, "code");
    const id = new URL(r.recovery_link).searchParams.get("flow");
    await t.get("open", `/self-service/recovery/flows?id=${id}`, { jar });
    await t.post("submit", `/self-service/recovery?flow=${id}`, {
      jar,
      accept: "html",
      form: { method: "code", code: r.recovery_code },
    });
    await t.get("whoami", "/sessions/whoami", { jar });
  },
  "recovery link is off": async (t) => {
    const i = await make(t);
    await a(t, "submit", "POST", "/admin/recovery/link", { identity_id: i.id });
  },
  mails: async (t) => {
    const p = await t.person();
    await t.mailbox.wait(p.email);
    await t.sleep(1500);
    const r = await a(t, "of a person", "GET", `/admin/courier/messages?recipient=${encodeURIComponent(p.email)}`);
    await a(t, "one", "GET", `/admin/courier/messages/${r.data[0].id}`);
    await a(t, "sent", "GET", `/admin/courier/messages?recipient=${encodeURIComponent(p.email)}&status=sent`);
    await a(t, "queued", "GET", `/admin/courier/messages?recipient=${encodeURIComponent(p.email)}&status=queued`);
    await a(t, "unknown status", "GET", "/admin/courier/messages?status=magic");
    await a(t, "to nobody", "GET", `/admin/courier/messages?recipient=${encodeURIComponent(t.email("nobody"))}`);
    await a(t, "unknown", "GET", `/admin/courier/messages/${nobody}`);
    await a(t, "malformed", "GET", "/admin/courier/messages/x");
  },
  "many at once": async (t) => {
    const one = (who, more) => ({ create: { schema_id: "default", traits: { email: t.email(who) }, ...more } });
    await a(t, "two", "PATCH", ids, {
      identities: [
        { ...one("ann"), patch_id: "11111111-1111-4111-8111-111111111111" },
        one("bob", { metadata_public: { n: 2 } }),
      ],
    });
    await a(t, "one is taken", "PATCH", ids, {
      identities: [{ ...one("ann"), patch_id: "22222222-2222-4222-8222-222222222222" }, one("cy")],
    });
    await a(t, "one does not fit", "PATCH", ids, {
      identities: [one("dan"), { create: { schema_id: "default", traits: { email: "x" } } }],
    });
    await a(t, "none", "PATCH", ids, { identities: [] });
  },
};
