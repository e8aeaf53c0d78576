import type { FastifyReply, FastifyRequest, onRequestHookHandler } from "fastify";

/** Which other sites may call from a browser (around §4.5). */
export interface CorsRules {
  readonly enabled: boolean;
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
 * Creates the hook that answers preflights and lets listed origins read
 * answers. It belongs on the public server itself, so that it holds for every
 * protocol of that port; headers are set on the raw response, because not every
 * protocol answers through Fastify.
 */
export const createCors = (rules: CorsRules): onRequestHookHandler => {
  const allows = originTest(rules.allowed_origins);
  const anyone = rules.allowed_origins.includes("*");
  const methods = rules.allowed_methods.map((method) => method.toUpperCase());
  const headers = new Set(rules.allowed_headers.map((name) => name.toLowerCase()));

  const letRead = (reply: FastifyReply, origin: string): boolean => {
    const { raw } = reply;
    raw.setHeader("vary", "Cookie, Origin");
    if (allows(origin)) {
      raw.setHeader("access-control-allow-origin", origin);
      if (rules.allow_credentials) raw.setHeader("access-control-allow-credentials", "true");
      return true;
    }
    // An origin that is only let in as "anyone" must never read with credentials.
    if (anyone) raw.setHeader("access-control-allow-origin", "*");
    return anyone;
  };

  const preflight = (request: FastifyRequest, reply: FastifyReply, origin: string): void => {
    const { raw } = reply;
    const method = String(request.headers["access-control-request-method"]);
    const asked = (request.headers["access-control-request-headers"] ?? "").toString().toLowerCase().split(",");
    const wanted = asked.map((name) => name.trim()).filter((name) => name !== "");
    const allowed = methods.includes(method) || ["GET", "HEAD"].includes(method);
    if (allowed && wanted.every((name) => headers.has(name) || headers.has("*")) && letRead(reply, origin)) {
      raw.setHeader("access-control-allow-methods", method);
      if (wanted.length > 0) raw.setHeader("access-control-allow-headers", wanted.join(", "));
      if (rules.max_age > 0) raw.setHeader("access-control-max-age", String(rules.max_age));
    }
    reply.header("vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers").code(204).send();
  };

  return (request, reply, done) => {
    const { origin } = request.headers;
    if (!rules.enabled || origin === undefined) {
      done();
      return;
    }
    if (request.method === "OPTIONS" && request.headers["access-control-request-method"] !== undefined) {
      preflight(request, reply, origin);
      return;
    }
    if (letRead(reply, origin) && rules.exposed_headers.length > 0)
      reply.raw.setHeader("access-control-expose-headers", rules.exposed_headers.join(", "));
    done();
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
