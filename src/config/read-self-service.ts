import { absoluteUrl } from "./absolute-url.ts";
import type { SelfServiceConfig } from "./config.ts";
import { isUnsupported, isUnsupportedHook } from "./features.ts";
import type { AfterConfig, HookConfig } from "./hook-config.ts";
import { isReturnUrl } from "./is-return-url.ts";
import type { Origin } from "./origin.ts";
import { isPublicSuffixWildcard } from "./public-suffix.ts";
import { readPasskey, readWebauthn } from "./read-keys.ts";
import { readOidc } from "./read-oidc.ts";
import type { Slice } from "./slice.ts";
import { isMap, type Path, printPath } from "./tree.ts";

/** Reads `selfservice`. Paths become URLs of the public port, whose pages are the default. */
export function readSelfService(selfservice: Slice, publicUrl: string, origin: Origin): SelfServiceConfig {
  const flows = selfservice.part("flows");
  const absolute = (url: string) => (url.startsWith("/") ? new URL(url, publicUrl).href : url);
  const page = (name: string) => new URL(`hosted/${name}`, publicUrl.replace(/\/?$/, "/")).href;
  const uiUrl = (flow: Slice, name: string) => absolute(flow.optionalText("ui_url") ?? page(name));
  const returnUrl = (part: Slice) => optional(part.optionalText("default_browser_return_url"), absolute);

  const after = (flow: Slice, name: string): AfterConfig => {
    const at = ["selfservice", "flows", name, "after"];
    const part = flow.part("after");
    const methods = part.maps().filter((method) => !isUnsupported(["selfservice", "flows", name, "after", method]));
    const entries = methods.map(
      (method) =>
        [
          method,
          {
            default_browser_return_url: returnUrl(part.part(method)),
            hooks: readHooks(part.part(method), [...at, method], origin),
          },
        ] as const,
    );
    return {
      default_browser_return_url: returnUrl(part),
      hooks: readHooks(part, at, origin),
      methods: Object.fromEntries(entries),
    };
  };
  const common = (flow: Slice, name: string) => ({
    ui_url: uiUrl(flow, name),
    lifespan: flow.duration("lifespan"),
    before: readHooks(flow.part("before"), ["selfservice", "flows", name, "before"], origin),
    after: after(flow, name),
  });

  const addressFlow = (name: string) => {
    const flow = flows.part(name);
    return {
      ...common(flow, name),
      enabled: flow.flag("enabled"),
      use: flow.choice<"code" | "link">("use"),
      notify_unknown_recipients: flow.flag("notify_unknown_recipients"),
    };
  };

  const [settings, login, registration] = [flows.part("settings"), flows.part("login"), flows.part("registration")];
  const methods = selfservice.part("methods");
  const policy = methods.part("password.config");
  return {
    default_browser_return_url: absolute(selfservice.optionalText("default_browser_return_url") ?? page("settings")),
    allowed_return_urls: selfservice
      .texts("allowed_return_urls")
      .filter((url) => isReturnUrl(url) && !isPublicSuffixWildcard(url))
      .map(absolute),
    flows: {
      settings: {
        ...common(settings, "settings"),
        privileged_session_max_age: settings.duration("privileged_session_max_age"),
        required_aal: settings.choice("required_aal"),
        addresses: {
          pending_lifespan: settings.duration("addresses.pending_lifespan"),
          undo_lifespan: settings.duration("addresses.undo_lifespan"),
          undo_ui_url: absolute(settings.optionalText("addresses.undo_ui_url") ?? page("address-undo")),
        },
      },
      login: { ...common(login, "login"), style: login.choice("style") },
      registration: {
        ...common(registration, "registration"),
        enabled: registration.flag("enabled"),
        login_hints: registration.flag("login_hints"),
        style: registration.flag("enable_legacy_one_step") ? "unified" : registration.choice("style"),
      },
      verification: addressFlow("verification"),
      recovery: addressFlow("recovery"),
      logout: {
        clear_browser_data: flows.flag("logout.clear_browser_data"),
        after: { default_browser_return_url: returnUrl(flows.part("logout.after")) },
      },
      error: { ui_url: uiUrl(flows.part("error"), "error") },
    },
    notices: {
      password: selfservice.flag("notices.password"),
      provider: selfservice.flag("notices.provider"),
      factor: selfservice.flag("notices.factor"),
      address: selfservice.flag("notices.address"),
    },
    methods: {
      oidc: readOidc(methods.part("oidc"), origin),
      totp: {
        enabled: methods.flag("totp.enabled"),
        config: { issuer: methods.optionalText("totp.config.issuer") || new URL(publicUrl).hostname },
      },
      lookup_secret: { enabled: methods.flag("lookup_secret.enabled") },
      webauthn: readWebauthn(methods.part("webauthn"), publicUrl),
      passkey: readPasskey(methods.part("passkey"), publicUrl),
      profile: { enabled: methods.flag("profile.enabled") },
      password: {
        enabled: methods.flag("password.enabled"),
        config: {
          min_password_length: policy.count("min_password_length"),
          max_password_length: policy.count("max_password_length"),
          identifier_similarity_check_enabled: policy.flag("identifier_similarity_check_enabled"),
          haveibeenpwned_enabled: policy.flag("haveibeenpwned_enabled"),
          haveibeenpwned_host: policy.text("haveibeenpwned_host"),
          max_breaches: policy.count("max_breaches"),
          ignore_network_errors: policy.flag("ignore_network_errors"),
        },
        migrate_hook: {
          enabled: policy.optionalFlag("migrate_hook.enabled") === true,
          config: (policy.raw("migrate_hook.config") ?? {}) as Readonly<Record<string, unknown>>,
        },
      },
      code: {
        enabled: methods.flag("code.enabled"),
        passwordless_enabled: methods.flag("code.passwordless_enabled"),
        mfa_enabled: methods.flag("code.mfa_enabled"),
        config: {
          lifespan: methods.duration("code.config.lifespan"),
          max_submissions: methods.count("code.config.max_submissions"),
          missing_credential_fallback_enabled:
            methods.flag("code.config.missing_credential_fallback_enabled") ||
            methods.flag("code.passwordless_login_fallback_enabled"),
        },
      },
      link: {
        enabled: methods.flag("link.enabled"),
        config: {
          lifespan: methods.duration("link.config.lifespan"),
          base_url: optional(methods.optionalText("link.config.base_url"), (url) => url.replace(/\/+$/, "")),
        },
      },
    },
  };
}

/**
 * The hooks of a list that exist here; the others were named in a warning. The file of a body becomes absolute.
 *
 * @param at where the list's owner stands
 */
function readHooks(part: Slice, at: Path, origin: Origin): readonly HookConfig[] {
  const hooks = part.raw("hooks") === undefined ? [] : part.parts("hooks");
  return hooks
    .map((entry, index) => {
      const place = [...at, "hooks", index];
      const config = entry.raw("config");
      const body = isMap(config) ? config.body : undefined;
      return {
        hook: entry.text("hook"),
        path: printPath(place),
        ...(isMap(config) && {
          config: {
            ...config,
            ...(typeof body === "string" && { body: absoluteUrl(body, origin.folder([...place, "config", "body"])) }),
          },
        }),
      };
    })
    .filter(({ hook }) => !isUnsupportedHook(hook));
}

function optional<T, U>(value: T | undefined, use: (value: T) => U): U | undefined {
  return value === undefined ? undefined : use(value);
}
