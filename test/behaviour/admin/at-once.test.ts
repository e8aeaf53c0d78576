import type { DescMethodUnary, JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CourierAdminService } from "../../../gen/ostiary/courier/v1/courier_admin_service_pb.ts";
import { EventAdminService } from "../../../gen/ostiary/events/v1/event_admin_service_pb.ts";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { SessionAdminService } from "../../../gen/ostiary/session/v1/session_admin_service_pb.ts";
import { personTables } from "../../../src/identity/erase.ts";
import { minutes } from "../../protocols/clock.ts";
import { nativeRest } from "../../protocols/json-rest.ts";
import { done, operatorGrpc, operatorRest, reasonOf } from "../../protocols/operators.ts";
import { enterAsNewPerson, newEmail, signIn } from "../../protocols/person.ts";
import { refused } from "../../protocols/protocol.ts";
import { idBytes } from "../../protocols/rows.ts";
import { startServer, type TestServer, testSecrets } from "../../protocols/server.ts";

/* Operators, on two nodes, while others do something to the same people. */

const rpc = IdentityAdminService.method;
const secrets = { ...testSecrets, pagination: ["a secret for pages, of the first node"] };
let server: TestServer;
let node: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: { secrets } });
  node = await startServer({ overrides: { secrets }, beside: server });
});
afterAll(async () => {
  await node?.stop();
  await server?.stop();
});

const created = async (message: JsonObject): Promise<string> => {
  const { identity } = done(await operatorRest.call(server.adminUrl, rpc.createIdentity, message));
  return (identity as { id: string }).id;
};

it("of many operators who patch one person on two nodes none is lost", async () => {
  const id = await created({ traits: { email: newEmail() }, metadata_admin: {} });
  const names = Array.from({ length: 24 }, (_, at) => `operator-${at}`);
  const answers = await Promise.all(
    names.map(async (name, at) => {
      const patch = [{ op: "add", path: `/metadata_admin/${name}`, value: at }];
      const [protocol, url] = [[operatorRest, operatorGrpc][at % 2], [server, node][at % 3 === 0 ? 1 : 0]?.adminUrl];
      return protocol?.call(url ?? "", rpc.patchIdentity, { id, patch });
    }),
  );
  for (const answer of answers) if (answer) done(answer);
  const { identity } = done(await operatorRest.call(server.adminUrl, rpc.getIdentity, { id }));
  expect((identity as JsonObject).metadata_admin).toEqual(Object.fromEntries(names.map((name, at) => [name, at])));
});

it("of many who add one to a number that they have tested each hears whether theirs is in it", async () => {
  const id = await created({ traits: { email: newEmail() }, metadata_admin: { count: 0 } });
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, at) =>
      operatorRest.call([server, node][at % 2]?.adminUrl ?? "", rpc.patchIdentity, {
        id,
        patch: [
          { op: "test", path: "/metadata_admin/count", value: 0 },
          { op: "replace", path: "/metadata_admin/count", value: at + 1 },
        ],
      }),
    ),
  );
  const won = answers.flatMap((answer, at) => (answer.ok ? [at + 1] : []));
  expect(won).toHaveLength(1);
  for (const answer of answers) if (!answer.ok) expect(answer.reason).toBe("INVALID_FIELD");
  const { identity } = done(await operatorRest.call(server.adminUrl, rpc.getIdentity, { id }));
  expect((identity as JsonObject).metadata_admin).toEqual({ count: won[0] });
});

it("whoever is deleted while they sign in, many times and on both nodes, is gone from every table", async () => {
  const { person } = await enterAsNewPerson(nativeRest, server);
  const entering = Array.from({ length: 6 }, (_, at) => {
    const visitor = nativeRest.enter([server, node][at % 2] as TestServer);
    return signIn(visitor, person).then(() => visitor);
  });
  await Promise.race(entering);
  done(await operatorRest.call(node.adminUrl, rpc.deleteIdentity, { id: person.id }));
  for (const visitor of await Promise.all(entering))
    expect(refused(await visitor.whoami()).reason).toBe("SESSION_INACTIVE");
  for (const [table, column] of personTables) {
    const rows = await server.sql(`SELECT * FROM ${table} WHERE ${column} = ?`, [idBytes(person.id)]);
    expect([table, rows.length]).toEqual([table, table === "security_events" ? 1 : 0]);
  }
});

describe("a page token", () => {
  const lists: readonly (readonly [string, DescMethodUnary])[] = [
    ["identities", rpc.listIdentities],
    ["sessions", SessionAdminService.method.listAllSessions],
    ["events", EventAdminService.method.listEvents],
    ["messages", CourierAdminService.method.listMessages],
  ];
  const tokenOf = async (method: DescMethodUnary): Promise<string> => {
    const answer = done(await operatorGrpc.call(server.adminUrl, method, { page_size: 1 }));
    expect(answer.next_page_token).not.toBe("");
    return String(answer.next_page_token);
  };
  const askAt = (at: TestServer, method: DescMethodUnary, page_token: string) =>
    operatorRest.call(at.adminUrl, method, { page_size: 1, page_token });

  beforeAll(async () => {
    for (let made = 0; made < 2; made++) await enterAsNewPerson(nativeRest, server);
    const now = server.clock.now();
    for (const id of [1, 2])
      await server.sql(
        `INSERT INTO courier_messages (id, status, channel, template, recipient, send_count, dispatches, expires_at,
          created_at, updated_at)
          VALUES (?, 'sent', 'email', 'recovery_code_valid', ?, 1, '[]', ?, ?, ?)`,
        [Buffer.alloc(16, id), newEmail(), now, now, now],
      );
  });

  it.each(lists)("of %s is good on another node, and after a new secret came before the old one", async (_, method) => {
    const token = await tokenOf(method);
    done(await askAt(node, method, token));
    const rotated = { ...secrets, pagination: ["a secret for pages, the newer one", ...secrets.pagination] };
    await node.restart({ secrets: rotated });
    done(await askAt(node, method, token));
  });

  it.each(lists)(
    "of %s that is forged, of another list, or as old as a secret that is gone is refused",
    async (name, method) => {
      const token = await tokenOf(method);
      const [first = "", ...rest] = [...token];
      const changed = [first === "A" ? "B" : "A", ...rest].join("");
      const [, other] = lists.find(([others]) => others !== name) ?? [];
      const foreign = other === undefined ? "" : await tokenOf(other);
      for (const wrong of [changed, token.slice(0, -6), "1", "../", "x".repeat(200), foreign]) {
        const answer = await askAt(server, method, wrong);
        expect([reasonOf(answer), !answer.ok && answer.field]).toEqual(["INVALID_FIELD", "page_token"]);
      }
      await node.restart({ secrets: { ...secrets, pagination: ["a secret for pages, and no other one"] } });
      server.clock.advance(minutes(1));
      expect(reasonOf(await askAt(node, method, token))).toBe("INVALID_FIELD");
    },
  );
});
