import path from "node:path";
import { absoluteUrl } from "./absolute-url.ts";
import type { Config, LimitsConfig } from "./config.ts";
import type { HashersConfig } from "./hashers-config.ts";
import type { Origin } from "./origin.ts";
import { readAccount } from "./read-account.ts";
import { readCourier } from "./read-courier.ts";
import { readEvents } from "./read-events.ts";
import { readHosted } from "./read-hosted.ts";
import { readIdentity } from "./read-identity.ts";
import { readSelfService } from "./read-self-service.ts";
import { readServe } from "./read-serve.ts";
import { readCookies, readSession } from "./read-session.ts";
import { createSlice, type Slice } from "./slice.ts";
import type { Raw } from "./tree.ts";

/** Turns a valid configuration with its defaults into a Config. */
export function readConfig(raw: Raw, origin: Origin, secrets: Config["secrets"]): Config {
  const root = createSlice(raw);
  const dev = root.flag("dev");
  const serve = readServe(root.part("serve"), {
    dev,
    resolvePath: (key, file) => path.resolve(origin.folder(key.split(".")), file),
  });
  const cookies = readCookies(root.part("cookies"), dev);
  const [cleanup, http] = [root.part("database.cleanup"), root.part("clients.http")];
  const hosted = readHosted(root.part("hosted"), origin);
  return {
    dev,
    dsn: readDsn(root.raw("dsn") === undefined ? [] : root.texts("dsn")),
    serve,
    selfservice: readSelfService(root.part("selfservice"), serve.public.base_url, origin),
    identity: readIdentity(root.part("identity"), origin),
    security: { account_enumeration: { mitigate: root.flag("security.account_enumeration.mitigate") } },
    session: readSession(root.part("session"), cookies, dev, (key, url) =>
      absoluteUrl(url, origin.folder(key.split("."))),
    ),
    feature_flags: readFeatureFlags(root.part("feature_flags")),
    cookies,
    secrets,
    ciphers: { algorithm: root.choice("ciphers.algorithm") },
    hashers: readHashers(raw),
    clients: {
      http: {
        dev,
        disallowPrivate: http.flag("disallow_private_ip_ranges"),
        exceptions: http.texts("private_ip_exception_urls"),
      },
      web_hook: {
        header_allowlist: root.texts("clients.web_hook.header_allowlist"),
        timeout: root.duration("clients.web_hook.timeout"),
      },
    },
    courier: readCourier(root.part("courier"), {
      origin,
      publicUrl: serve.public.base_url,
      serviceName: hosted.name,
      disallowPrivate: root.flag("clients.smtp.disallow_private_ip_ranges"),
    }),
    events: readEvents(root.part("events")),
    log: { level: readLogLevel(root.text("log.level")), format: readLogFormat(root.optionalText("log.format"), dev) },
    limits: readLimits(root),
    hosted,
    account: readAccount(root.part("account"), serve.public.base_url),
    database: {
      cleanup: {
        batch_size: cleanup.count("batch_size"),
        interval: cleanup.duration("sleep.tables"),
        older_than: cleanup.duration("older_than"),
        security_events_older_than: cleanup.duration("security_events_older_than"),
        courier_messages_older_than: cleanup.duration("courier_messages_older_than"),
        parked_jobs_older_than: cleanup.duration("parked_jobs_older_than"),
      },
      pool_size: root.count("database.pool_size"),
    },
  };
}

function readFeatureFlags(flags: Slice): Config["feature_flags"] {
  return {
    cacheable_sessions: flags.flag("cacheable_sessions"),
    cacheable_sessions_max_age:
      flags.optionalText("cacheable_sessions_max_age") === undefined
        ? undefined
        : flags.duration("cacheable_sessions_max_age"),
    faster_session_extend: flags.flag("faster_session_extend"),
    use_continue_with_transitions: flags.flag("use_continue_with_transitions"),
    choose_recovery_address: flags.flag("choose_recovery_address"),
    legacy_continue_with_verification_ui: flags.flag("legacy_continue_with_verification_ui"),
  };
}

function readLimits(root: Slice): LimitsConfig {
  const [login, registration] = [root.part("limits.login"), root.part("limits.registration")];
  const [codes, messages] = [root.part("limits.codes"), root.part("limits.messages")];
  const [bodies, flows] = [root.part("limits.bodies"), root.part("limits.flows")];
  return {
    login: {
      window: login.duration("window"),
      per_identifier: login.count("per_identifier"),
      per_network: login.count("per_network"),
      per_device: login.count("per_device"),
      per_session: login.count("per_session"),
      per_second_factor: login.count("per_second_factor"),
      longest_wait: login.duration("longest_wait"),
    },
    registration: { window: registration.duration("window"), per_network: registration.count("per_network") },
    codes: {
      window: codes.duration("window"),
      per_address: codes.count("per_address"),
      per_identity: codes.count("per_identity"),
      per_device: codes.count("per_device"),
    },
    messages: {
      window: messages.duration("window"),
      per_address: messages.count("per_address"),
      per_device: messages.count("per_device"),
      per_network: messages.count("per_network"),
      per_identity: messages.count("per_identity"),
    },
    bodies: {
      without_session: bodies.size("without_session"),
      with_session: bodies.size("with_session"),
      in_flight: bodies.size("in_flight"),
      in_flight_per_network: bodies.size("in_flight_per_network"),
    },
    flows: { window: flows.duration("window"), per_network: flows.count("per_network") },
  };
}

function readHashers(raw: Raw): HashersConfig {
  const hashers = createSlice(raw).part("hashers");
  const argon2 = hashers.part("argon2");
  return {
    algorithm: hashers.choice("algorithm"),
    argon2: {
      memory: Math.ceil(argon2.size("memory") / 1024),
      iterations: argon2.count("iterations"),
      parallelism: argon2.count("parallelism"),
      salt_length: argon2.count("salt_length"),
      key_length: argon2.count("key_length"),
    },
    bcrypt: { cost: hashers.count("bcrypt.cost") },
    concurrency: hashers.count("concurrency"),
    queue: hashers.count("queue"),
    max_cost: {
      bcrypt: hashers.count("max_cost.bcrypt"),
      argon2_memory: Math.ceil(hashers.size("max_cost.argon2_memory") / 1024),
      argon2_iterations: hashers.count("max_cost.argon2_iterations"),
    },
  };
}

/** One is the usual: it stays a text. */
function readDsn(dsns: readonly string[]): Config["dsn"] {
  return dsns.length > 1 ? dsns : dsns[0];
}

/** The reference's names, where pino's are others. */
function readLogLevel(level: string): string {
  return { warning: "warn", panic: "fatal" }[level] ?? level;
}

function readLogFormat(format: string | undefined, dev: boolean): "json" | "text" {
  if (format === undefined) return dev ? "text" : "json";
  return format === "text" ? "text" : "json";
}
