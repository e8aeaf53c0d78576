import { describe, expect, it } from "vitest";
import { parseDsn } from "../../../src/lib/dsn.ts";
import { DsnError } from "../../../src/lib/dsn-error.ts";

const brief = (text: string) => {
  const { user, password, addresses, database } = parseDsn(text);
  expect(addresses).toHaveLength(1);
  return { user, password, ...addresses[0], database };
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
    expect(brief(text)).toEqual(expected);
  });

  it.each([
    ["user@unix(/run/my sql/s.sock)/db", "/run/my sql/s.sock"],
    ["mysql://user:p@unix(/run/s)/db?parseTime=true", "/run/s"],
    ["mysql://user@localhost/db?socketPath=/run/s", "/run/s"],
    ["mysql://user@localhost/db?socketPath=%2Frun%2Fs", "/run/s"],
  ])("may name a socket: %s", (text, socketPath) => {
    expect(brief(text)).toMatchObject({ socketPath, user: "user", database: "db" });
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

  it("may have no limits, and keep nothing that is unused", () => {
    expect(
      parseDsn("mysql://u@tcp(h)/d?max_conns=0&max_idle_conns=0&max_conn_lifetime=0s&max_conn_idle_time=0"),
    ).toMatchObject({
      maxConnections: Number.POSITIVE_INFINITY,
      maxIdleConnections: 0,
      maxLifetime: undefined,
      maxIdleTime: undefined,
    });
  });

  it.each([
    ["timeout=500ms&readTimeout=20s&writeTimeout=20s", { connectTimeout: 500, statementTimeout: 20_000 }],
    ["connect_timeout=10&socket_timeout=3", { connectTimeout: 10_000, statementTimeout: 3_000 }],
    ["connectTimeout=1500&socketTimeout=0", { connectTimeout: 1_500, statementTimeout: undefined }],
    ["connection_limit=5", { maxConnections: 5 }],
    ["compress=true&allowCleartextPasswords=1", { compress: true, cleartextPassword: true }],
    [
      "connectionAttributes=program_name:ostiary,url:http://x",
      { attributes: { program_name: "ostiary", url: "http://x" } },
    ],
    ["wsrep_sync_wait=0", { syncWait: 0 }],
    ["allowNativePasswords=true&allowOldPasswords=false&tx_isolation=%27READ-COMMITTED%27", {}],
    [
      "loc=Europe%2FBerlin&parseTime=true&charset=utf8mb4,utf8&collation=utf8mb4_bin&multiStatements=true&" +
        "interpolateParams=true&maxAllowedPacket=0",
      {},
    ],
  ])("may say in any driver's words %s", (params, expected) => {
    expect(parseDsn(`mysql://u@tcp(h)/d?${params}`)).toMatchObject(expected);
  });

  it.each([
    [
      "tcp(a:1),tcp(b:2)",
      [
        ["a", 1],
        ["b", 2],
      ],
    ],
    [
      "tcp(a:1,b)",
      [
        ["a", 1],
        ["b", 3306],
      ],
    ],
    ["tcp([::1]:3307),unix(/run/s),tcp(b)", [["::1", 3307], ["/run/s"], ["b", 3306]]],
    [
      "a:1,[2001:db8::1]:2,c",
      [
        ["a", 1],
        ["2001:db8::1", 2],
        ["c", 3306],
      ],
    ],
  ])("may name several addresses: %s", (addresses, expected) => {
    const found = parseDsn(`mysql://u:p@${addresses}/d`).addresses;
    expect(found.map((one) => (one.socketPath === undefined ? [one.host, one.port] : [one.socketPath]))).toEqual(
      expected,
    );
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
    "mysql://u:hunter2@tcp(h)/d?max_conns=-1",
    "mysql://u:hunter2@tcp(a),tcp(b:0)/d",
    "mysql://u:hunter2@tcp(h)/d?wsrep_sync_wait=16",
    "mysql://u:hunter2@tcp(h)/d?timeout=10",
    "mysql://u:hunter2@tcp(h)/d?timeout=1y",
  ])("that cannot be read is refused without repeating its password: %s", (text) => {
    expect(() => parseDsn(text)).toThrow(DsnError);
    expect(() => parseDsn(text)).not.toThrow(/hunter2/);
  });

  it.each([
    ["allowNativePasswords=false", "allowNativePasswords cannot switch native passwords off"],
    ["allowOldPasswords=true", "allowOldPasswords asks for passwords of MySQL 4"],
    ["allowPublicKeyRetrieval=false", "allowPublicKeyRetrieval cannot be false"],
    ["serverPubKey=mine", "serverPubKey names a key that a Go program registers"],
    ["tx_isolation=SERIALIZABLE", "tx_isolation is set by the server itself"],
    ["sql_mode=ANSI", "sql_mode is set by the server itself"],
    ["colour=red", "parameter colour is not known; take it out"],
    ["max_conns=1&maxConns=2", "maxConns is there twice"],
    ["max_conns=1&connection_limit=2", "max_conns and connection_limit say one thing in two ways"],
    ["connectionAttributes=x", "connectionAttributes must be of the form name:value"],
    ["pass%20word=hunter2", "a parameter that is not known"],
  ])("is refused by the name of what cannot be had: %s", (params, says) => {
    expect(() => parseDsn(`mysql://u:hunter2@tcp(h)/d?${params}`)).toThrow(says);
    expect(() => parseDsn(`mysql://u:hunter2@tcp(h)/d?${params}`)).not.toThrow(/hunter2/);
  });
});

describe("TLS", () => {
  it.each([
    ["", "off"],
    ["tls=false", "off"],
    ["tls=0", "off"],
    ["sslmode=disable", "off"],
    ["ssl-mode=DISABLED", "off"],
    ["useSSL=false", "off"],
    ["ssl=0", "off"],
    ["tls=true", "verify"],
    ["tls=1", "verify"],
    ["tls=TRUE", "verify"],
    ["ssl=true", "verify"],
    ["ssl=%7B%7D", "verify"],
    ["ssl=%7B%22rejectUnauthorized%22%3Atrue%7D", "verify"],
    ["sslmode=verify-full", "verify"],
    ["sslMode=VERIFY_IDENTITY", "verify"],
    ["ssl_mode=VERIFY_IDENTITY&ssl_ca=/ca.pem", "verify"],
    ["sslaccept=strict", "verify"],
    ["ssl_ca=/ca.pem", "verify"],
    ["sslca=/ca.pem&ssl_check_hostname=false", "authority"],
    ["ssl_verify_identity=true", "verify"],
    ["ssl_verify_cert=true", "verify"],
    ["ssl_cert=/c.pem&ssl_key=/k.pem", "verify"],
    ["sslMode=VERIFY_CA", "authority"],
    ["useSSL=true&verifyServerCertificate=true", "authority"],
    ["verifyServerCertificate=true&requireSSL=true", "authority"],
    ["sslmode=require&sslrootcert=/ca.pem", "authority"],
    ["tls=skip-verify&ssl_ca=/ca.pem", "authority"],
    ["tls=preferred&ssl_ca=/ca.pem", "authority"],
    ["ssl=%7B%22rejectUnauthorized%22%3Atrue,%22verifyIdentity%22%3Afalse%7D", "authority"],
    ["tls=skip-verify", "any"],
    ["sslmode=require", "any"],
    ["ssl-mode=REQUIRED", "any"],
    ["sslMode=trust", "any"],
    ["requireSSL=true", "any"],
    ["useSSL=true", "any"],
    ["useSSL=true&requireSSL=true&verifyServerCertificate=false", "any"],
    ["ssl=%7B%22rejectUnauthorized%22%3Afalse%7D", "any"],
    ["sslaccept=accept_invalid_certs", "any"],
    ["tls=preferred", "preferred"],
    ["sslmode=prefer", "preferred"],
    ["ssl-mode=PREFERRED", "preferred"],
  ])("by %s is %s", (params, mode) => {
    expect(parseDsn(`mysql://u@tcp(h)/d?${params}`).tls.mode).toBe(mode);
  });

  it.each([
    ["tls=custom", "tls must be true, false, skip-verify or preferred; an authority of your own is named by ssl_ca"],
    ["ssl=Amazon%20RDS", "ssl must be disabled, preferred, required, verify_ca or verify_identity"],
    ["ssl=%7Bnope", "ssl is no JSON"],
    ["ssl=%7B%22ca%22%3A%22x%22%7D", 'ssl holds "ca", which is not known; files are named by ssl_ca'],
    ["tls=false&sslmode=require", "tls and sslmode contradict each other"],
    ["tls=false&ssl_ca=/ca.pem", "switches TLS off and asks for it"],
    ["useSSL=false&requireSSL=true", "switches TLS off and asks for it"],
    ["tls=false&requireSSL=true", "switches TLS off and asks for it"],
    ["useSSL=perhaps", "useSSL must be true or false"],
    ["ssl_cert=/c.pem", "needs both ssl_cert and ssl_key"],
    ["tls=true&allowFallbackToPlaintext=true", "say tls=preferred"],
    ["tls_version=TLSv1", "tls_version may name TLSv1.2 and TLSv1.3"],
    ...[
      "ssl_capath=/x",
      "ssl_cipher=AES",
      "ssl_crl=/x",
      "trustCertificateKeyStoreUrl=file:x",
      "clientCertificateKeyStorePassword=hunter2",
      "sslidentity=x",
      "tlsFancy=1",
    ].map((params) => [params, `${params.split("=")[0]} asks for something of TLS that is not known here`]),
  ])("by %s is refused, never passed over", (params = "", says = "") => {
    expect(() => parseDsn(`mysql://u:hunter2@tcp(h)/d?${params}`)).toThrow(says);
    expect(() => parseDsn(`mysql://u:hunter2@tcp(h)/d?${params}`)).not.toThrow(/hunter2/);
  });

  it("over a unix socket has no name to verify", () => {
    expect(() => parseDsn("mysql://u@unix(/run/s)/d?tls=true")).toThrow(/unix socket/);
    expect(
      parseDsn("mysql://u@unix(/run/s)/d?ssl-mode=VERIFY_CA&ssl_ca=/ca.pem&tls_version=TLSv1.3,TLSv1.2").tls,
    ).toEqual({
      mode: "authority",
      ca: "/ca.pem",
      cert: undefined,
      key: undefined,
      versions: ["TLSv1.3", "TLSv1.2"],
    });
  });
});
