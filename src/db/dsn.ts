/** Where a database is and how to enter it. Exactly one of `host` and `socketPath` is set. */
export interface Dsn {
  readonly user: string;
  readonly password: string;
  readonly host: string | undefined;
  readonly port: number;
  readonly socketPath: string | undefined;
  readonly database: string;
  /** `verify` checks the certificate; `any` takes every certificate; `preferred` is `any` where the server can, else clear text. */
  readonly tls: "off" | "verify" | "any" | "preferred";
  /** Most connections at once, if it says so. */
  readonly maxConnections: number | undefined;
  readonly maxIdleConnections: number | undefined;
  /** Milliseconds until a connection is given up even if it works. */
  readonly maxLifetime: number | undefined;
  /** Milliseconds until an unused connection is closed. */
  readonly maxIdleTime: number | undefined;
  /** Milliseconds to wait for a connection. */
  readonly connectTimeout: number | undefined;
}

/** A DSN that cannot be read. The message never repeats it: it holds a password. */
export class DsnError extends Error {
  override readonly name = "DsnError";
}

const SCHEME = /^(?:mysql|mariadb):\/\//i;
const GO_FORM =
  /^(?:(?<login>.*)@)?(?<net>tcp[46]?|unix)(?:\((?<address>[^)]*)\))?\/(?<database>[^/?]*)(?:\?(?<params>.*))?$/s;
const URL_FORM = /^(?:(?<login>[^/?]*)@)?(?<address>[^/?@]*)\/(?<database>[^/?]*)(?:\?(?<params>.*))?$/s;
const DURATION = /^(?:(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h))+$/;
const units: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const tlsModes: Readonly<Record<string, Dsn["tls"]>> = {
  true: "verify",
  false: "off",
  "skip-verify": "any",
  preferred: "preferred",
};

/**
 * Reads a DSN in the form of the Go driver, `mysql://user:pass@tcp(host:port)/db?parseTime=true`
 * or `user@unix(/path)/db`, or as a URL, `mysql://user:pass@host:port/db?socketPath=/path`.
 *
 * In the Go form user and password stand for themselves, as that driver takes
 * them; in a URL, and in the name of the database, `%40` is `@`. Parameters
 * that only mean something to the Go driver are ignored. Throws DsnError.
 */
export const parseDsn = (text: string): Dsn => {
  const rest = text.trim().replace(SCHEME, "");
  const go = GO_FORM.exec(rest)?.groups;
  const parts = go ?? (SCHEME.test(text.trim()) ? URL_FORM.exec(rest)?.groups : undefined);
  if (parts === undefined)
    throw new DsnError(
      "the dsn is not of the form mysql://user:password@tcp(host:port)/database or mysql://user:password@host:port/database",
    );

  const params = new URLSearchParams(parts.params ?? "");
  const [user, password] = splitLogin(parts.login ?? "", go !== undefined);
  const database = decode(parts.database ?? "", "database");
  if (database === "") throw new DsnError("the dsn names no database");
  const socketPath = go?.net === "unix" ? go.address || "/tmp/mysql.sock" : (params.get("socketPath") ?? undefined);
  const tls = params.get("tls") ?? "false";
  const mode = tlsModes[tls.toLowerCase()];
  if (mode === undefined) throw new DsnError("the dsn's parameter tls must be true, false, skip-verify or preferred");
  return {
    user,
    password,
    ...(socketPath === undefined
      ? { ...splitAddress(parts.address ?? ""), socketPath }
      : { host: undefined, port: 3306, socketPath }),
    database,
    tls: mode,
    maxConnections: count(params, "max_conns"),
    maxIdleConnections: count(params, "max_idle_conns"),
    maxLifetime: duration(params, "max_conn_lifetime"),
    maxIdleTime: duration(params, "max_conn_idle_time"),
    connectTimeout: duration(params, "timeout"),
  };
};

const splitLogin = (login: string, raw: boolean): readonly [string, string] => {
  const colon = login.indexOf(":");
  const [user, password] = colon < 0 ? [login, ""] : [login.slice(0, colon), login.slice(colon + 1)];
  return raw ? [user, password] : [decode(user, "user"), decode(password, "password")];
};

const splitAddress = (address: string): { readonly host: string; readonly port: number } => {
  const found = /^(?:\[(?<six>[^\]]+)\]|(?<four>[^:[\]]*))(?::(?<port>\d{1,5}))?$/.exec(address)?.groups;
  const port = Number(found?.port ?? 3306);
  if (found === undefined || port < 1 || port > 65_535)
    throw new DsnError("the dsn's address is not of the form host:port");
  return { host: found.six ?? (found.four || "127.0.0.1"), port };
};

const decode = (text: string, what: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new DsnError(`the dsn's ${what} has a % that is not followed by two hexadecimal digits; write it as %25`);
  }
};

const count = (params: URLSearchParams, name: string): number | undefined => {
  const text = params.get(name);
  if (text === null) return undefined;
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new DsnError(`the dsn's parameter ${name} must be a positive number`);
  return Number(text);
};

const duration = (params: URLSearchParams, name: string): number | undefined => {
  const text = params.get(name);
  if (text === null || text === "0") return undefined;
  if (!DURATION.test(text)) throw new DsnError(`the dsn's parameter ${name} must be a duration such as 30s or 5m`);
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g))
    ms += Number(amount) * (units[unit ?? ""] ?? 0);
  return ms;
};
