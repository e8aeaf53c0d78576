import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, it } from "vitest";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { SessionAdminService } from "../../../gen/ostiary/session/v1/session_admin_service_pb.ts";
import { nativeRest } from "../../protocols/json-rest.ts";
import { done, operatorProtocols } from "../../protocols/operators.ts";
import { enterAsNewPerson, signIn } from "../../protocols/person.ts";
import { accepted } from "../../protocols/protocol.ts";
import { protocols } from "../../protocols/protocols.ts";
import { idBytes } from "../../protocols/rows.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.stop());

it.each(operatorProtocols)(
  "who has a schema that the configuration has lost is listed and read: $name",
  async ({ call }) => {
    const [gone, other] = [await enterAsNewPerson(nativeRest, server), await enterAsNewPerson(nativeRest, server)];
    await server.sql("UPDATE identities SET schema_id = 'gone' WHERE id = ?", [idBytes(gone.person.id)]);
    // What the server has read of them before is known to it for a moment.
    await server.restart();
    const { listIdentities, getIdentity } = IdentityAdminService.method;
    const listed = done(await call(server.adminUrl, listIdentities, { page_size: 1_000 })).identities as JsonObject[];
    const ids = listed.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining([gone.person.id, other.person.id]));
    expect(done(await call(server.adminUrl, getIdentity, { id: gone.person.id })).identity).toMatchObject({
      schema_id: "gone",
      schema_url: expect.stringMatching(/\/schemas\/gone$/),
    });
    const sessions = done(
      await call(server.adminUrl, SessionAdminService.method.listAllSessions, {
        page_size: 1_000,
        expand: ["identity"],
      }),
    );
    expect((sessions.sessions as JsonObject[]).length).toBeGreaterThan(1);
  },
);

it.each(protocols)("who has a schema that the configuration has lost signs in: $name", async (protocol) => {
  const { person, visitor } = await enterAsNewPerson(protocol, server);
  accepted(await visitor.signOut());
  await server.sql("UPDATE identities SET schema_id = 'gone' WHERE id = ?", [idBytes(person.id)]);
  await server.restart();
  accepted(await signIn(visitor, person));
  expect(accepted(await visitor.whoami()).identityId).toBe(person.id);
});
