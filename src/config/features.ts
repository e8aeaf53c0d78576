import { isMap, type Path, printPath, type Raw } from "./tree.ts";

/*
 * What the server does not do yet. Keys of the reference that belong to it are
 * accepted, so that an existing configuration loads, and named in one warning.
 * Building a feature means taking its line out here; from then on schema.json
 * is held against its keys in full.
 */

/** Methods without a folder in `methods/`. Each stands for its section and its `after` parts. */
const methods = ["totp", "lookup_secret", "webauthn", "passkey", "code", "link", "captcha", "saml", "deviceauthn", "b2b"];

/** Flows without a folder in `flows/`. */
const flows = ["verification", "recovery"];

/** Hooks without a file in `hooks/`. They are taken out of the lists they stand in. */
const hooks = ["web_hook", "b2b_sso", "show_verification_ui", "verify_new_address", "notify_previous_addresses", "require_verified_address", "verification"];

/** Everything else, by path; `*` is any key. */
const others = [
  "clients",
  "config",
  "courier",
  "expose-metrics-port",
  "feature_flags",
  "hashers.argon2.dedicated_memory",
  "hashers.argon2.expected_deviation",
  "hashers.argon2.expected_duration",
  "help",
  "log.additional_redacted_headers",
  "log.redaction_text",
  "oauth2_provider",
  "organizations",
  "preview",
  "profiling",
  "revision",
  "secrets.pagination",
  "security",
  "selfservice.flows.login.style",
  "selfservice.flows.logout.clear_browser_data",
  "selfservice.methods.password.config.migrate_hook",
  "serve.*.socket",
  "serve.public.cors.debug",
  "serve.public.cors.options_passthrough",
  "session.earliest_possible_extend",
  "session.whoami.tokenizer",
  "sqa-opt-out",
  "tracing",
  "watch-courier",
];

const patterns = [
  ...methods.flatMap((method) => [`selfservice.methods.${method}`, `selfservice.flows.*.after.${method}`]),
  ...flows.map((flow) => `selfservice.flows.${flow}`),
  ...others,
].map((pattern) => pattern.split("."));

/** The part of a path that the server does not do yet: the path itself or one above it. Undefined if it does it. */
export function toComeAt(path: Path): Path | undefined {
  const pattern = patterns.find((parts) => parts.length <= path.length && parts.every((part, index) => part === "*" || part === path[index]));
  return pattern && path.slice(0, pattern.length);
}

/** Whether a path is, or lies within, what the server does not do yet. */
export function isToCome(path: Path): boolean {
  return toComeAt(path) !== undefined;
}

/** Whether a hook has no file in `hooks/` yet. */
export function isHookToCome(name: string): boolean {
  return hooks.includes(name);
}

/** Lists what a configuration asks for and does not get yet, as printed paths. */
export function findToCome(raw: Raw): string[] {
  const found: string[] = [];
  const walk = (value: unknown, path: Path): void => {
    if (path.length > 0 && isToCome(path)) found.push(printPath(path));
    else if (Array.isArray(value)) value.forEach((entry, index) => void walk(entry, [...path, index]));
    else if (isMap(value)) {
      if (path.at(-2) === "hooks" && typeof value.hook === "string" && isHookToCome(value.hook)) found.push(`${printPath(path.slice(0, -1))} (${value.hook})`);
      for (const [key, child] of Object.entries(value)) walk(child, [...path, key]);
    }
  };
  walk(raw, []);
  return found;
}
