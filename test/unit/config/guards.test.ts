import { expect, test } from "vitest";
import { loadText, mistakesOf } from "./write-config.ts";

const flows = (text: string) => `selfservice:\n  flows:\n    ${text}`;
const webHook = (more: string) =>
  `{ hook: web_hook, config: { url: "https://hooks.example.com/", method: POST${more} } }`;

test.each([
  ["selfservice: { methods: { captcha: { enabled: true } } }", "selfservice.methods.captcha.enabled: is not there yet"],
  [
    "selfservice: { methods: { saml: { enabled: true } } }",
    "selfservice.methods.saml.enabled: is not there yet: people who sign in by SAML alone could not",
  ],
  [
    "selfservice: { methods: { deviceauthn: { enabled: true } } }",
    "selfservice.methods.deviceauthn.enabled: is not there yet: people whose devices sign in for them could not",
  ],
  [
    "selfservice: { methods: { b2b: { config: { organizations: [{ id: x }] } } } }",
    "b2b.config.organizations: is not there yet",
  ],
  ["organizations: [{ id: x }]", "1 organizations: is not there yet"],
  [
    "oauth2_provider: { url: 'https://hydra.example.com/' }",
    "1 oauth2_provider.url: is not there yet: people whom an OAuth2 server sends here would sign in, and " +
      "never come back",
  ],
  [
    flows("settings: { after: { profile: { hooks: [{ hook: verify_new_address }] } } }"),
    "after.profile.hooks[0]: the hook verify_new_address needs selfservice.flows.verification.enabled",
  ],
])("a guard that is not there ends the start: %s", (text, mistake) => {
  const mistakes = mistakesOf(text);
  expect(mistakes).toHaveLength(1);
  expect(mistakes[0]).toContain(mistake);
  expect(mistakes[0]).toMatch(/Take it out to start without it$/);
});

test.each([
  "security: { account_enumeration: { mitigate: false } }",
  "clients: { http: { disallow_private_ip_ranges: true }, smtp: { disallow_private_ip_ranges: true } }",
  "selfservice: { methods: { code: { enabled: false, mfa_enabled: true }, b2b: { config: { organizations: [] } } } }",
  "selfservice: { methods: { saml: { enabled: false }, deviceauthn: { enabled: false } } }",
  "organizations: []",
  "oauth2_provider: { override_return_to: true, headers: { X-Key: a } }",
  flows(`settings: { after: { hooks: [${webHook(", response: { ignore: true }, can_interrupt: false")}] } }`),
  flows(
    `login: { after: { password: { hooks: [${webHook(", response: { parse: false }")}, { hook: ` +
      "show_verification_ui }] } } }",
  ),
  flows(`registration: { before: { hooks: [${webHook("")}] } }`),
  flows(`settings: { after: { hooks: [${webHook(", can_interrupt: true")}] } }`),
  flows(
    "{ verification: { enabled: true }, settings: { after: { profile: { hooks: [{ hook: verify_new_address }] } } } }",
  ),
  flows("login: { before: { hooks: [{ hook: organization }] } }"),
  flows("login: { after: { saml: { hooks: [{ hook: require_verified_address }] } } }"),
  flows(
    `recovery: { before: { hooks: [${webHook("")}] }, after: { hooks: [${webHook(", response: { parse: true }")}] } }`,
  ),
])("what guards nothing, or is switched off, does not: %s", (text) => {
  expect(mistakesOf(text)).toEqual([]);
});

test("keys of the reference's newest release are accepted and named in the warning", () => {
  for (const [text, named] of [
    ["security: { disallow_ref_in_identity_schemas: true }", "security.disallow_ref_in_identity_schemas"],
    ["enterprise: { identity_schema_fallback_url_template: 'https://example.com/x' }", "enterprise"],
    [
      "selfservice: { flows: { login: { before: { hooks: [{ hook: organization }] } } } }",
      "selfservice.flows.login.before.hooks (organization)",
    ],
  ] as const) {
    const [warning] = loadText(text).warnings;
    expect(warning).toContain("not there yet");
    expect(warning).toContain(named);
  }
  expect(loadText("security: { csrf: { enabled: true } }").warnings.join("\n")).toContain(
    "security.csrf is no key of this server",
  );
});

test("a start with tracing says that it is not there", () => {
  const { warnings } = loadText("tracing: { provider: otel, providers: { otlp: { server_url: 'localhost:4318' } } }");
  expect(warnings[0]).toMatch(/^tracing is set, and is not there: no trace is sent anywhere/);
  expect(warnings.join("\n")).not.toContain("These keys are accepted");
});
