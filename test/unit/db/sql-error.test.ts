import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { DatabaseUnavailable, fromDriver, isDuplicate, type SqlError } from "../../../src/db/sql-error.ts";
import type { Call } from "../../../src/lib/call.ts";
import { createLog } from "../../../src/lib/log.ts";
import { describeError } from "../../../src/lib/log-error.ts";
import { toFailure } from "../../../src/server/to-failure.ts";

/*
 * What engines and proxies say when a statement fails, each with a value in it
 * that nobody else may see. Texts as MySQL, MariaDB, Galera, TiDB and Vitess
 * write them.
 */

const canary = "canary-4711@example.com";
const behind = (text: string, errno: number, state = "HY000") =>
  `target: ks.-80.primary: vttablet: rpc error: code = Unknown desc = ${text} (errno ${errno}) (sqlstate ` +
  `${state}) (CallerID: ${canary}): Sql: "insert into t(a) values (:v1 /* VARCHAR */)", BindVars: {v1: ` +
  `"type:VARCHAR value:"${canary}""}`;

const texts: readonly (readonly [errno: number, code: string, text: string])[] = [
  [1062, "ER_DUP_ENTRY", `Duplicate entry '${canary}' for key 'things_name'`],
  [1062, "ER_DUP_ENTRY", `Duplicate entry '${canary}' for key 'things.things_name'`],
  [1062, "ER_DUP_ENTRY", behind(`Duplicate entry '${canary}' for key 'things.things_name'`, 1062, "23000")],
  [1062, "ER_DUP_ENTRY", `Duplicate entry '${canary}' for key 'things_name' (errno 1062) (sqlstate 23000)`],
  [1366, "ER_TRUNCATED_WRONG_VALUE_FOR_FIELD", `Incorrect integer value: '${canary}' for column 'n' at row 1`],
  [1292, "ER_TRUNCATED_WRONG_VALUE", `Truncated incorrect INTEGER value: '${canary}'`],
  [3140, "ER_INVALID_JSON_TEXT", `Invalid JSON text: "Invalid value." at position 1 in value for column '${canary}'.`],
  [4025, "ER_CONSTRAINT_FAILED", behind("CONSTRAINT `things.doc` failed for `db`.`things`", 4025)],
  [1406, "ER_DATA_TOO_LONG", behind("Data too long for column 'name' at row 1", 1406, "22001")],
  [1048, "ER_BAD_NULL_ERROR", `Column 'name' cannot be null (CallerID: ${canary})`],
  [1054, "ER_BAD_FIELD_ERROR", `Unknown column 'x' in 'field list' BindVars: {v1: "${canary}"}`],
  [1064, "ER_PARSE_ERROR", `syntax error at position 7 target: ks.0.primary: ${canary}`],
  [1213, "ER_LOCK_DEADLOCK", behind("Deadlock found when trying to get lock", 1213, "40001")],
  [1205, "ER_LOCK_WAIT_TIMEOUT", `Lock wait timeout exceeded (errno 1205) ${canary}`],
  [1180, "ER_ERROR_DURING_COMMIT", `Got error 149 'Lock deadlock' during COMMIT (CallerID: ${canary})`],
  [
    9007,
    "UNKNOWN_CODE_PLEASE_REPORT",
    `Write conflict, txnStartTS=1, key={tableID=1, handle=${canary}} [try again later]`,
  ],
  [9004, "UNKNOWN_CODE_PLEASE_REPORT", `resolve lock timeout ${canary}`],
  [1969, "ER_STATEMENT_TIMEOUT", `Query execution was interrupted (max_statement_time exceeded) ${canary}`],
  [3024, "ER_QUERY_TIMEOUT", `Query execution was interrupted ${canary}`],
  [2013, "CR_SERVER_LOST", behind("Lost connection to MySQL server during query", 2013)],
  [2006, "CR_SERVER_GONE_ERROR", behind("MySQL server has gone away", 2006)],
  [1047, "ER_UNKNOWN_COM_ERROR", `WSREP has not yet prepared node for application use ${canary}`],
  [1317, "ER_QUERY_INTERRUPTED", behind("Query execution was interrupted", 1317)],
  [1105, "ER_UNKNOWN_ERROR", behind(`value ${canary} is bad`, 1105)],
];

const make = (errno: number, code: string, text: string, statement = "INSERT INTO t VALUES (?)") =>
  fromDriver(
    Object.assign(new Error(text), { errno, code, sqlMessage: text, sql: statement, sqlState: "HY000" }),
    statement,
    true,
  );

describe("no value reaches anybody", () => {
  it.each(texts)("from error %i (%s): %s", (errno, code, text) => {
    const error = make(errno, code, text);
    const lines: string[] = [];
    const log = createLog({ level: "trace", format: "json" }, { write: (line) => lines.push(line) });
    log.error({ err: error }, "failed");
    log.flush();
    const call = { signal: new AbortController().signal } as Call;
    const failure = toFailure({
      rpc: "x",
      callLog: { trouble: (_, __, told) => log.error({ err: describeError(told) }, "failed") },
    })(error, call, () => undefined);
    log.flush();
    expect(lines.length).toBeGreaterThan(1);
    const { cause, ...parts } = (failure.thrown as { readonly parts: { readonly cause?: unknown } }).parts;
    for (const seen of [
      ...lines,
      error.message,
      error.stack,
      JSON.stringify(error),
      inspect(error),
      JSON.stringify(parts),
      String(failure.thrown),
    ])
      expect(seen).not.toContain("canary");
    expect(cause).toBe(error);
  });
});

describe("what happened is told apart", () => {
  it.each([1020, 1205, 1213, 3101, 8022, 8028, 9004, 9007])(
    "error %i is a conflict, and may be begun again",
    (errno) => {
      expect(make(errno, "X", "x")).toMatchObject({ name: "SqlError", transient: true });
    },
  );

  it("a commit that failed is a conflict only if the engine says that it was a deadlock", () => {
    expect(make(1180, "X", "Got error 149 'Lock deadlock; retry transaction' during COMMIT")).toMatchObject({
      transient: true,
    });
    expect(make(1180, "X", "Got error 6 'No such device' during COMMIT")).toMatchObject({ transient: false });
  });

  it.each([2006, 2013, 1317, 1927, 3169, 8501])("error %i means lost, and nobody knows what became of it", (errno) => {
    expect(make(errno, "X", "x")).toMatchObject({ name: "DatabaseUnavailable", reason: "lost", outcome: "unknown" });
  });

  it.each([1969, 3024])("error %i is a time-out, and undone", (errno) => {
    expect(make(errno, "X", "x")).toMatchObject({
      name: "DatabaseUnavailable",
      reason: "timeout",
      outcome: "not-applied",
    });
  });

  it.each([1040, 1047, 1053, 1129, 1203, 1226, 1290, 1792, 1836, 4031])("error %i means not begun", (errno) => {
    expect(make(errno, "X", "x")).toMatchObject({
      name: "DatabaseUnavailable",
      reason: "refused",
      outcome: "not-applied",
    });
  });
});

describe("the key of a duplicate", () => {
  const keyOf = (text: string) => (make(1062, "ER_DUP_ENTRY", text) as SqlError).constraint;

  it("is found wherever it stands", () => {
    expect(keyOf(`Duplicate entry '${canary}' for key 'things_name'`)).toBe("things_name");
    expect(keyOf(`Duplicate entry '${canary}' for key 'things.things_name'`)).toBe("things_name");
    expect(keyOf(behind(`Duplicate entry '${canary}' for key 'things.PRIMARY'`, 1062))).toBe("PRIMARY");
  });

  it("is never what the value says", () => {
    const value = "x' for key 'PRIMARY";
    expect(keyOf(`Duplicate entry '${value}' for key 'things_name'`)).toBe("things_name");
    const proxied = behind(`Duplicate entry '${value}' for key 'things_name'`, 1062).replaceAll(canary, value);
    expect(keyOf(proxied)).toBeUndefined();
    expect(isDuplicate(make(1062, "ER_DUP_ENTRY", proxied))).toBe(true);
    expect(isDuplicate(make(1062, "ER_DUP_ENTRY", proxied), "PRIMARY")).toBe(false);
  });
});

describe("the column of a value", () => {
  const columnOf = (errno: number, text: string) => (make(errno, "X", text) as SqlError).column;

  it.each([
    [1406, "Data too long for column 'name' at row 1"],
    [1264, "Out of range value for column 'name' at row 12"],
    [1366, `Incorrect string value: '\\xF0\\x9F' for column \`the-db\`.\`things\`.\`name\` at row 1`],
    [3140, `Invalid JSON text: "Invalid value." at position 1 in value for column 'things.name'.`],
    [4025, "CONSTRAINT `things.name` failed for `the-db`.`things`"],
  ])("is found at the end of error %i", (errno, text) => {
    expect(columnOf(errno, text)).toBe("name");
  });

  it.each([
    [1366, `Incorrect integer value: 'x' for column 'a' at row 1' for column 'name' at row 1`, "name"],
    [1366, behind(`Incorrect integer value: 'x' for column 'a' at row 1`, 1366), undefined],
    [4025, "CONSTRAINT `short_name` failed for `db`.`things`", undefined],
    [1062, `Duplicate entry 'x' for column 'a' at row 1' for key 'things_name'`, undefined],
  ])("is never what the value of error %i says: %s", (errno, text, column) => {
    expect(columnOf(errno, text)).toBe(column);
  });
});

it("what is ours already stays as it is", () => {
  const lost = new DatabaseUnavailable("lost", "lost");
  expect(fromDriver(lost, "", true)).toBe(lost);
  expect(fromDriver("text", "", true)).toMatchObject({ message: "text" });
});
