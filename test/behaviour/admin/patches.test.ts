import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { nativeRest } from "../../protocols/json-rest.ts";
import { done, operatorProtocols, reasonOf } from "../../protocols/operators.ts";
import { enterAsNewPerson } from "../../protocols/person.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* JSON patches whose copies would make more than anybody sent. */

const { getIdentity, patchIdentity } = IdentityAdminService.method;
let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.stop());

describe.each(operatorProtocols)("through $name", ({ call }) => {
  it.each([
    [
      "more and more of what is copied into itself",
      [
        { op: "add", path: "/metadata_admin", value: {} },
        ...Array.from({ length: 16 }, (_, n) => ({
          op: "copy",
          from: "/metadata_admin",
          path: `/metadata_admin/a${n}`,
        })),
      ],
    ],
    [
      "copies that nest deeper than can be stored",
      [
        { op: "add", path: "/metadata_admin", value: {} },
        ...Array.from({ length: 40 }, () => ({ op: "copy", from: "/metadata_admin", path: "/metadata_admin/a" })),
      ],
    ],
    [
      "a long text that is copied again and again",
      [
        { op: "add", path: "/metadata_admin", value: { a0: "x".repeat(60_000) } },
        ...Array.from({ length: 60 }, (_, n) => ({
          op: "copy",
          from: "/metadata_admin/a0",
          path: `/metadata_admin/a${n + 1}`,
        })),
      ],
    ],
  ])("a patch of %s is refused, all of it", async (_, patch) => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const { id } = person;
    const before = done(await call(server.adminUrl, getIdentity, { id }));
    expect(reasonOf(await call(server.adminUrl, patchIdentity, { id, patch }))).toBe("INVALID_FIELD");
    expect(done(await call(server.adminUrl, getIdentity, { id }))).toEqual(before);
  });

  it("a patch copies what is there, many times over", async () => {
    const { person } = await enterAsNewPerson(nativeRest, server);
    const { id } = person;
    const patch = [
      { op: "add", path: "/metadata_admin", value: { a0: { plan: "team" } } },
      ...Array.from({ length: 100 }, (_, n) => ({
        op: "copy",
        from: "/metadata_admin/a0",
        path: `/metadata_admin/a${n + 1}`,
      })),
    ];
    done(await call(server.adminUrl, patchIdentity, { id, patch }));
    const { identity } = done(await call(server.adminUrl, getIdentity, { id }));
    expect(identity).toMatchObject({ metadata_admin: { a100: { plan: "team" } } });
  });
});
