import { DsnError } from "./dsn-error.ts";
import { readParameters } from "./dsn-parameters.ts";
import type { Dsn, DsnAddress } from "./dsn-type.ts";

const SCHEME = /^(?:mysql|mariadb):\/\//i;
const GO_ADDRESS = String.raw`(?:tcp[46]?|unix)(?:\([^)]*\))?`;
const GO_FORM = new RegExp(
  `^(?:(?<login>.*)@)?(?<addresses>${GO_ADDRESS}(?:,${GO_ADDRESS})*)/(?<database>[^/?]*)(?:\\?(?<params>.*))?$`,
  "s",
);
const URL_FORM = /^(?:(?<login>[^/?]*)@)?(?<addresses>[^/?@]*)\/(?<database>[^/?]*)(?:\?(?<params>.*))?$/s;

/**
 * Reads a DSN in the form of the Go driver, `mysql://user:pass@tcp(host:port)/db?parseTime=true`
 * or `user@unix(/path)/db`, or as a URL, `mysql://user:pass@host:port/db?socketPath=/path`.
 * Both take several addresses: `tcp(a:3306),tcp(b:3306)`, `tcp(a,b)`, `a:3306,b:3306`.
 *
 * In the Go form user and password stand for themselves, as that driver takes
 * them; in a URL, and in the name of the database, `%40` is `@`. Parameters are
 * honoured, or refused by name.
 *
 * @throws DsnError, whose message never repeats the text: it holds a password
 */
export const parseDsn = (text: string): Dsn => {
  const rest = text.trim().replace(SCHEME, "");
  const go = GO_FORM.exec(rest)?.groups;
  const parts = go ?? (SCHEME.test(text.trim()) ? URL_FORM.exec(rest)?.groups : undefined);
  if (parts === undefined)
    throw new DsnError(
      "the dsn is not of the form mysql://user:password@tcp(host:port)/database or " +
        "mysql://user:password@host:port/database",
    );

  const { socketPath, ...settings } = readParameters(new URLSearchParams(parts.params ?? ""));
  const [user, password] = splitLogin(parts.login ?? "", go !== undefined);
  const database = decode(parts.database ?? "", "database");
  if (database === "") throw new DsnError("the dsn names no database");
  const named =
    go === undefined ? (parts.addresses ?? "").split(",").map(readTcp) : readGoAddresses(parts.addresses ?? "");
  const [first, ...others] = socketPath === undefined ? named : [{ socketPath }];
  if (first === undefined) throw new DsnError("the dsn names no host");
  if (settings.tls.mode === "verify" && [first, ...others].some((address) => address.socketPath !== undefined))
    throw new DsnError(
      "the dsn asks to verify the server's name over a unix socket, which has none; leave TLS out there, or say " +
        "ssl-mode=VERIFY_CA",
    );
  return { user, password, addresses: [first, ...others], database, ...settings };
};

const splitLogin = (login: string, raw: boolean): readonly [string, string] => {
  const colon = login.indexOf(":");
  const [user, password] = colon < 0 ? [login, ""] : [login.slice(0, colon), login.slice(colon + 1)];
  return raw ? [user, password] : [decode(user, "user"), decode(password, "password")];
};

const readGoAddresses = (text: string): DsnAddress[] =>
  [...text.matchAll(/(tcp[46]?|unix)(?:\(([^)]*)\))?(?:,|$)/g)].flatMap(([, net, inner = ""]): DsnAddress[] =>
    net === "unix" ? [{ socketPath: inner || "/tmp/mysql.sock" }] : inner.split(",").map(readTcp),
  );

const readTcp = (address: string): DsnAddress => {
  const found = /^(?:\[(?<six>[^\]]+)\]|(?<four>[^:[\]]*))(?::(?<port>\d{1,5}))?$/.exec(address.trim())?.groups;
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
