import type { CookieConfig, SessionConfig, TokenTemplateConfig } from "./config.ts";
import type { Slice } from "./slice.ts";

/** Reads `cookies`, which holds for every cookie. */
export function readCookies(cookies: Slice, dev: boolean): CookieConfig {
  return withSameSite(
    {
      domain: cookies.optionalText("domain") || undefined,
      path: cookies.text("path") || "/",
      same_site: cookies.choice("same_site"),
      secure: cookies.optionalFlag("secure"),
    },
    dev,
  );
}

/** Reads `session`; what its cookie does not say comes from the other cookies. */
export function readSession(
  session: Slice,
  cookies: CookieConfig,
  dev: boolean,
  fileUrl: (key: string, url: string) => string,
): SessionConfig {
  const lifespan = session.duration("lifespan");
  const cookie = session.part("cookie");
  const own = {
    domain: cookie.optionalText("domain") || cookies.domain,
    path: cookie.optionalText("path") || cookies.path,
    same_site:
      cookie.raw("same_site") === undefined ? cookies.same_site : cookie.choice<CookieConfig["same_site"]>("same_site"),
    secure: cookie.optionalFlag("secure") ?? cookies.secure,
  };
  return {
    lifespan,
    earliest_possible_extend:
      session.raw("earliest_possible_extend") === undefined ? lifespan : session.duration("earliest_possible_extend"),
    trusted_devices: {
      enabled: session.flag("trusted_devices.enabled"),
      lifespan: session.duration("trusted_devices.lifespan"),
    },
    whoami: {
      required_aal: session.choice("whoami.required_aal"),
      tokenizer: readTemplates(session.part("whoami.tokenizer.templates"), fileUrl),
    },
    cookie: { ...withSameSite(own, dev), name: cookie.text("name"), persistent: cookie.flag("persistent") },
  };
}

function readTemplates(
  templates: Slice,
  fileUrl: (key: string, url: string) => string,
): SessionConfig["whoami"]["tokenizer"] {
  return Object.fromEntries(
    templates.maps().map((name) => {
      const template = templates.part(name);
      const at = `session.whoami.tokenizer.templates.${name}`;
      const mapper = template.optionalText("claims_mapper_url");
      const read: TokenTemplateConfig = {
        jwks_url: fileUrl(`${at}.jwks_url`, template.optionalText("jwks_url") ?? "base64://"),
        claims_mapper_url: mapper && fileUrl(`${at}.claims_mapper_url`, mapper),
        ttl: template.raw("ttl") === undefined ? 60_000 : template.duration("ttl"),
        subject_source: template.raw("subject_source") === undefined ? "id" : template.choice("subject_source"),
      };
      return [name, read];
    }),
  );
}

/** Browsers drop a cookie with SameSite=None that is not Secure; in development mode it is Lax instead. */
function withSameSite(cookie: CookieConfig, dev: boolean): CookieConfig {
  return cookie.same_site === "None" && !(cookie.secure ?? !dev) ? { ...cookie, same_site: "Lax" } : cookie;
}
