import { spawn } from "node:child_process";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Connection, createConnection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IdentityAdminService } from "../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { nextCode, stepUp } from "../protocols/factors.ts";
import { send } from "../protocols/http.ts";
import { nativeRest } from "../protocols/json-rest.ts";
import { keyOrigin, useKey } from "../protocols/keys.ts";
import { done, operatorRest } from "../protocols/operators.ts";
import { signIn } from "../protocols/person.ts";
import { accepted } from "../protocols/protocol.ts";
import { showRealTime } from "../protocols/providers.ts";
import { shownIn } from "../protocols/seen.ts";
import { startServer, type TestServer, testSecrets } from "../protocols/server.ts";
import { createAuthenticator, publicKeyOf } from "../setup/authenticator.ts";
import { bareEnv } from "../setup/bare-env.ts";
import { type FreshDatabase, freshDatabase } from "../setup/fresh-database.ts";
import {
  generatedCipher,
  generatedKinds,
  generatedPassword,
  generatedPerson,
  generatedToken,
  generatePeople,
} from "./generate-people.ts";
import { recordedConfiguration } from "./source-database.ts";

/* Two thousand people of every kind, moved by the command, which is killed in the middle. */

const PEOPLE = 2_000;
/** For tests that start the command several times, on a machine that has other things to do. */
const timeout = { timeout: 120_000 };
const privateKey = createPrivateKey(
  generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "pem", type: "pkcs8" }),
);
const secrets = { ...testSecrets, cookie: ["golden-golden-golden-golden-golden"], cipher: [generatedCipher] };
const configuration = { ...recordedConfiguration(), secrets };
const folder = mkdtempSync(path.join(tmpdir(), "ostiary-move-in-"));
const file = path.join(folder, "ostiary.json");
let [server, source, connection]: [TestServer, FreshDatabase, Connection] = [] as never;
beforeAll(async () => {
  server = await startServer({ overrides: configuration, wait: async () => undefined });
  showRealTime(server);
  source = await freshDatabase();
  connection = await createConnection({ ...source.connection, timezone: "Z" });
  await generatePeople(connection, PEOPLE, {
    publicKey: publicKeyOf({ algorithm: "ES256", privateKey }).toString("base64"),
  });
  writeFileSync(file, JSON.stringify({ ...configuration, dev: true, dsn: server.database.dsn }));
});
afterAll(async () => {
  await connection?.end();
  await source?.drop();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const moveIn = async (args: readonly string[], until?: () => Promise<boolean>): Promise<Ran> => {
  const child = spawn(process.execPath, ["src/main.ts", "move-in", "-c", file, ...args], {
    env: { ...bareEnv, OSTIARY_MOVE_IN_FROM: source.dsn },
  });
  const [out, err]: [string[], string[]] = [[], []];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk.toString()));
  const ended = once(child, "close");
  while (until !== undefined && child.exitCode === null) {
    if (await until()) {
      child.kill("SIGKILL");
      break;
    }
    await sleep(5);
  }
  await ended;
  return { code: child.exitCode, stdout: out.join(""), stderr: err.join("") };
};
const counted = async (table: string): Promise<number> => {
  const [row] = await server.sql<{ many: number }>(`SELECT COUNT(*) AS many FROM ${table}`);
  return Number(row?.many);
};

it("a check tells who would come along, and where the configurations differ, without a secret", timeout, async () => {
  // Queued, sent, and being sent.
  for (const status of [1, 2, 3])
    await connection.query(
      `INSERT INTO courier_messages (id, status, nid, created_at, updated_at)
        SELECT UUID(), ?, id, NOW(), NOW() FROM networks`,
      [status],
    );
  const { code, stdout, stderr } = await moveIn(["--check", "--from-config", file]);
  expect([code, stderr.replace(/^\d+ of \d+\n/gm, "")]).toEqual([0, ""]);
  expect(stdout).toContain("Nothing was written.");
  expect(stdout).toMatch(new RegExp(`found +${PEOPLE}\\n +moved +${PEOPLE}`));
  expect(stdout).toMatch(/passkey +500/);
  expect(stdout).toMatch(/Passkeys, by whether they verified their owner when they were made\n +unknown +500/);
  expect(stdout).toMatch(/Stays behind altogether\n(?: .*\n)* +messages_not_sent +2\n/);
  expect(stdout).toContain("ok      secrets.cookie has each of those there");
  expect(stdout).not.toMatch(/golden-golden|thirty-two/);
  expect(await counted("moved_identities")).toBe(0);
});

it("killed in the middle it is run again, and everybody has come once", timeout, async () => {
  const { code } = await moveIn(
    ["--workers", "2", "--threads", "2"],
    async () => (await counted("moved_identities")) > 200,
  );
  expect(code).not.toBe(0);
  const before = await counted("moved_identities");
  expect(before).toBeLessThan(PEOPLE);
  const { stdout, code: second } = await moveIn(["--json", "--threads", "3"]);
  const report = JSON.parse(stdout) as Record<string, unknown>;
  expect(second).toBe(0);
  expect(report).toMatchObject({
    complete: true,
    found: PEOPLE,
    moved: PEOPLE - before,
    unchanged: before,
    refused: 0,
  });
  for (const table of ["identities", "sessions", "moved_identities"]) expect(await counted(table)).toBe(PEOPLE);
  const third = JSON.parse((await moveIn(["--json"])).stdout) as Record<string, unknown>;
  expect(third).toMatchObject({ moved: 0, changed: 0, unchanged: PEOPLE });
});

describe("everybody has what they had", () => {
  const numberOf = (kind: (typeof generatedKinds)[number], round = 100): number =>
    round * 8 + generatedKinds.indexOf(kind);
  const enter = async (email: string) => {
    const visitor = nativeRest.enter(server);
    accepted(await signIn(visitor, { email, password: generatedPassword }));
    return visitor;
  };
  const device = (id: string, userHandle: Buffer) =>
    createAuthenticator({
      origin: keyOrigin,
      keys: [{ id: Buffer.from(id, "hex"), userHandle, algorithm: "ES256", privateKey, counter: 1 }],
    });

  it.each(["everything", "plain", "totp", "lookup", "webauthn", "passkey"] as const)("%s", async (kind) => {
    const person = await generatedPerson(connection, numberOf(kind));
    const visitor = await enter(person.email);
    const session = await send(`${server.url}/sessions/whoami`, {
      headers: { accept: "application/json", "x-session-token": person.token },
    });
    expect(session.status).toBe(kind === "plain" || kind === "passkey" ? 200 : 403);
    if (kind === "totp" || kind === "everything")
      accepted(await stepUp(visitor, { method: "totp", totp_code: nextCode(server, person.totp) }));
    if (kind === "lookup" || kind === "everything")
      accepted(await stepUp(await enter(person.email), { method: "lookup_secret", lookup_secret: person.code }));
    if (kind === "webauthn" || kind === "everything")
      accepted(
        await useKey(
          await enter(person.email),
          device(person.webauthnId, Buffer.from(person.id.replaceAll("-", ""), "hex")),
          {
            aal: "aal2",
          },
        ),
      );
    if (kind === "passkey" || kind === "everything") {
      const other = nativeRest.enter(server);
      const flow = accepted(await other.login.create());
      const passkey_login = device(person.passkeyId, Buffer.from(person.userHandle)).get(
        shownIn(flow, "passkey_challenge"),
        // One that syncs; its flags were not stored.
        { backupEligible: true, backedUp: true },
      );
      accepted(await other.login.update(flow.id, { method: "passkey", passkey_login }));
    }
  });

  it("tokens of providers are readable to whoever may see them", async () => {
    const { id } = await generatedPerson(connection, numberOf("oidc"));
    const answer = await operatorRest.call(server.adminUrl, IdentityAdminService.method.getIdentity, {
      id,
      include_credential: ["oidc"],
    });
    expect(done(answer).identity).toMatchObject({
      credentials: { oidc: { config: { providers: [{ provider: "acme", initial_id_token: generatedToken }] } } },
    });
  });
});

describe("what is wrong is told in one line", () => {
  const fails = async (args: readonly string[]) => {
    const { code, stderr } = await moveIn(args);
    expect(code).toBe(1);
    return stderr;
  };

  it("a source that is none, a network that is not there, and a number that is none", async () => {
    expect(await fails(["--from", server.database.dsn])).toContain("it is no database of Ory Kratos");
    expect(await fails(["--network", "6f9b8b1c-0000-4f1e-9a55-0f1d3c5b7a99"])).toContain("no network of this id");
    expect(await fails(["--workers", "0"])).toContain("--workers is a number from 1 to 16");
    expect(await fails(["--threads", "5"])).toContain("--threads is a number from 1 to that of --workers");
  });

  it("a source in which most are gone, unless that is meant", async () => {
    await connection.query("DELETE FROM identities WHERE id > '2'");
    expect(await fails([])).toContain("say --delete");
    expect(await counted("identities")).toBe(PEOPLE);
  });
});
