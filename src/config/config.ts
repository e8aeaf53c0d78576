import type { AccountConfig } from "./account-config.ts";
import type { AddressFlowConfig } from "./address-flow-config.ts";
import type { CourierConfig } from "./courier-config.ts";
import type { EventsConfig } from "./events-config.ts";
import type { HashersConfig } from "./hashers-config.ts";
import type { AfterConfig, HookConfig, WebHookClientConfig } from "./hook-config.ts";
import type { KeyMethodsConfig } from "./keys-config.ts";
import type { AddressChangesConfig, NoticesConfig } from "./notices-config.ts";
import type { OidcConfig } from "./oidc-config.ts";
import type { PasswordMigrationConfig, PasswordPolicyConfig } from "./password-config.ts";
import type { AdminAuthConfig, UnixSocketConfig } from "./serve-config.ts";

/**
 * The configuration after reading: defaults filled in, durations and sizes as
 * numbers, URLs absolute. The keys are those of the YAML file.
 *
 * Durations are milliseconds unless the name says otherwise.
 */
export interface Config {
  readonly dev: boolean;
  /** Go-style or URL-style DSNs, ways to one database; undefined: the server starts a database of its own. */
  readonly dsn: string | readonly string[] | undefined;
  readonly serve: {
    readonly public: ListenerConfig & { readonly cors: CorsConfig };
    readonly admin: ListenerConfig & { readonly auth: AdminAuthConfig };
  };
  readonly selfservice: SelfServiceConfig;
  readonly identity: { readonly default_schema_id: string; readonly schemas: readonly SchemaSource[] };
  readonly session: SessionConfig;
  readonly security: { readonly account_enumeration: { readonly mitigate: boolean } };
  readonly feature_flags: FeatureFlags;
  readonly cookies: CookieConfig;
  readonly secrets: SecretsConfig;
  readonly ciphers: { readonly algorithm: "noop" | "aes" | "xchacha20-poly1305" };
  readonly hashers: HashersConfig;
  readonly clients: { readonly http: HttpClientConfig; readonly web_hook: WebHookClientConfig };
  readonly courier: CourierConfig;
  readonly events: EventsConfig;
  readonly log: { readonly level: string; readonly format: "json" | "text" };
  readonly limits: LimitsConfig;
  readonly hosted: HostedConfig;
  readonly account: AccountConfig;
  readonly database: {
    readonly cleanup: {
      readonly batch_size: number;
      readonly interval: number;
      readonly older_than: number;
      readonly security_events_older_than: number;
      readonly courier_messages_older_than: number;
      readonly parked_jobs_older_than: number;
    };
    readonly pool_size: number;
  };
}

/** A port: `serve.public` or `serve.admin`. */
export interface ListenerConfig {
  readonly host: string;
  /** Where it listens instead, when `host` is `unix:/path`. */
  readonly unix_socket: UnixSocketConfig | undefined;
  readonly port: number;
  /** Exactly as configured: the anti-CSRF cookie's name depends on it. */
  readonly base_url: string;
  /** Whether somebody wrote it: what was made up is not for others to know. */
  readonly has_base_url: boolean;
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** CIDRs whose X-Forwarded-* headers are believed. */
  readonly trusted_proxies: readonly string[];
  readonly request_log: { readonly disable_for_health: boolean };
}

/** Connections to other servers: sign-in providers, mappers, identity schemas, the breach service. */
export interface HttpClientConfig {
  readonly dev: boolean;
  /** Hosts that the configuration names must be public as well. */
  readonly disallowPrivate: boolean;
  /** URLs, with `*` and `**`, that are excepted. */
  readonly exceptions: readonly string[];
}

/** Cross-origin requests to the public port: `serve.public.cors`. */
export interface CorsConfig {
  readonly enabled: boolean;
  readonly allowed_origins: readonly string[];
  readonly allowed_methods: readonly string[];
  readonly allowed_headers: readonly string[];
  readonly exposed_headers: readonly string[];
  readonly allow_credentials: boolean;
  /** Seconds. */
  readonly max_age: number;
}

/** Flows, methods and notices: `selfservice`. Durations are in milliseconds. */
export interface SelfServiceConfig {
  readonly default_browser_return_url: string;
  readonly allowed_return_urls: readonly string[];
  readonly flows: {
    readonly settings: {
      readonly ui_url: string;
      readonly lifespan: number;
      readonly privileged_session_max_age: number;
      readonly required_aal: "aal1" | "highest_available";
      readonly addresses: AddressChangesConfig;
      readonly before: readonly HookConfig[];
      readonly after: AfterConfig;
    };
    readonly login: {
      readonly ui_url: string;
      readonly lifespan: number;
      readonly style: "unified" | "identifier_first";
      readonly before: readonly HookConfig[];
      readonly after: AfterConfig;
    };
    readonly registration: {
      readonly enabled: boolean;
      readonly ui_url: string;
      readonly lifespan: number;
      readonly style: "profile_first" | "unified";
      readonly login_hints: boolean;
      readonly before: readonly HookConfig[];
      readonly after: AfterConfig;
    };
    readonly verification: AddressFlowConfig;
    readonly recovery: AddressFlowConfig;
    readonly logout: {
      readonly clear_browser_data: boolean;
      readonly after: { readonly default_browser_return_url: string | undefined };
    };
    readonly error: { readonly ui_url: string };
  };
  readonly methods: MethodsConfig;
  readonly notices: NoticesConfig;
}

/** The methods: `selfservice.methods`. Durations are in milliseconds. */
export interface MethodsConfig extends KeyMethodsConfig {
  readonly profile: { readonly enabled: boolean };
  readonly password: {
    readonly enabled: boolean;
    readonly config: PasswordPolicyConfig;
    readonly migrate_hook: PasswordMigrationConfig;
  };
  readonly oidc: OidcConfig;
  readonly code: CodeConfig;
  readonly link: {
    readonly enabled: boolean;
    /** `base_url` without a slash at its end; undefined: that of the public port. */
    readonly config: { readonly lifespan: number; readonly base_url: string | undefined };
  };
  /** `issuer`: what apps show beside the code. */
  readonly totp: { readonly enabled: boolean; readonly config: { readonly issuer: string } };
  readonly lookup_secret: { readonly enabled: boolean };
}

/** The method `code`; `lifespan` is in milliseconds. */
export interface CodeConfig {
  readonly enabled: boolean;
  /** As a first factor; never together with `mfa_enabled`. */
  readonly passwordless_enabled: boolean;
  /** As a second factor. */
  readonly mfa_enabled: boolean;
  readonly config: {
    readonly lifespan: number;
    /** Guesses within one flow. */
    readonly max_submissions: number;
    /** Verifiable addresses stand in for those that the identity schema gives codes. */
    readonly missing_credential_fallback_enabled: boolean;
  };
}

/** How the pages that come with the server look. Files are absolute paths. */
export interface HostedConfig {
  readonly name: string;
  readonly logo: string | undefined;
  readonly icon: string | undefined;
  readonly css: string | undefined;
  readonly theme: "auto" | "light" | "dark";
  readonly links: {
    readonly help: string | undefined;
    readonly privacy: string | undefined;
    readonly terms: string | undefined;
  };
}

/** An identity schema: an entry of `identity.schemas`. `grace_period` is in milliseconds. */
export interface SchemaSource {
  readonly id: string;
  /** file://, base64:// or http(s)://; relative file paths are resolved already. */
  readonly url: string;
  readonly selfservice_selectable: boolean;
  /** Undefined: a second factor is optional. */
  readonly second_factor?: { readonly grace_period: number; readonly since: Date } | undefined;
}

/** The attributes of cookies: `cookies`. */
export interface CookieConfig {
  readonly domain: string | undefined;
  readonly path: string;
  readonly same_site: "Lax" | "Strict" | "None";
  /** Undefined: secure unless --dev. */
  readonly secure: boolean | undefined;
}

/** How whoami makes a signed token of a session. */
export interface TokenTemplateConfig {
  readonly jwks_url: string;
  readonly claims_mapper_url: string | undefined;
  readonly ttl: number;
  readonly subject_source: "id" | "external_id";
}

/** Sessions: `session`. Durations are in milliseconds. */
export interface SessionConfig {
  readonly lifespan: number;
  readonly earliest_possible_extend: number;
  readonly whoami: {
    readonly required_aal: "aal1" | "highest_available";
    readonly tokenizer: Readonly<Record<string, TokenTemplateConfig>>;
  };
  /** `lifespan` in milliseconds. */
  readonly trusted_devices: { readonly enabled: boolean; readonly lifespan: number };
  readonly cookie: CookieConfig & { readonly name: string; readonly persistent: boolean };
}

/** Behaviour that clients or operators ask for. */
export interface FeatureFlags {
  readonly cacheable_sessions: boolean;
  /** Undefined: as long as the session lives. */
  readonly cacheable_sessions_max_age: number | undefined;
  readonly faster_session_extend: boolean;
  readonly use_continue_with_transitions: boolean;
  readonly choose_recovery_address: boolean;
  readonly legacy_continue_with_verification_ui: boolean;
}

/** First encrypts, all decrypt. */
export interface SecretsConfig {
  readonly default: readonly string[];
  readonly cookie: readonly string[];
  readonly cipher: readonly string[];
  /** Of page tokens. */
  readonly pagination: readonly string[];
}

/** The limits on guesses, messages, registrations and requests: `limits`. Windows are in milliseconds. */
export interface LimitsConfig {
  /** Failed logins allowed in a window before further tries are refused. */
  readonly login: {
    readonly window: number;
    readonly per_identifier: number;
    readonly per_network: number;
    readonly per_device: number;
    readonly per_session: number;
    readonly per_second_factor: number;
    /** Most that the answer to a failed login is held back. */
    readonly longest_wait: number;
  };
  /** Accounts that may be created in a window. */
  readonly registration: { readonly window: number; readonly per_network: number };
  /** Guesses at one-time codes in a window. */
  readonly codes: {
    readonly window: number;
    readonly per_address: number;
    readonly per_identity: number;
    readonly per_device: number;
  };
  /** Messages with codes and links in a window. */
  readonly messages: {
    readonly window: number;
    readonly per_address: number;
    readonly per_device: number;
    readonly per_network: number;
    readonly per_identity: number;
  };
  /** Bytes of a message, decompressed, and of all that are held at once. */
  readonly bodies: {
    readonly without_session: number;
    readonly with_session: number;
    readonly in_flight: number;
    readonly in_flight_per_network: number;
  };
  /** Flows that a network may begin in a window. */
  readonly flows: { readonly window: number; readonly per_network: number };
}
