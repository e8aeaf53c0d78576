import type { FastifyCorsOptionsDelegate } from "@fastify/cors";

/** Which other sites may call from a browser. */
export interface CorsRules {
  /** Whole origins, `https://*.example.com` for any subdomain, or `*` for anyone, who then gets no credentials. */
  readonly allowed_origins: readonly string[];
  readonly allowed_methods: readonly string[];
  readonly allowed_headers: readonly string[];
  readonly exposed_headers: readonly string[];
  readonly allow_credentials: boolean;
  /** Seconds a browser keeps the answer to a preflight; 0 leaves it to the browser. */
  readonly max_age: number;
}

/**
 * Creates the options by which `@fastify/cors` answers preflights and lets
 * listed origins read answers. They are for the public server itself, so that
 * they hold for every protocol of that port.
 */
export const createCors = (rules: CorsRules): FastifyCorsOptionsDelegate => {
  const allows = originTest(rules.allowed_origins);
  const anyone = rules.allowed_origins.includes("*");
  const shared = {
    methods: [...new Set(["GET", "HEAD", ...rules.allowed_methods.map((method) => method.toUpperCase())])],
    // Without a list the names that were asked for are allowed.
    ...(!rules.allowed_headers.includes("*") && { allowedHeaders: [...rules.allowed_headers] }),
    ...(rules.exposed_headers.length > 0 && { exposedHeaders: [...rules.exposed_headers] }),
    ...(rules.max_age > 0 && { maxAge: rules.max_age }),
  };
  const listed = { ...shared, origin: true, credentials: rules.allow_credentials };
  // An origin that is only let in as "anyone" must never read with credentials.
  const unlisted = { ...shared, origin: anyone ? "*" : [], credentials: false };

  return (request, done) => {
    const { origin } = request.headers;
    if (origin === undefined) return done(null, { origin: false });
    // Any other OPTIONS is a verb that a route may know or not.
    const preflight = request.headers["access-control-request-method"] !== undefined;
    done(null, { ...(allows(origin) ? listed : unlisted), preflight });
  };
};

/** A test of origins against the list. `*` is not part of it. */
const originTest = (allowed: readonly string[]): ((origin: string) => boolean) => {
  const whole = new Set(
    allowed.filter((entry) => !entry.includes("*")).map((entry) => entry.toLowerCase().replace(/\/$/, "")),
  );
  const wild = allowed
    .filter((entry) => entry !== "*" && entry.includes("*"))
    .map((entry) => subdomains(entry.toLowerCase()));
  return (origin) => {
    const lower = origin.toLowerCase();
    return whole.has(lower) || wild.some((pattern) => pattern.test(lower));
  };
};

/** `https://*.example.com`: one or more labels where the star is, and nothing that is no label. */
const subdomains = (entry: string): RegExp => {
  const [before = "", after = ""] = entry.split("*", 2).map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"));
  return new RegExp(`^${before}[a-z0-9-]+(?:\\.[a-z0-9-]+)*${after.replace(/\/$/, "")}$`);
};
