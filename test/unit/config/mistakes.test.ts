import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { formats } from "../../../src/config/formats.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { configSchema, ownKeywords } from "../../../src/config/schema.ts";
import { mistakesOf, writeConfig } from "./write-config.ts";

test("all mistakes are told at once, each with its line and the nearest known key", () => {
  const mistakes = mistakesOf(`
selfservice:
  ui_url: http://127.0.0.1/
  flows:
    setings: {}
    login:
      lifespan: 1 hour
      after:
        password:
          hooks:
            - hook: revoke_sessions
  methods:
    pasword: { enabled: true }
    oidc: { enabld: true }
courier:
  smpt: {}
xyzzy: 1
serve:
  public:
    port: "44 33"
`);
  expect(mistakes).toEqual([
    '3 selfservice.ui_url: unknown key; did you mean "selfservice.flows.settings.ui_url"?',
    '5 selfservice.flows.setings: unknown key; did you mean "settings"?',
    '7 selfservice.flows.login.lifespan: must be a duration above zero, such as 1h30m, 10m or 500ms, not "1 hour"',
    expect.stringMatching(
      new RegExp(
        "^11 selfservice\\.flows\\.login\\.after\\.password\\.hooks\\[0\\]\\.hook: must be one of .*" +
          'not "revoke_sessions"; did you mean "revoke_active_sessions"\\?$',
      ),
    ),
    '13 selfservice.methods.pasword: unknown key; did you mean "password"?',
    '14 selfservice.methods.oidc.enabld: unknown key; did you mean "enabled"?',
    '16 courier.smpt: unknown key; did you mean "smtp"?',
    expect.stringMatching(/^17 xyzzy: unknown key; the nearest is "\w+"/),
    '20 serve.public.port: must be a whole number, not "44 33"',
  ]);
});

test.each([
  [
    "selfservice: { flows: { settings: { privileged_session_max_age: 0s } } }",
    "privileged_session_max_age: must be a duration above zero",
  ],
  [
    "selfservice: { flows: { settings: { privileged_session_max_age: -1m } } }",
    "privileged_session_max_age: must be a duration above zero",
  ],
  ["session: { lifespan: 7d }", "session.lifespan: must be a duration"],
  [
    "session: { lifespan: 3600 }",
    "session.lifespan: must be a duration above zero, such as 1h30m, 10m or 500ms, not 3600",
  ],
  ["hashers: { argon2: { memory: 65536 } }", "hashers.argon2.memory: must be a size such as 19MB or 1GB, not 65536"],
  ["identity: { schemas: [] }", "identity.schemas: must have at least 1 entry"],
  [
    "selfservice: { methods: { password: { config: { haveibeenpwned_host: '' } } } }",
    "haveibeenpwned_host: must have at least 1 character",
  ],
  ["selfservice: { flows: { login: { ui_url: login } } }", "ui_url: must be an absolute URL"],
  [
    "selfservice: { default_browser_return_url: 'javascript:alert(1)' }",
    "default_browser_return_url: must be an absolute URL",
  ],
  [
    "selfservice: { default_browser_return_url: '//evil.example' }",
    "default_browser_return_url: must be an absolute URL",
  ],
  [
    "serve: { public: { base_url: 'https://user@x.example/?a=b' } }",
    "base_url: must be an absolute http:// or https:// URL",
  ],
  ["serve: { public: { port: 70000 } }", "serve.public.port: must be <= 65535"],
  ["serve: { public: { port: 4434 } }", "serve.admin.port: is that of the public port"],
  ["serve: { public: { trusted_proxies: [10.0.0.0/99] } }", "trusted_proxies[0]: must be an address or a network"],
  ["serve: { public: { trusted_proxies: [unix] } }", "trusted_proxies: names unix, but serve.public.host is no Unix"],
  ["serve: { public: { tls: { cert: { path: cert.pem } } } }", "serve.public.tls: needs both cert and key"],
  [
    "serve: { public: { tls: { cert: { path: a.pem }, key: { path: b.pem } } } }",
    "serve.public.tls.cert.path: cannot be read",
  ],
  [
    "identity: { default_schema_id: staff, schemas: [{ id: default, url: 'file:///x' }] }",
    "default_schema_id: names no schema",
  ],
  [
    "identity: { schemas: [{ id: default, url: 'file:///x' }, { id: default, url: 'file:///y' }] }",
    'schemas[1].id: "default" is there twice',
  ],
  ["identity: { schemas: [{ id: default, url: 'identity.json' }] }", "schemas[0].url: must begin with file://"],
  ["identity: { schemas: [{ id: default }] }", "schemas[0].url: is missing"],
  ["hashers: { argon2: { memory: 19 } }", "hashers.argon2.memory: must be a size"],
  [
    "hashers: { argon2: { memory: 16KB, parallelism: 4 } }",
    "hashers.argon2.memory: must be at least 8KB for each lane",
  ],
  [
    "selfservice: { methods: { password: { config: { min_password_length: 100, max_password_length: 64 } } } }",
    "min_password_length: is more than max_password_length",
  ],
  [
    "{ security: { account_enumeration: { mitigate: true } }, selfservice: { methods: { code: { enabled: false } } } }",
    "security.account_enumeration.mitigate: needs selfservice.methods.code.enabled",
  ],
  [
    "selfservice: { methods: { code: { passwordless_enabled: true, mfa_enabled: true } } }",
    "selfservice.methods.code.mfa_enabled: cannot be on together with passwordless_enabled",
  ],
  [
    "selfservice: { flows: { recovery: { enabled: true, use: link } } }",
    "selfservice.flows.recovery.use: link needs selfservice.methods.link.enabled: true",
  ],
  [
    "selfservice: { flows: { verification: { enabled: true } }, methods: { code: { enabled: false } } }",
    "selfservice.flows.verification.use: code needs selfservice.methods.code.enabled: true",
  ],
  ["session: { cookie: { name: 'a b' } }", "session.cookie.name: must be the name of a cookie"],
  [
    "cookies: { same_site: laxx }",
    'cookies.same_site: must be one of Lax, Strict, None, not "laxx"; did you mean "Lax"?',
  ],
  ["serve: hello", 'serve: must be a map of keys, not "hello"'],
  ["[1, 2]", ": must be a map of keys"],
  ["__proto__: { dev: true }", "__proto__: unknown key"],
  ["constructor: 1", "constructor: unknown key"],
])("%s is refused", (text, mistake) => {
  const mistakes = mistakesOf(text);
  expect(mistakes).toHaveLength(mistake.includes("tls.cert.path") ? 2 : 1);
  expect(mistakes[0]).toContain(mistake);
});

test("secrets are not repeated in what is told about them", () => {
  const mistakes = mistakesOf(
    "dsn: postgres://u:hunter2@h/d\nsecrets: { default: [hunter2], cookie: hunter2, cipher: " +
      "[hunter2-hunter2-hunter2-hunter2-x] }",
  ).join("\n");
  expect(mistakes.split("\n")).toHaveLength(4);
  expect(mistakes).not.toContain("hunter2");
});

test("a mistake in a variable names the variable", () => {
  expect(mistakesOf("", { env: { SESSION_LIFESPAN: "soon", SERVE_PUBLIC_PORT: "x" } })).toEqual([
    expect.stringMatching(/^environment variable SERVE_PUBLIC_PORT serve\.public\.port: must be a whole number/),
    expect.stringMatching(/^environment variable SESSION_LIFESPAN session\.lifespan: must be a duration/),
  ]);
});

test("the message names the last file that has the key", () => {
  const files = writeConfig("session: { lifespan: 1h }", "log: {}\nsession:\n  lifespan: x");
  expect(() => loadConfig({ files, env: {} })).toThrow(/1\.yml:3: session\.lifespan/);
});

test("the schema itself is valid, to the strict rules", () => {
  const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false });
  ajv.addVocabulary([...ownKeywords]);
  for (const [name, { accepts }] of Object.entries(formats)) ajv.addFormat(name, accepts);
  expect(ajv.validateSchema(configSchema)).toBe(true);
  expect(() => ajv.compile(configSchema)).not.toThrow();
});

test.each([
  [
    "identity: { default_schema_id: a, schemas: [{ id: a, url: file://a.json, second_factor: required }] }",
    "no method sets one up",
  ],
  ["session: { trusted_devices: { lifespan: 721h } }", "must be 720h (30 days) at most"],
  [
    "identity: { default_schema_id: a, schemas: [{ id: a, url: file://a.json, second_factor_since: tomorrow }] }",
    "must be a time",
  ],
])("a rule about second factors that cannot be kept ends the start: %s", (text, says) => {
  expect(mistakesOf(text).join("\n")).toContain(says);
});

test("a flow that is off may use a method that is off", () => {
  expect(mistakesOf("selfservice: { flows: { recovery: { use: link }, verification: { use: link } } }")).toEqual([]);
});
