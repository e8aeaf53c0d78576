import { describe, expect, test } from "vitest";
import { listKeys } from "../../../scripts/generate-config-docs.ts";
import { kratosKeys, pathOfKey, takesValue } from "../../../scripts/generate-kratos-keys-docs.ts";
import { readEnvironment } from "../../../src/config/environment.ts";
import { printPath } from "../../../src/config/tree.ts";
import { loadText } from "./write-config.ts";

const load = (env: Record<string, string>, text = "") => loadText(text, { env }).config;

describe("environment variables", () => {
  test("override every key that takes a value", () => {
    const keys = listKeys().filter(({ node }) => node["x-env"] !== false && node.type !== "object");
    expect(keys.length).toBeGreaterThan(150);
    for (const { name, node } of keys) {
      const variable = name.toUpperCase().replaceAll("[].", ".0.").replaceAll(/[.-]/g, "_");
      const [text, value] = { integer: ["5", 5], number: ["5", 5], boolean: ["true", true], array: ['["a"]', ["a"]] }[
        String(node.type)
      ] ?? ["5", "5"];
      const path = name
        .replaceAll("[]", ".0")
        .split(".")
        .map((part) => (part === "0" ? 0 : part));
      expect(readEnvironment({ [variable]: text as string })).toEqual([{ variable, path, value }]);
    }
  });

  test("override every key of Ory Kratos, those of hooks and templates too", () => {
    // Any program may have a VERSION; `help` and `config` are flags of the command line.
    const flags = ["version", "help", "config[]"];
    const keys = kratosKeys.filter((key) => takesValue(key) && !key.includes("*") && !flags.includes(key));
    expect(keys.length).toBeGreaterThan(300);
    const unset = keys.filter((key) => {
      const variable = key.toUpperCase().replaceAll("[]", "_0").replaceAll(/[.-]/g, "_");
      const [found] = readEnvironment({ [variable]: "5" }).concat(readEnvironment({ [variable]: "{}" }));
      return printPath(found?.path ?? []) !== printPath(pathOfKey(key));
    });
    expect(unset).toEqual([]);
  });

  test("set what a hook of the file leaves open, with its type", () => {
    const text =
      "selfservice: { flows: { login: { after: { hooks: [{ hook: web_hook, config: { method: GET } }] } } } }";
    const at = "SELFSERVICE_FLOWS_LOGIN_AFTER_HOOKS_0_CONFIG";
    const variables = {
      [`${at}_URL`]: "https://example.com/hook",
      [`${at}_CAN_INTERRUPT`]: "true",
      [`${at}_AUTH`]: '{"type":"api_key","config":{"name":"X-Key","in":"header"}}',
      [`${at}_AUTH_CONFIG_VALUE`]: "12345",
      [`${at}_HEADERS`]: '{"X-Tenant":"5"}',
    };
    expect(load(variables, text).selfservice.flows.login.after.hooks[0]?.config).toEqual({
      method: "GET",
      url: "https://example.com/hook",
      can_interrupt: true,
      auth: { type: "api_key", config: { name: "X-Key", in: "header", value: "12345" } },
      headers: { "X-Tenant": "5" },
    });
  });

  test("set the keys that a map of the file has, whatever their names", () => {
    const text = `
session: { whoami: { tokenizer: { templates: { my-app: { ttl: 10m, claims_mapper_url: base64://e30= } } } } }
courier:
  delivery_strategy: http
  http: { request_config: { url: "https://mail.example.com/", headers: { X-Api-Key: REPLACE } } }
`;
    const config = load(
      {
        SESSION_WHOAMI_TOKENIZER_TEMPLATES_MY_APP_JWKS_URL: "base64://e30=",
        SESSION_WHOAMI_TOKENIZER_TEMPLATES_OTHER_JWKS_URL: "base64://e30=",
        COURIER_HTTP_REQUEST_CONFIG_HEADERS_X_API_KEY: "secret",
      },
      text,
    );
    expect(config.session.whoami.tokenizer).toMatchObject({ "my-app": { jwks_url: "base64://e30=" } });
    expect(Object.keys(config.session.whoami.tokenizer)).toEqual(["my-app"]);
    expect(config.courier.http?.headers).toEqual({ "X-Api-Key": "secret" });
  });

  test("win over the file", () => {
    expect(load({ SERVE_PUBLIC_PORT: "8080" }, "serve: { public: { port: 80 } }").serve.public.port).toBe(8080);
  });

  test("give texts, numbers, switches and durations their type", () => {
    const config = load({
      DSN: "mysql://x@tcp(h)/d",
      SECRETS_COOKIE: "sixteen letters or more",
      SERVE_ADMIN_PORT: "1",
      SELFSERVICE_FLOWS_REGISTRATION_ENABLED: "false",
      SELFSERVICE_FLOWS_SETTINGS_PRIVILEGED_SESSION_MAX_AGE: "5m",
    });
    expect(config.dsn).toBe("mysql://x@tcp(h)/d");
    expect(config.serve.admin.port).toBe(1);
    expect(config.selfservice.flows.registration.enabled).toBe(false);
    expect(config.selfservice.flows.settings.privileged_session_max_age).toBe(300_000);
  });

  test("keep texts that look like numbers", () => {
    expect(load({ SESSION_COOKIE_NAME: "007" }).session.cookie.name).toBe("007");
  });

  test("set lists by commas, by JSON and by position", () => {
    const urls = (env: Record<string, string>) =>
      load(env, "selfservice: { allowed_return_urls: [https://a.example, https://b.example] }").selfservice
        .allowed_return_urls;
    expect(urls({ SELFSERVICE_ALLOWED_RETURN_URLS: "https://c.example, https://d.example" })).toEqual([
      "https://c.example",
      "https://d.example",
    ]);
    expect(urls({ SELFSERVICE_ALLOWED_RETURN_URLS: '["https://c.example"]' })).toEqual(["https://c.example"]);
    expect(urls({ SELFSERVICE_ALLOWED_RETURN_URLS_1: "https://c.example" })).toEqual([
      "https://a.example",
      "https://c.example",
    ]);
    expect(
      urls({
        SELFSERVICE_ALLOWED_RETURN_URLS_0: "https://d.example",
        SELFSERVICE_ALLOWED_RETURN_URLS: "https://c.example",
      }),
    ).toEqual(["https://d.example"]);
  });

  test("set lists of maps, whole or key by key", () => {
    const whole = load({ IDENTITY_SCHEMAS: '[{"id":"default","url":"file:///a.json"}]' });
    const single = load({
      IDENTITY_SCHEMAS_0_ID: "default",
      IDENTITY_SCHEMAS_0_URL: "file:///a.json",
      IDENTITY_SCHEMAS_0_SELFSERVICE_SELECTABLE: "true",
    });
    expect(whole.identity.schemas).toEqual([{ id: "default", url: "file:///a.json", selfservice_selectable: false }]);
    expect(single.identity.schemas).toEqual([{ id: "default", url: "file:///a.json", selfservice_selectable: true }]);
  });

  test("set hooks and secrets", () => {
    const config = load({
      SELFSERVICE_FLOWS_SETTINGS_AFTER_PASSWORD_HOOKS: '[{"hook":"revoke_active_sessions"}]',
      SECRETS_COOKIE: "sixteen-characters-1,sixteen-characters-2",
    });
    expect(config.selfservice.flows.settings.after.methods.password?.hooks).toMatchObject([
      { hook: "revoke_active_sessions" },
    ]);
    expect(config.secrets.cookie).toEqual(["sixteen-characters-1", "sixteen-characters-2"]);
  });

  test("that are empty, somebody else's, or of the command line are left alone", () => {
    expect(
      readEnvironment({
        DSN: "",
        PATH: "/bin",
        SESSION: "gnome",
        DATABASE: "prod",
        VERSION: "12",
        HELP: "true",
        dsn: "mysql://x",
        SERVE: "yes",
        LOG_LEVELS: "x",
        SERVE_PUBLIC: "x",
      }),
    ).toEqual([]);
  });

  test("a gap in a list is a mistake, not an empty entry", () => {
    expect(() => load({ SELFSERVICE_ALLOWED_RETURN_URLS_1: "https://c.example" })).toThrow(/allowed_return_urls\[0\]/);
  });
});
