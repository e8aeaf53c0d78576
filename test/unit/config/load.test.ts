import { homedir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { loadConfig } from "../../../src/config/load.ts";
import { loadText, mistakesOf, writeConfig } from "./write-config.ts";

describe("a configuration that is left out", () => {
  const { config, warnings } = loadConfig({ files: [], env: {} });

  test("listens on the usual ports, the admin port on this machine alone", () => {
    expect(config.serve.public).toMatchObject({ host: "0.0.0.0", port: 4433, base_url: "http://127.0.0.1:4433/" });
    expect(config.serve.admin).toMatchObject({ host: "127.0.0.1", port: 4434, base_url: "http://127.0.0.1:4434/" });
  });

  test("sends browsers to the built-in pages", () => {
    const { flows, default_browser_return_url } = config.selfservice;
    expect([flows.login.ui_url, flows.registration.ui_url, flows.settings.ui_url, flows.error.ui_url]).toEqual(
      ["login", "registration", "settings", "error"].map((page) => `http://127.0.0.1:4433/hosted/${page}`),
    );
    expect(default_browser_return_url).toBe("http://127.0.0.1:4433/hosted/settings");
  });

  test("has the documented lifespans, in milliseconds", () => {
    const { settings, login, registration } = config.selfservice.flows;
    const hour = 3_600_000;
    expect([settings.lifespan, settings.privileged_session_max_age, login.lifespan, registration.lifespan]).toEqual([
      hour,
      hour,
      hour,
      hour,
    ]);
    expect([config.session.lifespan, config.session.earliest_possible_extend]).toEqual([24 * hour, 24 * hour]);
  });

  test("hashes passwords with argon2 at the set that OWASP recommends, memory in KiB", () => {
    expect(config.hashers).toMatchObject({
      algorithm: "argon2",
      argon2: { memory: 19 * 1024, iterations: 2, parallelism: 1, salt_length: 16, key_length: 32 },
    });
  });

  test("limits guessing and registering, generously", () => {
    expect(config.limits).toMatchObject({
      login: {
        window: 900_000,
        per_identifier: 50,
        per_network: 500,
        per_device: 20,
        per_session: 20,
        longest_wait: 3_000,
      },
      registration: { window: 3_600_000, per_network: 1_000 },
    });
  });

  test("has a schema of its own, which is there", async () => {
    const { default: schema } = await import("../../../src/schema/default-identity.schema.json", {
      with: { type: "json" },
    });
    expect(config.identity.schemas.map(({ id }) => id)).toEqual(["default"]);
    expect(fileURLToPath(config.identity.schemas[0]?.url ?? "")).toBe(
      path.resolve("src/schema/default-identity.schema.json"),
    );
    expect(schema.properties.traits.properties.email["ory.sh/kratos"]).toEqual({
      credentials: { password: { identifier: true } },
      verification: { via: "email" },
      recovery: { via: "email" },
    });
  });

  test("sets the session cookie as clients know it", () => {
    expect(config.session.cookie).toEqual({
      name: "ory_kratos_session",
      persistent: true,
      domain: undefined,
      path: "/",
      same_site: "Lax",
      secure: undefined,
    });
  });

  test("says that its secrets are lost at the end", () => {
    expect(warnings.filter((warning) => warning.includes("secrets"))).toHaveLength(1);
  });
});

describe("existing files", () => {
  test.each([
    "selfservice:\n  methods:\n    password:\n      enabled: true\n    oidc:\n      enabled: true\n" +
      "    profile:\n      enabled: true\n  # ...\n",
    "selfservice:\n  flows:\n    settings:\n" +
      "      # Sessions older than a minute\n      privileged_session_max_age: 1m\n",
    "selfservice:\n  flows:\n    settings:\n      ui_url: http://127.0.0.1:4455/auth/settings\n",
  ])("the snippets of the documentation load (%#)", (snippet) => {
    expect(() => loadText(snippet)).not.toThrow();
  });

  test("say what they mean", () => {
    expect(
      loadText("selfservice: { flows: { settings: { privileged_session_max_age: 1m } } }").config.selfservice.flows
        .settings.privileged_session_max_age,
    ).toBe(60_000);
  });

  test("one with every method of the reference loads, and nothing of it is to come", () => {
    const { config, warnings } = loadText(`
version: v1.3.0
dsn: mysql://root@tcp(127.0.0.1:3310)/peer?parseTime=true
serve:
  public: { base_url: "http://127.0.0.1:4433/", port: 4433,
    cors: { enabled: true, allowed_origins: ["http://127.0.0.1:4455"], allow_credentials: true } }
  admin: { base_url: "http://127.0.0.1:4434/", port: 4434 }
selfservice:
  default_browser_return_url: http://127.0.0.1:4455/
  allowed_return_urls: ["http://127.0.0.1:4455", "https://*.shop.example.com/account"]
  methods:
    profile: { enabled: true }
    password: { enabled: true, config: { haveibeenpwned_enabled: false } }
    totp: { enabled: true, config: { issuer: Golden } }
    lookup_secret: { enabled: true }
    webauthn:
      enabled: true
      config: { passwordless: false, rp: { id: localhost, origins: ["http://localhost:4455"], display_name: Golden } }
    passkey:
      enabled: true
      config: { rp: { id: localhost, origins: ["http://localhost:4455"], display_name: Golden } }
    link: { enabled: false }
    code: { enabled: true }
    oidc:
      enabled: true
      config:
        providers:
          - { id: acme, provider: generic, label: Acme, client_id: golden, client_secret: golden-secret,
              issuer_url: "http://127.0.0.1:4446/", mapper_url: "base64://e30=", scope: [email] }
  flows:
    error: { ui_url: "http://127.0.0.1:4455/error" }
    settings:
      ui_url: http://127.0.0.1:4455/settings
      privileged_session_max_age: 3s
      required_aal: highest_available
      after: { profile: { hooks: [{ hook: show_verification_ui }] } }
    recovery: { enabled: true, use: code, ui_url: "http://127.0.0.1:4455/recovery" }
    verification: { enabled: true, use: code, ui_url: "http://127.0.0.1:4455/verification",
      after: { default_browser_return_url: "http://127.0.0.1:4455/" } }
    logout: { after: { default_browser_return_url: "http://127.0.0.1:4455/login" } }
    login: { ui_url: "http://127.0.0.1:4455/login", lifespan: 10m }
    registration: { style: unified, lifespan: 10m, ui_url: "http://127.0.0.1:4455/registration",
      after: { password: { hooks: [{ hook: session }] } } }
log: { level: warning, leak_sensitive_values: true }
secrets: { cookie: [golden-golden-golden-golden-golden], cipher: [32-LONG-SECRET-NOT-SECURE-AT-ALL] }
ciphers: { algorithm: xchacha20-poly1305 }
hashers: { algorithm: argon2, argon2: { memory: "16MB", iterations: 1, parallelism: 1, salt_length: 16,
    key_length: 32 } }
identity: { default_schema_id: default, schemas: [{ id: default, url: "file://./identity.schema.json" }] }
courier: { smtp: { connection_uri: "smtp://127.0.0.1:4425/?disable_starttls=true" } }
`);
    expect(config.selfservice.flows.registration).toMatchObject({
      style: "unified",
      lifespan: 600_000,
      after: { methods: { password: { hooks: [{ hook: "session" }] } } },
    });
    expect(config.selfservice.flows.settings.after.methods.profile?.hooks).toMatchObject([
      { hook: "show_verification_ui" },
    ]);
    expect(config.hashers.argon2).toEqual({
      memory: 16 * 1024,
      iterations: 1,
      parallelism: 1,
      salt_length: 16,
      key_length: 32,
    });
    expect(config.log.level).toBe("warn");
    expect(config.serve.public.cors).toMatchObject({
      enabled: true,
      allowed_origins: ["http://127.0.0.1:4455"],
      allow_credentials: true,
    });
    expect(warnings.join("\n")).not.toContain("selfservice");
    expect(warnings.join("\n")).toContain("log.leak_sensitive_values is ignored");
  });

  test("values of what is not there yet are not checked", () => {
    expect(mistakesOf("tracing: { provider: 7, service_name: [x] }")).toEqual([]);
  });

  test("ours comes without mistakes and ends other sessions after a new password", () => {
    const { config, warnings } = loadConfig({ files: ["config/ostiary.yml"], env: {}, dev: true });
    expect(warnings).toEqual([expect.stringMatching(/^dev is on/), expect.stringMatching(/^secrets/)]);
    expect(config.selfservice.flows.settings.after.methods.password?.hooks).toMatchObject([
      { hook: "revoke_active_sessions" },
    ]);
    expect(config.selfservice.flows.registration.after.methods.password?.hooks).toMatchObject([
      { hook: "session" },
      { hook: "show_verification_ui" },
    ]);
    expect(config.identity.schemas[0]?.url).toMatch(/^file:\/\/\/.*\/src\/schema\/default-identity\.schema\.json$/);
    expect(config.selfservice.flows.login.ui_url).toBe("http://127.0.0.1:4433/hosted/login");
  });

  test("codes of ours live for ten minutes, and of a file that says nothing for an hour", () => {
    const lifespanIn = (...files: readonly string[]) =>
      loadConfig({ files, env: {}, dev: true }).config.selfservice.methods.code.config.lifespan;
    expect([lifespanIn("config/ostiary.yml"), lifespanIn()]).toEqual([600_000, 3_600_000]);
  });
});

describe("several files", () => {
  test("are merged key by key, later ones win, and lists are replaced", () => {
    const files = writeConfig(
      "serve: { public: { port: 1, base_url: 'https://a.example/' } }\n" +
        "selfservice: { allowed_return_urls: [https://a.example, https://b.example] }",
      "serve: { public: { port: 2 } }\nselfservice: { allowed_return_urls: [https://c.example] }",
    );
    const { config } = loadConfig({ files, env: {} });
    expect(config.serve.public).toMatchObject({ port: 2, base_url: "https://a.example/" });
    expect(config.selfservice.allowed_return_urls).toEqual(["https://c.example"]);
  });

  test("a key without a value is not set in an entry of a list either", () => {
    const { config } = loadText(`
selfservice:
  methods:
    oidc:
      enabled: true
      config:
        providers:
          - id: google
            provider: google
            label:
            scope:
            client_id: a
            client_secret: b
            mapper_url: base64://e30=
            requested_claims: { id_token: { email: , email_verified: { essential: true } } }
  flows: { settings: { after: { password: { hooks: [{ hook: revoke_active_sessions, config: }] } } } }`);
    const [provider] = config.selfservice.methods.oidc.config.providers;
    expect(provider).toMatchObject({
      label: undefined,
      scope: undefined,
      requested_claims: { id_token: { email: null, email_verified: { essential: true } } },
    });
    expect(config.selfservice.flows.settings.after.methods.password?.hooks).toMatchObject([
      { hook: "revoke_active_sessions" },
    ]);
  });

  test("a key without a value changes nothing", () => {
    const files = writeConfig("serve: { public: { port: 7 } }", "serve: { public: { port: } }\nselfservice:\n");
    expect(loadConfig({ files, env: {} }).config.serve.public.port).toBe(7);
  });

  test("the host of a listener may be an address of IPv6, with or without brackets", () => {
    const hostOf = (host: string) => loadText(`serve: { public: { host: "${host}" } }`).config.serve.public.host;
    expect(["[::]", "::1", "[fd00::1]", "[localhost]", ""].map(hostOf)).toEqual([
      "::",
      "::1",
      "fd00::1",
      "[localhost]",
      "",
    ]);
  });

  test("relative file URLs are relative to the file that has them", () => {
    const [file = ""] = writeConfig(
      "identity: { schemas: [{ id: default, url: 'file://sub/a b.json' }, { id: b, url: 'file:///etc/b.json' }, " +
        "{ id: c, url: 'file://~/c.json' }] }",
    );
    const { config } = loadConfig({ files: [file], env: {} });
    expect(config.identity.schemas.map(({ url }) => fileURLToPath(url))).toEqual([
      path.join(path.dirname(file), "sub/a b.json"),
      "/etc/b.json",
      path.join(homedir(), "c.json"),
    ]);
  });

  test("that cannot be read or are no YAML are all named", () => {
    const [broken = ""] = writeConfig("a: [1\nb: 2");
    expect(() => loadConfig({ files: ["/nowhere.yml", broken], env: {} })).toThrow(
      /nowhere\.yml: cannot be read \(ENOENT\)[\s\S]*0\.yml:\d: is not YAML/,
    );
  });
});

describe("URLs", () => {
  test("given as a path belong to the public port", () => {
    const { selfservice } = loadText(
      "serve: { public: { base_url: 'https://id.example/auth' } }\n" +
        "selfservice: { default_browser_return_url: /home, allowed_return_urls: [/a], " +
        "flows: { login: { ui_url: /in } } }",
    ).config;
    expect([
      selfservice.default_browser_return_url,
      selfservice.allowed_return_urls[0],
      selfservice.flows.login.ui_url,
    ]).toEqual(["https://id.example/home", "https://id.example/a", "https://id.example/in"]);
    expect(selfservice.flows.error.ui_url).toBe("https://id.example/auth/hosted/error");
  });

  test("the base URL stays as it was written, for the name of the anti-CSRF cookie hangs on it", () => {
    expect(loadText("serve: { public: { base_url: 'http://LOCALHOST:80/x' } }").config.serve.public.base_url).toBe(
      "http://LOCALHOST:80/x",
    );
  });

  test("wildcards over everything or over a public suffix are left out with a warning", () => {
    const { config, warnings } = loadText(
      "selfservice: { allowed_return_urls: ['*', 'https://*', 'https://*.com', 'https://*.co.uk/', " +
        "'https://*.github.io', 'https://*.example.co.uk', 'https://a.com'] }",
    );
    expect(config.selfservice.allowed_return_urls).toEqual(["https://*.example.co.uk", "https://a.com"]);
    expect(warnings.filter((warning) => warning.startsWith("selfservice.allowed_return_urls"))).toHaveLength(5);
  });
});

describe("the older ways to say a thing", () => {
  test("enable_legacy_one_step is the unified style", () => {
    expect(
      loadText("selfservice: { flows: { registration: { enable_legacy_one_step: true } } }").config.selfservice.flows
        .registration.style,
    ).toBe("unified");
  });

  test("bcrypt is used when it is named", () => {
    expect(loadText("hashers: { algorithm: bcrypt, bcrypt: { cost: 13 } }").config.hashers).toMatchObject({
      algorithm: "bcrypt",
      bcrypt: { cost: 13 },
    });
  });

  test("dev may stand in the file", () => {
    expect(loadText("dev: true").config).toMatchObject({
      dev: true,
      serve: { public: { host: "127.0.0.1" } },
      log: { format: "text" },
    });
  });
});

describe("cookies", () => {
  test("the session cookie takes from the others what it does not say itself", () => {
    const { session } = loadText(
      "cookies: { domain: example.com, same_site: None, secure: true }\n" +
        "session: { cookie: { same_site: Strict, name: sid } }",
    ).config;
    expect(session.cookie).toEqual({
      name: "sid",
      persistent: true,
      domain: "example.com",
      path: "/",
      same_site: "Strict",
      secure: true,
    });
  });

  test("SameSite=None without Secure is a mistake, and Lax in development mode", () => {
    expect(mistakesOf("cookies: { same_site: None, secure: false }")).toEqual([
      "1 cookies.same_site: None needs secure: true, or browsers drop the cookie",
    ]);
    expect(loadText("cookies: { same_site: None }", { dev: true }).config.cookies.same_site).toBe("Lax");
    expect(loadText("cookies: { same_site: None }").config.cookies.same_site).toBe("None");
  });
});

test("credentials are never allowed for every origin", () => {
  const { config, warnings } = loadText("serve: { public: { cors: { enabled: true } } }");
  expect(config.serve.public.cors).toMatchObject({ allowed_origins: ["*"], allow_credentials: false });
  expect(warnings.join("\n")).toContain("serve.public.cors.allowed_origins");
});

test("entries of CORS origins that no browser ever sends are left out, with a word", () => {
  const entries = [
    "http://127.0.0.1:3000",
    "http://127.0.0.1:3000/*",
    "https://a.example/path",
    "https://u@a.example",
    "https://a.example?x",
  ];
  const { config, warnings } = loadText(
    `serve: { public: { cors: { enabled: true, allowed_origins: ${JSON.stringify(entries)} } } }`,
  );
  expect(config.serve.public.cors.allowed_origins).toEqual(["http://127.0.0.1:3000"]);
  const said = warnings.filter((warning) => warning.startsWith("serve.public.cors.allowed_origins["));
  expect(said).toHaveLength(4);
  expect(said[0]).toContain("http://127.0.0.1:3000/*");
  expect(mistakesOf('serve: { public: { cors: { allowed_origins: ["a.example"] } } }')).toHaveLength(1);
});

test("Connect and gRPC-Web are let through CORS unless it is said otherwise", () => {
  const { cors } = loadConfig({ files: [], env: {} }).config.serve.public;
  const has = (list: readonly string[], names: string) =>
    expect(list.map((name) => name.toLowerCase())).toEqual(expect.arrayContaining(names.split(" ")));
  has(
    cors.allowed_headers,
    "connect-protocol-version connect-timeout-ms x-grpc-web x-user-agent grpc-timeout if-match",
  );
  has(cors.exposed_headers, "grpc-status grpc-message grpc-status-details-bin etag retry-after www-authenticate");
});

describe("values that are written as texts", () => {
  test("are what they mean, where that leaves no doubt", () => {
    const { config } = loadText(`
serve: { public: { port: "8080", cors: { max_age: "60" } } }
cookies: { secure: "true", same_site: strict }
session: { cookie: { secure: "0", persistent: "False" } }
selfservice: { allowed_return_urls: https://app.example.com, methods: { password: { enabled: "f" } } }
hashers: { algorithm: BCRYPT, bcrypt: { cost: "13" } }
`);
    expect(config.serve.public).toMatchObject({ port: 8080, cors: { max_age: 60 } });
    expect(config.cookies).toMatchObject({ secure: true, same_site: "Strict" });
    expect(config.session.cookie).toMatchObject({ secure: false, persistent: false });
    expect(config.selfservice.allowed_return_urls).toEqual(["https://app.example.com"]);
    expect(config.selfservice.methods.password.enabled).toBe(false);
    expect(config.hashers).toMatchObject({ algorithm: "bcrypt", bcrypt: { cost: 13 } });
  });

  test("are mistakes where they may mean several things, or nothing", () => {
    expect(
      mistakesOf(
        "session: { lifespan: 3600 }\ncookies: { secure: maybe }\nserve: { public: { port: 0x10x } }\n" +
          "hashers: { argon2: { memory: 65536 } }",
      ),
    ).toEqual([
      "1 session.lifespan: must be a duration above zero, such as 1h30m, 10m or 500ms, not 3600",
      '2 cookies.secure: must be true or false, not "maybe"',
      '3 serve.public.port: must be a whole number, not "0x10x"',
      "4 hashers.argon2.memory: must be a size such as 19MB or 1GB, not 65536",
    ]);
  });
});

describe("dsn: memory", () => {
  test("with --dev starts the private database, and says so", () => {
    const { config, warnings } = loadText("dsn: memory", { dev: true });
    expect(config.dsn).toBeUndefined();
    expect(warnings).toContain("dsn is memory: the server starts a private database and keeps it in its data folder");
    expect(loadText("dsn: memory\ndev: true").config.dsn).toBeUndefined();
  });

  test("is a mistake otherwise, which says what to do", () => {
    expect(mistakesOf("dsn: memory")).toEqual([
      "1 dsn: must begin with mysql://: only MySQL and MariaDB are supported; leave it out, or with --dev say " +
        "memory, and the server starts a private one",
    ]);
  });

  test("gives way to the environment", () => {
    const env = { DSN: "mysql://u:p@tcp(h)/d", SECRETS_DEFAULT: "sixteen letters or more" };
    expect(loadText("dsn: memory", { dev: true, env }).config.dsn).toBe("mysql://u:p@tcp(h)/d");
  });
});

describe("dsn", () => {
  const secrets = "secrets: { default: [sixteen letters or more] }";

  test("may be a list, and a mistake in it is told with its line", () => {
    const { config } = loadText(`${secrets}\ndsn:\n  - mysql://u:p@tcp(a)/d\n  - mysql://u:p@tcp(b)/d`);
    expect(config.dsn).toEqual(["mysql://u:p@tcp(a)/d", "mysql://u:p@tcp(b)/d"]);
    expect(mistakesOf(`${secrets}\ndsn:\n  - mysql://u:p@tcp(a)/d\n  - mysql://u:hunter2@tcp(b)/d?tls=custom`)).toEqual(
      [
        "4 dsn[1]: the dsn's parameter tls must be true, false, skip-verify or preferred; an authority of your " +
          "own is named by ssl_ca",
      ],
    );
  });

  test("that cannot be read is a mistake with its line, and never repeated", () => {
    expect(mistakesOf(`${secrets}\ndsn: mysql://u:hunter2@tcp(h:0)/d`)).toEqual([
      "2 dsn: the dsn's address is not of the form host:port",
    ]);
    expect(mistakesOf(`${secrets}\ndsn: mysql://u:hunter2@tcp(h)/d?sslfoo=1`).join()).toMatch(
      /^2 dsn: the dsn's parameter sslfoo asks for/,
    );
    expect(mistakesOf(`${secrets}\ndsn: mysql://u:hunter2@tcp(h)/d?ssl_ca=/nowhere`)).toEqual([
      "2 dsn: the file that the dsn's ssl_ca names cannot be read",
    ]);
  });

  test("in the environment is one text, commas and all, or a list as JSON", () => {
    const dsnOf = (DSN: string) => loadText(secrets, { env: { DSN } }).config.dsn;
    expect(dsnOf("mysql://u:a,b@tcp(a),tcp(b)/d")).toBe("mysql://u:a,b@tcp(a),tcp(b)/d");
    expect(dsnOf('["mysql://u@tcp(a)/d", "mysql://u@tcp(b)/d"]')).toEqual(["mysql://u@tcp(a)/d", "mysql://u@tcp(b)/d"]);
  });
});
