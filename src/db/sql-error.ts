/**
 * What can go wrong with a statement. Messages never carry values: the server's
 * own texts quote them ("Duplicate entry 'ann@example.com'"), so only those
 * texts are stored that quote nothing but names.
 */

/** The server refused a statement. The transaction may go on unless it says otherwise. */
export class SqlError extends Error {
  override readonly name = "SqlError";
  /** The server's number, e.g. 1062. */
  readonly errno: number;
  /** The server's name for it, e.g. `ER_DUP_ENTRY`. */
  readonly code: string;
  /** The unique key that a duplicate ran into, without its table. */
  readonly constraint: string | undefined;
  /** The column whose value was refused, without its table, where the server's text ends with it. */
  readonly column: string | undefined;
  /** The statement with its placeholders. */
  readonly statement: string;
  /** The transaction was undone, or has to be, and may succeed if it is begun again. */
  readonly transient: boolean;

  constructor(message: string, parts: SqlErrorParts) {
    super(message);
    this.errno = parts.errno;
    this.code = parts.code;
    this.constraint = parts.constraint;
    this.column = parts.column;
    this.statement = parts.statement;
    this.transient = parts.transient;
  }
}

interface SqlErrorParts {
  readonly errno: number;
  readonly code: string;
  readonly constraint: string | undefined;
  readonly column: string | undefined;
  readonly statement: string;
  readonly transient: boolean;
}

/** The server cannot be reached, or was lost on the way. */
export class DatabaseUnavailable extends Error {
  override readonly name = "DatabaseUnavailable";
  /** `refused`: it never took the statement. `lost`: the connection broke. `timeout`: no answer came. */
  readonly reason: "refused" | "lost" | "timeout";
  /** `unknown`: a write was on its way and may or may not be in effect. */
  readonly outcome: "not-applied" | "unknown";
  /** It will not pass by itself: the server has no TLS, say, or a certificate that is not trusted. */
  readonly lasting: boolean;

  constructor(
    message: string,
    reason: DatabaseUnavailable["reason"],
    {
      outcome = reason === "refused" ? "not-applied" : "unknown",
      lasting = false,
    }: { readonly outcome?: DatabaseUnavailable["outcome"]; readonly lasting?: boolean } = {},
  ) {
    super(message);
    this.reason = reason;
    this.outcome = outcome;
    this.lasting = lasting;
  }
}

/** Whether a database that is there refused a statement, most likely for one of its rows. */
export const isOfStatement = (cause: unknown): boolean => cause instanceof SqlError;

/** What the driver throws. */
interface DriverError {
  readonly errno?: number;
  readonly code?: string;
  readonly sqlMessage?: string;
  readonly message?: string;
}

// biome-ignore format: a table, read by its columns
const namesOnly = new Set([
  1044, 1045, 1046, 1048, 1049, 1050, 1051, 1054, 1060, 1061, 1064, 1068, 1071, 1072, 1091, 1136, 1142, 1146, 1205,
  1213, 1227, 1290, 1295, 1305, 1364, 1406, 1451, 1452, 1792, 1826, 1836, 3819, 4025,
]);

/** Deadlock, lock wait and failed certification; Galera, Group Replication and TiDB have numbers of their own. */
const conflicts = new Set([1020, 1205, 1213, 3101, 8022, 8028, 9004, 9007]);

/** An error during COMMIT is a conflict only when it names the engine's number for a deadlock. */
const isConflict = (errno: number, text: string): boolean =>
  conflicts.has(errno) || (errno === 1180 && /\b149\b|deadlock/i.test(text));

/**
 * The server is there but will not serve; the statement was not begun. 1047: a Galera node that is not part of the
 * cluster.
 */
const refusing = new Set([1040, 1047, 1053, 1129, 1203, 1226, 1290, 1792, 1836, 4031]);

/** The connection was ended from the other side. */
const killed = new Set([1317, 1927, 3169]);

/** A proxy, or one half of the server, lost the other: nobody knows what became of the statement. */
const upstreamLost = new Set([2006, 2013, 2055, 8501, 9001, 9002, 9003, 9005]);

/** The statement ran for longer than the server lets it, and was undone. */
const tooLong = new Set([1969, 3024]);

const lostCodes = new Set([
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "ECONNABORTED",
  "PROTOCOL_CONNECTION_LOST",
  "PROTOCOL_ERROR",
  "ERR_STREAM_DESTROYED",
]);

const neverConnected = new Set([
  "ECONNREFUSED",
  "ENOENT",
  "EACCES",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

/** Turns what the driver threw into one of ours. `began`: the statement may have reached the server. */
export const fromDriver = (thrown: unknown, statement: string, began: boolean): Error => {
  if (!(thrown instanceof Error) || thrown instanceof SqlError || thrown instanceof DatabaseUnavailable)
    return thrown instanceof Error ? thrown : new Error(String(thrown));
  const { errno, code = "", sqlMessage } = thrown as DriverError;
  const unusable = whyUnusable(code, thrown.message);
  if (unusable !== undefined) return new DatabaseUnavailable(unusable, "refused", { lasting: true });
  const isOneOf = (numbers: ReadonlySet<number>) => errno !== undefined && numbers.has(errno);
  if (isOneOf(tooLong))
    return new DatabaseUnavailable("the database took too long and gave up", "timeout", { outcome: "not-applied" });
  const lost =
    lostCodes.has(code) ||
    isOneOf(killed) ||
    isOneOf(upstreamLost) ||
    (thrown as { readonly fatal?: boolean }).fatal === true;
  if (neverConnected.has(code) || isOneOf(refusing) || (lost && !began)) {
    return new DatabaseUnavailable(`the database cannot be used (${code || "connection lost"})`, "refused");
  }
  if (lost) return new DatabaseUnavailable(`the connection to the database was lost (${code || "closed"})`, "lost");
  // Not from the server: a value that cannot be bound, say. The driver's text names no values.
  if (errno === undefined || sqlMessage === undefined) return thrown;
  const constraint = errno === 1062 ? readKey(sqlMessage) : undefined;
  const named = namesOnly.has(errno) ? withoutValues(sqlMessage) : "";
  const text = named || (constraint === undefined ? code : `duplicate entry for key ${constraint}`);
  return new SqlError(`${text} (${errno})`, {
    errno,
    code,
    constraint,
    column: ofValues.has(errno) ? readColumn(sqlMessage) : undefined,
    statement,
    transient: isConflict(errno, sqlMessage),
  });
};

/** TLS that cannot be had. Node's text names certificates and hosts. */
const whyUnusable = (code: string, text: string): string | undefined => {
  if (code === "HANDSHAKE_NO_SSL_SUPPORT") return "the database cannot be used (it has no TLS, which the dsn asks for)";
  if (code === "HANDSHAKE_SSL_ERROR") return `the database cannot be used (TLS: ${text.slice(0, 200)})`;
  return undefined;
};

/** Proxies add where they sent a statement, who asked, and what was bound; all of it after these words. */
const withoutValues = (text: string): string => text.split(/\s*(?:\(errno|\(CallerID|BindVars|target:)/, 1)[0] ?? "";

/**
 * The unique key that a duplicate ran into. It ends the text of a server; a
 * proxy has more after it. The value stands in the text as well, and may look
 * like a key: where two are named, none is.
 */
const readKey = (text: string): string | undefined => {
  const last = /for key '([^']*)'$/.exec(text)?.[1];
  const named = new Set([...text.matchAll(/for key '([\w.$-]{1,129})'/g)].map(([, key]) => key));
  const key = last ?? (named.size === 1 ? [...named][0] : undefined);
  return key?.replace(/^.*\./, "");
};

/**
 * The column whose value was refused. It ends the text of a server, before the number of the row; MariaDB's name of the
 * check of a JSON column is that of the column. What quotes a value before it, or has more after it, is not read.
 */
const readColumn = (text: string): string | undefined =>
  (/ for column (?:`[^`]*`\.)*[`'](?:\w+\.)?(\w+)[`'](?: at row \d+|\.)?$/.exec(text) ??
    /^CONSTRAINT `\w+\.(\w+)` failed for `[^`]*`\.`\w+`$/.exec(text))?.[1];

/** Says whether a unique key refused a write; with `constraint`, whether that one did. */
export const isDuplicate = (error: unknown, constraint?: string): error is SqlError =>
  error instanceof SqlError && error.errno === 1062 && (constraint === undefined || error.constraint === constraint);

/** Says whether a number was too large or too small for its column: the statement did nothing then. */
export const isOutOfRange = (error: unknown): error is SqlError =>
  error instanceof SqlError && (error.errno === 1264 || error.errno === 1690);

/** Values that a column does not hold: too long, out of range, not of its type, null, or against a CHECK. */
const ofValues = new Set([1048, 1062, 1264, 1265, 1292, 1364, 1366, 1367, 1406, 1411, 1690, 3140, 3141, 3819, 4025]);

/** Says whether a statement was refused for its values: with the same ones it is refused each time. */
export const isOfValues = (error: unknown): error is SqlError =>
  error instanceof SqlError && !error.transient && ofValues.has(error.errno);
