import { isIP } from "node:net";
import { parseByteSize } from "./byte-size.ts";
import { findAddressFlowFaults } from "./check-address-flows.ts";
import { findAdminAuthFaults, findAdminAuthWarnings } from "./check-admin-auth.ts";
import { findCodeFaults } from "./check-code.ts";
import { findCourierFaults, findCourierWarnings } from "./check-courier.ts";
import { findDsnFaults, isUsableDsn } from "./check-dsn.ts";
import { findProviderFaults } from "./check-oidc.ts";
import { findRelyingPartyFaults } from "./check-relying-party.ts";
import { secondFactorChecks } from "./check-second-factors.ts";
import { findTokenTemplateWarnings } from "./check-token-templates.ts";
import { findTrustedProxyFaults, findTrustedProxyWarnings } from "./check-trusted-proxies.ts";
import { isCorsOrigin } from "./is-cors-origin.ts";
import { isReadable } from "./is-readable.ts";
import { isReturnUrl } from "./is-return-url.ts";
import { isPublicSuffix, isPublicSuffixWildcard } from "./public-suffix.ts";
import { isMap, type Path, type Raw, valueAt } from "./tree.ts";
import type { Finding } from "./validate.ts";

/** What a check knows besides the configuration itself. */
export interface CheckContext {
  readonly dev: boolean;
  /** Whether a configured database needs configured secrets. */
  readonly needsSecrets: boolean;
  resolvePath(path: Path, file: string): string;
}

/**
 * A rule that spans several keys, or that a schema cannot say. Values may still be of the wrong type: the schema
 * reports those.
 */
type Check = (get: (path: string) => unknown, context: CheckContext) => readonly Finding[];

/** What makes a configuration unusable, beyond schema.json. */
export const problemChecks: readonly Check[] = [
  (get) => {
    const ids = schemaIds(get);
    const wanted = get("identity.default_schema_id");
    if (ids.length === 0 || ids.includes(wanted)) return [];
    return [at("identity.default_schema_id", `names no schema of identity.schemas (${[...new Set(ids)].join(", ")})`)];
  },
  (get) =>
    schemaIds(get).flatMap((id, index, ids) =>
      ids.indexOf(id) < index
        ? [{ path: ["identity", "schemas", index, "id"], message: `"${String(id)}" is there twice` }]
        : [],
    ),
  ...secondFactorChecks,
  findTrustedProxyFaults,
  ...["serve.public.tls", "serve.admin.tls"].map(
    (tls): Check =>
      (get, context) => {
        const has = (part: string) =>
          get(`${tls}.${part}.path`) !== undefined || get(`${tls}.${part}.base64`) !== undefined;
        if (has("cert") !== has("key")) return [at(tls, "needs both cert and key")];
        return ["cert", "key"].flatMap((part) => {
          const file = get(`${tls}.${part}.path`);
          const path = [...tls.split("."), part, "path"];
          return typeof file !== "string" || isReadable(context.resolvePath(path, file))
            ? []
            : [{ path, message: "cannot be read" }];
        });
      },
  ),
  ...["cookies", "session.cookie"].map(
    (part): Check =>
      (get, { dev }) => {
        const own = (key: string) => get(`${part}.${key}`) ?? get(`cookies.${key}`);
        const isOwn = get(`${part}.same_site`) !== undefined || get(`${part}.secure`) !== undefined;
        return isOwn && !dev && own("same_site") === "None" && own("secure") === false
          ? [at(`${part}.same_site`, "None needs secure: true, or browsers drop the cookie")]
          : [];
      },
  ),
  findCodeFaults,
  findAddressFlowFaults,
  (get) => {
    const [least, most] = ["min_password_length", "max_password_length"].map((key) =>
      get(`selfservice.methods.password.config.${key}`),
    );
    return typeof least === "number" && typeof most === "number" && least > most
      ? [at("selfservice.methods.password.config.min_password_length", "is more than max_password_length")]
      : [];
  },
  (get) => {
    const [size, lanes] = [get("hashers.argon2.memory"), get("hashers.argon2.parallelism")];
    const memory = typeof size === "string" ? parseByteSize(size) : undefined;
    if (memory === undefined || typeof lanes !== "number") return [];
    return memory < lanes * 8 * 1024 || memory >= 2 ** 42
      ? [at("hashers.argon2.memory", "must be at least 8KB for each lane (parallelism), and less than 4TB")]
      : [];
  },
  (get) => {
    const [one, other] = [get("serve.public.port"), get("serve.admin.port")];
    return typeof one === "number" && one === other && one !== 0
      ? [at("serve.admin.port", `is that of the public port, ${String(one)}`)]
      : [];
  },
  findAdminAuthFaults,
  (get, { needsSecrets }) =>
    needsSecrets &&
    list(get("dsn")).some(isUsableDsn) &&
    ["default", "cookie", "cipher"].every((name) => list(get(`secrets.${name}`)).length === 0)
      ? [
          at(
            "secrets.default",
            "is missing: with a database of its own, what is signed and encrypted must outlive this process. " +
              "Set a random text of 16 characters or more, as openssl rand -hex 16 prints it",
          ),
        ]
      : [],
  (get) => findDsnFaults(get("dsn")),
  (get, { dev }) =>
    findProviderFaults(get("selfservice.methods.oidc.config.providers"), {
      enabled: get("selfservice.methods.oidc.enabled") === true,
      dev,
    }),
  (get, { resolvePath }) => findCourierFaults(get("courier"), (path, file) => isReadable(resolvePath(path, file))),
  ...["webauthn", "passkey"].map(
    (method): Check =>
      (get, context) =>
        findRelyingPartyFaults(method, get, context),
  ),
];

/** Warnings at the start, which end nothing. */
export const warningChecks: readonly Check[] = [
  findAdminAuthWarnings,
  findTokenTemplateWarnings,
  findTrustedProxyWarnings,
  (_, { dev }) =>
    dev ? [at("dev", "is on: cookies are not Secure, and errors tell more than strangers should know")] : [],
  (get) =>
    get("log.leak_sensitive_values") === true
      ? [at("log.leak_sensitive_values", "is ignored: secrets are never logged")]
      : [],
  (get) =>
    list(get("selfservice.allowed_return_urls"))
      .filter((url) => typeof url === "string" && isPublicSuffixWildcard(url))
      .map((url) =>
        at("selfservice.allowed_return_urls", `${String(url)} is left out: anybody may have a host under it`),
      ),
  (get) =>
    list(get("selfservice.allowed_return_urls"))
      .filter((url) => typeof url === "string" && url !== "*" && !isReturnUrl(url))
      .map((url) =>
        at(
          "selfservice.allowed_return_urls",
          `${JSON.stringify(url)} is left out: it has no scheme and host, so that no return_to fits it`,
        ),
      ),
  (get) =>
    list(get("serve.public.cors.allowed_origins")).flatMap((entry, index) =>
      typeof entry === "string" && !isCorsOrigin(entry)
        ? [
            {
              path: ["serve", "public", "cors", "allowed_origins", index],
              message: `is left out: no browser sends ${JSON.stringify(entry)} as its origin`,
            },
          ]
        : [],
    ),
  (get) =>
    get("serve.public.cors.enabled") === true &&
    get("serve.public.cors.allow_credentials") === true &&
    list(get("serve.public.cors.allowed_origins")).includes("*")
      ? [
          at(
            "serve.public.cors.allowed_origins",
            "* admits every origin, so calls across origins are without cookies; name the origins to allow them",
          ),
        ]
      : [],
  (get) =>
    list(get("selfservice.methods.oidc.config.providers")).flatMap((provider, index) =>
      isMap(provider) && provider.account_linking_mode === "automatic"
        ? [
            at(
              `selfservice.methods.oidc.config.providers.${index}.account_linking_mode`,
              "automatic: an address alone links nothing, so people are asked to sign in all the same",
            ),
          ]
        : [],
    ),
  (get, { dev }) =>
    findCourierWarnings(
      get("courier"),
      dev,
      [
        "selfservice.flows.verification.enabled",
        "selfservice.flows.recovery.enabled",
        "selfservice.methods.code.passwordless_enabled",
        "selfservice.methods.code.mfa_enabled",
      ].filter((key) => get(key) === true),
    ),
  (get, { dev }) => {
    const cost = get("hashers.bcrypt.cost");
    return !dev && get("hashers.algorithm") === "bcrypt" && typeof cost === "number" && cost < 12
      ? [at("hashers.bcrypt.cost", "below 12 is too cheap to guess")]
      : [];
  },
  ...["cookies.domain", "session.cookie.domain"].map(
    (key): Check =>
      (get) =>
        findDomainWarnings(key, get(key), get("serve.public.base_url")),
  ),
  (get, { dev }) => {
    const url = get("serve.public.base_url");
    if (dev || (typeof url === "string" && !url.startsWith("http://")) || get("cookies.secure") === false) return [];
    if (url === undefined && ["path", "base64"].some((kind) => get(`serve.public.tls.cert.${kind}`) !== undefined))
      return [];
    return [
      at(
        "serve.public.base_url",
        "is plain http, over which clients do not send Secure cookies back; use https, or --dev on your own machine",
      ),
    ];
  },
  (get) => {
    const base = hostOf(get("serve.public.base_url"));
    const loopback = ["localhost", "127.0.0.1"];
    if (base === undefined || !loopback.includes(base)) return [];
    return ["settings", "login", "registration", "error"].flatMap((flow) => {
      const ui = hostOf(get(`selfservice.flows.${flow}.ui_url`));
      return ui !== undefined && ui !== base && loopback.includes(ui)
        ? [
            at(
              `selfservice.flows.${flow}.ui_url`,
              `is on ${ui} while serve.public.base_url is on ${base}: they do not share cookies`,
            ),
          ]
        : [];
    });
  },
];

/** Runs checks over a configuration with its defaults. */
export function runChecks(checks: readonly Check[], raw: Raw, context: CheckContext): Finding[] {
  return checks.flatMap((check) => check((path) => valueAt(raw, path.split(".")), context));
}

const at = (path: string, message: string): Finding => ({ path: path.split("."), message });

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const schemaIds = (get: (path: string) => unknown): readonly unknown[] =>
  list(get("identity.schemas")).map((schema) => (isMap(schema) ? schema.id : undefined));

/**
 * Browsers drop cookies for a domain that the answering host does not belong to, and for one that anybody may have a
 * host under.
 */
function findDomainWarnings(key: string, domain: unknown, baseUrl: unknown): Finding[] {
  const host = hostOf(baseUrl ?? "http://127.0.0.1/");
  if (typeof domain !== "string" || domain === "" || host === undefined) return [];
  const parent = domain.replace(/^\./, "").toLowerCase();
  if (host === parent) return [];
  if (!host.endsWith(`.${parent}`) || isIP(host) !== 0)
    return [
      at(
        key,
        `is ${domain}, which ${host}, the host of serve.public.base_url, does not belong to: browsers drop its cookies`,
      ),
    ];
  return isPublicSuffix(parent)
    ? [at(key, `is ${domain}, under which anybody may have a host: browsers drop its cookies`)]
    : [];
}

function hostOf(url: unknown): string | undefined {
  return typeof url === "string" ? URL.parse(url)?.hostname : undefined;
}
