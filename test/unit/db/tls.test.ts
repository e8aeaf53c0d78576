import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { createDatabase } from "../../../src/db/pool.ts";
import { type PrivateDatabase, startPrivateDatabase } from "../../../src/db/private.ts";
import { type Certificate, createAuthority } from "../../setup/certificates.ts";
import { openWay, placeOf, type Way } from "../../setup/way.ts";

/*
 * A real server with a certificate for localhost and 127.0.0.1, reached over
 * TCP by these names and by 127.0.0.2, for which it has none; and the run's own
 * server, which has no TLS at all.
 */

let folder: string;
let server: PrivateDatabase;
let ca: string;
let client: Certificate;
let ways: { readonly tls: Way; readonly other: Way; readonly clear: Way };

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "ostiary-tls-"));
  const authority = createAuthority(folder);
  ca = authority.ca;
  const certificate = authority.certify("server", "DNS:localhost", "IP:127.0.0.1");
  client = authority.certify("client");
  const engine = process.env.ENGINE === "mysql" ? "mysql" : "mariadb";
  server = await startPrivateDatabase({
    dataDir: path.join(folder, "data"),
    engine,
    log: { info: () => undefined, error: () => undefined },
    options: [`--ssl-ca=${ca}`, `--ssl-cert=${certificate.cert}`, `--ssl-key=${certificate.key}`],
  });
  const db = createDatabase({ dsn: server.dsn, poolSize: 1 });
  await db.run("CREATE USER known@localhost IDENTIFIED BY 'a-password-of-known' REQUIRE X509");
  await db.run("GRANT ALL ON ostiary.* TO known@localhost");
  await db.close();
  ways = {
    tls: await openWay(server.socketPath),
    other: await openWay(server.socketPath, "127.0.0.2"),
    clear: await openWay(placeOf(inject("dsn"))),
  };
}, 60_000);

afterAll(async () => {
  for (const way of Object.values(ways ?? {})) way.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The cipher of a connection; empty: clear text. An error otherwise. */
const cipherBy = async (dsn: string): Promise<string | Error> => {
  const db = createDatabase({ dsn, poolSize: 1 });
  try {
    const [row] = await db.query<{ Value: string }>("SHOW SESSION STATUS LIKE 'Ssl_cipher'");
    return row?.Value ?? "";
  } catch (error) {
    return error as Error;
  } finally {
    await db.close();
  }
};

const to = (host: string, port: number, params: string) => `mysql://root@tcp(${host}:${port})/ostiary?${params}`;

describe("a server with TLS", () => {
  it.each([
    ["its authority and its name are right", "localhost", "tls=true&ssl_ca="],
    ["its authority and its address are right", "127.0.0.1", "tls=true&ssl_ca="],
    ["its authority is named, and nothing else", "localhost", "ssl_ca="],
    ["its version may be the newest only", "localhost", "ssl-mode=VERIFY_IDENTITY&tls_version=TLSv1.3&ssl_ca="],
  ])("is used when %s", async (_, host, params) => {
    expect(await cipherBy(to(host, ways.tls.port, `${params}${ca}`))).toMatch(/\w/);
  });

  it.each([
    ["its authority is not known", "localhost", "tls=true"],
    ["its authority is not known, by another driver's words", "localhost", "sslmode=verify-full"],
    ["only its authority is asked for, and not known", "localhost", "useSSL=true&verifyServerCertificate=true"],
  ])("is refused when %s, and says why", async (_, host, params) => {
    const error = await cipherBy(to(host, ways.tls.port, params));
    expect(error).toMatchObject({ name: "DatabaseUnavailable", reason: "refused", lasting: true });
    expect((error as Error).message).toMatch(/^the database cannot be used \(TLS: .*certificate/);
  });

  it("is refused under a name or an address that its certificate has not, whatever its authority", async () => {
    const error = await cipherBy(to("127.0.0.2", ways.other.port, `tls=true&ssl_ca=${ca}`));
    expect(error).toMatchObject({ name: "DatabaseUnavailable", reason: "refused" });
    expect((error as Error).message).toContain("127.0.0.2");
    expect(await cipherBy(to("127.0.0.2", ways.other.port, `ssl-mode=VERIFY_CA&ssl_ca=${ca}`))).toMatch(/\w/);
  });

  it.each([
    "tls=skip-verify",
    "sslmode=require",
    "useSSL=true",
    "requireSSL=true",
    "tls=preferred",
    "ssl=%7B%22rejectUnauthorized%22%3Afalse%7D",
  ])("is used with any certificate by %s, and not in clear text", async (params) => {
    expect(await cipherBy(to("127.0.0.2", ways.other.port, params))).toMatch(/\w/);
  });

  it("lets in whom it knows by a certificate", async () => {
    const known = (params: string) =>
      `mysql://known:a-password-of-known@tcp(localhost:${ways.tls.port})/ostiary?ssl_ca=${ca}${params}`;
    expect(await cipherBy(known(`&ssl_cert=${client.cert}&ssl_key=${client.key}`))).toMatch(/\w/);
    expect(await cipherBy(known(""))).toMatchObject({ name: "SqlError", errno: 1045 });
  });

  it("may be reached over its socket, its authority being checked", async () => {
    expect(await cipherBy(`mysql://root@unix(${server.socketPath})/ostiary?ssl-mode=VERIFY_CA&ssl_ca=${ca}`)).toMatch(
      /\w/,
    );
  });
});

describe("a server without TLS", () => {
  it.each([
    "tls=true",
    "tls=1",
    "tls=skip-verify",
    "sslmode=require",
    "ssl-mode=VERIFY_CA",
    "useSSL=true",
    "requireSSL=true",
    "ssl=true",
    "ssl_verify_cert=true",
  ])("gets no password from who asks for TLS by %s", async (params) => {
    ways.clear.sent.length = 0;
    const error = await cipherBy(`mysql://ann-of-the-test:hunter2@tcp(127.0.0.1:${ways.clear.port})/ostiary?${params}`);
    expect(error).toMatchObject({ name: "DatabaseUnavailable", reason: "refused", lasting: true });
    expect((error as Error).message).toBe("the database cannot be used (it has no TLS, which the dsn asks for)");
    expect(Buffer.concat(ways.clear.sent).includes("ann-of-the-test")).toBe(false);
  });

  it.each(["tls=preferred", "sslmode=prefer", "ssl-mode=DISABLED", "tls=false", ""])(
    "is used in clear text by %j",
    async (params) => {
      expect(await cipherBy(to("127.0.0.1", ways.clear.port, params))).not.toBeInstanceOf(Error);
    },
  );
});

it("a file that cannot be read is named", () => {
  expect(() => createDatabase({ dsn: to("localhost", 1, "ssl_ca=/nowhere/ca.pem") })).toThrow(
    /ssl_ca names cannot be read \(ENOENT\)/,
  );
});
