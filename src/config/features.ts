import { isMap, type Path, printPath, type Raw } from "./tree.ts";

/*
 * What the server does not do yet. Keys of Ory Kratos that belong to it are
 * accepted, so that an existing configuration loads, and named in one warning.
 * Building a feature means taking its line out here; from then on schema.json
 * is held against its keys in full.
 */

/** Methods without a folder in `methods/`, and what is missing. Each stands for its section and its `after` parts. */
const methods: Readonly<Record<string, string>> = {
  b2b: "there are no organizations",
  captcha: "nothing tells programs from people but limits",
  deviceauthn: "devices do not sign in for people",
  saml: "providers speak OpenID Connect or OAuth",
};

/** Hooks without a file in `hooks/`. They are removed from the lists they stand in. */
const hooks = ["b2b_sso", "organization"];

/** Everything else, by path, and why it has no effect; `*` is any key. */
const others: Readonly<Record<string, string>> = {
  config: "the command line says it",
  enterprise: "not in the open reference either: a schema that is not configured ends what needs it",
  "expose-metrics-port": "metrics are on the admin port; on another one whoever reads them finds nothing",
  "feature_flags.legacy_allow_insecure_origins": "no other origin than without it is let in",
  "feature_flags.legacy_oidc_registration_node_group": "fields are in the group of its default, where pages show them",
  "feature_flags.legacy_require_verified_login_error":
    "who is not verified is let in no more than with it; the answer is that of its default",
  "feature_flags.password_profile_registration_node_group":
    "fields are in the group of its default, where pages show them",
  "feature_flags.refresh_login_choose_address": "people get the code at the address of its default",
  "hashers.argon2.dedicated_memory": "only advises; hashes cost what the other keys say",
  "hashers.argon2.expected_deviation": "only advises; hashes cost what the other keys say",
  "hashers.argon2.expected_duration": "only advises; hashes cost what the other keys say",
  help: "the command line says it",
  "log.additional_redacted_headers": "headers are not logged",
  "log.redaction_text": "secrets are left out of the log altogether",
  oauth2_provider: "says nothing without its url, which ends the start",
  organizations: "not in the open reference either",
  preview: "every read is consistent",
  profiling: "there is no profiler",
  revision: "it is not shown",
  "security.disallow_ref_in_identity_schemas": "identity schemas never read others",
  "serve.public.cors.debug": "nothing more is logged",
  "serve.public.cors.options_passthrough": "preflights are always answered: nothing else is there to answer them",
  "sqa-opt-out": "nothing is reported to anybody",
  tracing: "traces are not sent, and the start says so; figures are at /metrics/prometheus",
  "watch-courier": "every node sends messages",
};

/** Every part of the configuration that has no effect, by pattern, and why. */
const reasons: Readonly<Record<string, string>> = {
  ...others,
  ...Object.fromEntries(
    Object.entries(methods).flatMap(([method, reason]) => [
      [`selfservice.methods.${method}`, reason],
      [`selfservice.flows.*.after.${method}`, reason],
    ]),
  ),
};

/**
 * Keys that are checked like any other and have no effect, by pattern, and why. Nobody who sets them counts on
 * anything, so that no warning names them.
 */
const withoutEffect: Readonly<Record<string, string>> = {
  "courier.channels.*.request_config.emit_analytics_event": "nothing is reported to anybody",
  "courier.http.request_config.emit_analytics_event": "nothing is reported to anybody",
  "log.leak_sensitive_values": "secrets are never logged; a warning says so",
  "selfservice.flows.*.*.*.hooks.*.config.emit_analytics_event": "nothing is reported to anybody",
  "selfservice.flows.*.*.hooks.*.config.emit_analytics_event": "nothing is reported to anybody",
  "selfservice.methods.oidc.config.providers.*.fedcm_config_url": "people sign in with the same provider by a redirect",
  "selfservice.methods.oidc.config.providers.*.net_id_token_origin_header":
    "people sign in with the same provider by a redirect",
  "selfservice.methods.password.config.migrate_hook.config.emit_analytics_event": "nothing is reported to anybody",
  "selfservice.methods.webauthn.config.rp.icon": "browsers show none",
  version: "every version of the file is read alike",
};

/** Why a key that is checked has no effect; undefined where it has one. */
export function withoutEffectAt(path: Path): string | undefined {
  return Object.entries(withoutEffect).find(([pattern]) => fits(pattern.split("."), path))?.[1];
}

/** Values of Ory Kratos that are refused, by path, and what to do instead. */
const refusedValues: readonly {
  readonly path: string;
  readonly values: readonly string[];
  readonly instead: string;
}[] = [
  {
    path: "selfservice.methods.oidc.config.providers.*.provider",
    values: ["fedcm-test"],
    instead:
      "is not supported: it accepts every token, for tests of sign-in by the browser (FedCM), which is not " +
      "there. A provider that speaks OpenID Connect works as generic, with its issuer_url",
  },
  {
    path: "selfservice.methods.oidc.config.providers.*.provider",
    values: ["jackson"],
    instead:
      "is not there: it stands for SAML. Jackson speaks OpenID Connect too, and works as generic, with its issuer_url",
  },
];

const patterns = Object.keys(reasons).map((pattern) => pattern.split("."));

const fits = (pattern: readonly string[], path: Path): boolean =>
  pattern.length <= path.length && pattern.every((part, index) => part === "*" || part === path[index]);

/** The part of a path that the server does not do yet: the path itself or one above it. Undefined if it does it. */
export function unsupportedKeyAt(path: Path): Path | undefined {
  const pattern = patterns.find((parts) => fits(parts, path));
  return pattern && path.slice(0, pattern.length);
}

/** Whether a path is, or lies within, what the server does not do yet. */
export function isUnsupported(path: Path): boolean {
  return unsupportedKeyAt(path) !== undefined;
}

/**
 * Why a part of the configuration, by the path that `unsupportedKeyAt` gives, has no effect.
 */
export function reasonOf(path: string): string | undefined {
  return Object.hasOwn(reasons, path)
    ? reasons[path]
    : Object.entries(reasons).find(([pattern]) => fits(pattern.split("."), path.split(".")))?.[1];
}

/** What to do instead of a value that Ory Kratos takes and the server does not; undefined for any other. */
export function refusedValue(path: Path, value: unknown): string | undefined {
  return refusedValues.find((one) => fits(one.path.split("."), path) && one.values.includes(String(value)))?.instead;
}

/** Whether a hook has no file in `hooks/` yet. */
export function isUnsupportedHook(name: string): boolean {
  return hooks.includes(name);
}

/** Lists what a configuration asks for and does not get yet, as printed paths. */
export function findUnsupportedKeys(raw: Raw): string[] {
  const found: string[] = [];
  const walk = (value: unknown, path: Path): void => {
    if (path.length > 0 && isUnsupported(path)) found.push(printPath(path));
    else if (Array.isArray(value)) value.forEach((entry, index) => void walk(entry, [...path, index]));
    else if (isMap(value)) {
      if (path.at(-2) === "hooks" && typeof value.hook === "string" && isUnsupportedHook(value.hook))
        found.push(`${printPath(path.slice(0, -1))} (${value.hook})`);
      for (const [key, child] of Object.entries(value)) walk(child, [...path, key]);
    }
  };
  walk(raw, []);
  return found;
}
