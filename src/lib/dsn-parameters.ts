import { DsnError } from "./dsn-error.ts";
import { isAboutTls, readTls, tlsNames, type Written } from "./dsn-tls.ts";
import type { Dsn } from "./dsn-type.ts";

/** What the parameters of a DSN say. */
export type DsnSettings = Omit<Dsn, "user" | "password" | "addresses" | "database"> & {
  readonly socketPath: string | undefined;
};

/*
 * Drivers spell one thing in many ways: names are compared without `-`, `_` and
 * capitals. What is honoured stands in `honoured`; what is so anyway, or means
 * nothing here, in `idle`; what asks for what is not there, in `refused`.
 */

const honoured = {
  socket: ["socketpath", "socket", "unixsocket"],
  maxConnections: ["maxconns", "maxopenconns", "connectionlimit"],
  maxIdleConnections: ["maxidleconns", "maxidle"],
  maxLifetime: ["maxconnlifetime"],
  maxIdleTime: ["maxconnidletime", "idletimeout"],
  connectTimeout: ["timeout", "connecttimeout"],
  statementTimeout: ["readtimeout", "sockettimeout"],
  compress: ["compress", "usecompression"],
  cleartextPassword: ["allowcleartextpasswords"],
  attributes: ["connectionattributes", "connectattributes"],
  syncWait: ["wsrepsyncwait"],
} as const;

const idle = new Set([
  // Times are in UTC, texts in utf8mb4, one statement at a time, values never in the text.
  ...[
    "parsetime",
    "loc",
    "timetruncate",
    "timezone",
    "servertimezone",
    "connectiontimezone",
    "charset",
    "collation",
    "connectioncollation",
    "characterencoding",
  ],
  ...[
    "useunicode",
    "multistatements",
    "multiplestatements",
    "allowmultiqueries",
    "interpolateparams",
    "columnswithalias",
    "clientfoundrows",
    "useaffectedrows",
  ],
  ...[
    "datestrings",
    "supportbignumbers",
    "bignumberstrings",
    "decimalnumbers",
    "zerodatetimebehavior",
    "tinyint1isbit",
    "uselegacydatetimecode",
  ],
  // Connections are looked at before they are used, and made again.
  ...[
    "checkconnliveness",
    "rejectreadonly",
    "autoreconnect",
    "maxreconnects",
    "failoverreadonly",
    "waitforconnections",
    "queuelimit",
    "enablekeepalive",
  ],
  ...["tcpkeepalive", "keepaliveinitialdelay", "writetimeout"],
  // Statements are prepared and cached.
  ...[
    "cacheprepstmts",
    "prepstmtcachesize",
    "prepstmtcachesqllimit",
    "useserverprepstmts",
    "rewritebatchedstatements",
    "statementcachesize",
  ],
  ...[
    "maxallowedpacket",
    "serverversion",
    "applicationname",
    "programname",
    "allowallfiles",
    "allowloadlocalinfile",
    "usemysqlmetadata",
    "useinformationschema",
  ],
]);

/** Values that say what is so anyway, and why no other is accepted. */
const refused: Readonly<Record<string, { readonly unless: RegExp; readonly because: string }>> = {
  allownativepasswords: {
    unless: /^(?:1|t|true)$/i,
    because: "cannot switch native passwords off; make a user of another plugin on the server",
  },
  allowoldpasswords: { unless: /^(?:0|f|false)$/i, because: "asks for passwords of MySQL 4, which are not supported" },
  allowpublickeyretrieval: {
    unless: /^(?:1|t|true)$/i,
    because: "cannot be false: the key is asked for where there is no TLS; use TLS",
  },
  serverpubkey: { unless: /^$/, because: "names a key that a Go program registers; use TLS" },
  transactionisolation: { unless: /^'?read.committed'?$/i, because: "is set by the server itself: READ COMMITTED" },
  txisolation: { unless: /^'?read.committed'?$/i, because: "is set by the server itself: READ COMMITTED" },
  autocommit: { unless: /^(?:1|true|on)$/i, because: "is set by the server itself" },
  sqlmode: { unless: /^$/, because: "is set by the server itself, strictly" },
  innodblockwaittimeout: { unless: /^$/, because: "is set by the server itself: 5 seconds" },
};

/** Reads parameters. @throws DsnError for one that is not known, is there twice, or is not of its form */
export const readParameters = (given: URLSearchParams): DsnSettings => {
  const parameters = new Map<string, Written>();
  for (const [name, text] of given) {
    const plain = name.toLowerCase().replaceAll(/[-_]/g, "");
    if (parameters.has(plain)) throw new DsnError(`the dsn's parameter ${name} is there twice`);
    parameters.set(plain, { name, text });
    refuseUnknown(plain, name, text);
  }
  const find = (key: keyof typeof honoured): Written | undefined => {
    const [first, second] = honoured[key].flatMap((name) => parameters.get(name) ?? []);
    if (second !== undefined && first?.text !== second.text)
      throw new DsnError(`the dsn's parameters ${first?.name} and ${second.name} say one thing in two ways`);
    return first;
  };
  const connections = count(find("maxConnections"));
  return {
    socketPath: find("socket")?.text,
    tls: readTls(parameters),
    maxConnections: connections === 0 ? Number.POSITIVE_INFINITY : connections,
    maxIdleConnections: count(find("maxIdleConnections")),
    maxLifetime: duration(find("maxLifetime")),
    maxIdleTime: duration(find("maxIdleTime")),
    connectTimeout: duration(find("connectTimeout")),
    statementTimeout: duration(find("statementTimeout")),
    compress: flag(find("compress")),
    cleartextPassword: flag(find("cleartextPassword")),
    attributes: attributes(find("attributes")),
    syncWait: syncWait(find("syncWait")),
  };
};

const known: ReadonlySet<string> = new Set([...Object.values(honoured).flat(), ...idle, ...tlsNames]);

const refuseUnknown = (plain: string, name: string, text: string): void => {
  const rule = Object.hasOwn(refused, plain) ? refused[plain] : undefined;
  if (rule !== undefined) {
    if (!rule.unless.test(text)) throw new DsnError(`the dsn's parameter ${name} ${rule.because}`);
    return;
  }
  if (known.has(plain)) return;
  if (!/^\w[\w.-]{0,63}$/.test(name)) throw new DsnError("the dsn has a parameter that is not known");
  throw new DsnError(
    isAboutTls(plain)
      ? `the dsn's parameter ${name} asks for something of TLS that is not known here; tls, ssl-mode, ssl_ca, ` +
          "ssl_cert, ssl_key and tls_version are"
      : `the dsn's parameter ${name} is not known; take it out`,
  );
};

const count = (written: Written | undefined): number | undefined => {
  if (written === undefined) return undefined;
  if (!/^(?:0|[1-9]\d{0,4})$/.test(written.text))
    throw new DsnError(`the dsn's parameter ${written.name} must be a number, 0 or more`);
  return Number(written.text);
};

const flag = (written: Written | undefined): boolean => {
  if (written === undefined || /^(?:0|f|false)$/i.test(written.text)) return false;
  if (/^(?:1|t|true)$/i.test(written.text)) return true;
  throw new DsnError(`the dsn's parameter ${written.name} must be true or false`);
};

const units: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const DURATION = /^(?:(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h))+$/;

/** Go writes a unit; other drivers write seconds in `snake_case` and milliseconds in `camelCase`. 0 is no limit. */
const duration = (written: Written | undefined): number | undefined => {
  if (written === undefined) return undefined;
  const { name, text } = written;
  if (
    /^\d{1,9}$/.test(text) &&
    (Number(text) === 0 || (!name.startsWith("max_") && name !== "timeout" && name !== "readTimeout"))
  )
    return Number(text) * (name.includes("_") ? 1000 : 1) || undefined;
  if (!DURATION.test(text)) throw new DsnError(`the dsn's parameter ${name} must be a duration such as 30s or 5m`);
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g))
    ms += Number(amount) * (units[unit ?? ""] ?? 0);
  return ms || undefined;
};

/** `program:ostiary,team:identity` */
const attributes = (written: Written | undefined): Readonly<Record<string, string>> => {
  const pairs = (written?.text ?? "").split(",").filter((pair) => pair !== "");
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name = "", ...value] = pair.split(":");
      if (name === "" || value.length === 0)
        throw new DsnError(`the dsn's parameter ${written?.name} must be of the form name:value,name:value`);
      return [name, value.join(":")];
    }),
  );
};

const syncWait = (written: Written | undefined): number | undefined => {
  if (written === undefined) return undefined;
  if (!/^(?:\d|1[0-5])$/.test(written.text))
    throw new DsnError(`the dsn's parameter ${written.name} must be a number from 0 to 15`);
  return Number(written.text);
};
