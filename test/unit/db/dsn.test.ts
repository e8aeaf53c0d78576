import { describe, expect, it } from "vitest";
import { DsnError, parseDsn } from "../../../src/db/dsn.ts";

const brief = (text: string) => {
  const { user, password, host, port, socketPath, database } = parseDsn(text);
  return { user, password, host, port, socketPath, database };
};

describe("a dsn", () => {
  it.each([
    [
      "mysql://root@tcp(127.0.0.1:3310)/peer?parseTime=true",
      { user: "root", password: "", host: "127.0.0.1", port: 3310, database: "peer" },
    ],
    [
      "root:s3c:r@t/@tcp(db.example.com)/app",
      { user: "root", password: "s3c:r@t/", host: "db.example.com", port: 3306, database: "app" },
    ],
    [
      "mysql://a:100%@tcp([::1]:3307)/my%2Fdb",
      { user: "a", password: "100%", host: "::1", port: 3307, database: "my/db" },
    ],
    [
      "mysql://a:b@tcp(h:1)/d?loc=Europe/Berlin&multiStatements=true",
      { user: "a", password: "b", host: "h", port: 1, database: "d" },
    ],
    ["mysql://a:p%40ss%2F@h:3306/db", { user: "a", password: "p@ss/", host: "h", port: 3306, database: "db" }],
    ["mysql://a:b@h/db", { user: "a", password: "b", host: "h", port: 3306, database: "db" }],
    [
      "mariadb://a:b@[2001:db8::1]:3306/db",
      { user: "a", password: "b", host: "2001:db8::1", port: 3306, database: "db" },
    ],
    ["mysql://:@/db", { user: "", password: "", host: "127.0.0.1", port: 3306, database: "db" }],
    ["@tcp/db", { user: "", password: "", host: "127.0.0.1", port: 3306, database: "db" }],
  ])("is read: %s", (text, expected) => {
    expect(brief(text)).toEqual({ socketPath: undefined, ...expected });
  });

  it.each([
    ["user@unix(/run/my sql/s.sock)/db", "/run/my sql/s.sock"],
    ["mysql://user:p@unix(/run/s)/db?parseTime=true", "/run/s"],
    ["mysql://user@localhost/db?socketPath=/run/s", "/run/s"],
    ["mysql://user@localhost/db?socketPath=%2Frun%2Fs", "/run/s"],
  ])("may name a socket: %s", (text, socketPath) => {
    expect(brief(text)).toMatchObject({ socketPath, host: undefined, user: "user", database: "db" });
  });

  it("carries the limits of the pool", () => {
    expect(
      parseDsn(
        "mysql://u@tcp(h)/d?max_conns=20&max_idle_conns=4&max_conn_lifetime=5m&max_conn_idle_time=1m30s&timeout=500ms",
      ),
    ).toMatchObject({
      maxConnections: 20,
      maxIdleConnections: 4,
      maxLifetime: 300_000,
      maxIdleTime: 90_000,
      connectTimeout: 500,
    });
  });

  it.each([
    ["", "off"],
    ["?tls=false", "off"],
    ["?tls=true", "verify"],
    ["?tls=skip-verify", "any"],
    ["?tls=preferred", "preferred"],
  ])("says with %s that tls is %s", (params, tls) => {
    expect(parseDsn(`mysql://u@tcp(h)/d${params}`).tls).toBe(tls);
  });

  it.each([
    "",
    "memory",
    "postgres://u:hunter2@h/d",
    "mysql://u:hunter2@h",
    "mysql://u:hunter2@h/",
    "mysql://u:hunter2@tcp(h:0)/d",
    "mysql://u:hunter2@tcp(h:99999)/d",
    "mysql://u:hunter2%zz@h/d",
    "mysql://u:hunter2@tcp(h)/d?tls=custom",
    "mysql://u:hunter2@tcp(h)/d?max_conns=many",
    "mysql://u:hunter2@tcp(h)/d?timeout=1y",
  ])("that cannot be read is refused without repeating its password: %s", (text) => {
    expect(() => parseDsn(text)).toThrow(DsnError);
    expect(() => parseDsn(text)).not.toThrow(/hunter2/);
  });
});
