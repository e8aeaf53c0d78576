import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { AccountAdminService } from "../../../gen/ostiary/account/v1/account_admin_service_pb.ts";
import { AccountService } from "../../../gen/ostiary/account/v1/account_service_pb.ts";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { minutes } from "../../protocols/clock.ts";
import { type Part, readAll, streamReaders } from "../../protocols/exports.ts";
import { enrolTotp, withFactors } from "../../protocols/factors.ts";
import { nativeRest, spa } from "../../protocols/json-rest.ts";
import { done, operatorRest } from "../../protocols/operators.ts";
import { asOwner } from "../../protocols/owners.ts";
import { change, enterAs, enterAsNewPerson, newEmail } from "../../protocols/person.ts";
import { accepted, type Visitor } from "../../protocols/protocol.ts";
import { eventsOf, giveHistory } from "../../protocols/rows.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* What is stored about somebody, part by part: however much it is, and however slowly it is read. */

let server: TestServer;
beforeAll(async () => {
  const settings = { after: { profile: { hooks: [{ hook: "verify_new_address" }] } } };
  server = await startServer({
    overrides: {
      session: { lifespan: "2000h" },
      selfservice: { ...withFactors.selfservice, flows: { verification: { enabled: true }, settings } },
    },
  });
});
afterAll(() => server?.stop());

const { streamAccountExport, exportAccount } = AccountService.method;
const { streamIdentityAccountExport } = AccountAdminService.method;
const nobody = "6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99";
const tokenOf = ({ credentials: { token } }: Visitor) => ({ "x-session-token": token });

/** The lists of all parts, one behind the other. */
const merged = (parts: readonly Part[]): Record<string, JsonObject[]> => {
  const all: Record<string, JsonObject[]> = {};
  for (const part of parts)
    for (const [name, value] of Object.entries(part))
      if (Array.isArray(value)) all[name] = [...(all[name] ?? []), ...(value as JsonObject[])];
  return all;
};

describe.each(streamReaders)("through $name", ({ open }) => {
  it("the parts make what the whole export has, addresses in waiting among it, and each has few entries", async () => {
    const { person, visitor } = await enterAsNewPerson(nativeRest, server);
    const wanted = newEmail();
    accepted(await change(visitor, { method: "profile", traits: { email: wanted } }));
    await giveHistory(server, person.id, 450);
    const parts = await readAll(open(server.url, streamAccountExport, {}, tokenOf(visitor)));
    expect(parts[0]).toMatchObject({ identity: { id: person.id, traits: { email: person.email } } });
    expect(parts.map(({ complete }) => complete === true)).toEqual(parts.map((_, at) => at === parts.length - 1));
    const all = merged(parts);
    expect(all.pending_addresses).toMatchObject([{ via: "email", value: wanted }]);
    expect([all.sessions?.length, new Set(all.sessions?.map(({ id }) => id)).size]).toEqual([451, 451]);
    expect(all.events?.map(({ type }) => type)).toContain("account.exported");
    for (const part of parts)
      expect(Math.max(0, ...Object.values(part).map((one) => (Array.isArray(one) ? one.length : 0)))).toBeLessThan(201);
    const whole = done(await asOwner(operatorRest, server)(visitor, exportAccount)).export as Record<
      string,
      JsonObject[]
    >;
    for (const name of ["factors", "credentials", "pending_addresses", "messages", "flows"])
      expect([name, (all[name] ?? []).length]).toEqual([name, whole[name]?.length]);
    expect([whole.events?.length, whole.sessions?.length]).toEqual([all.events?.length, 451]);
  });

  it("nobody gets it with an old session, one of the first level, or without one", async () => {
    const { person, visitor } = await enterAsNewPerson(nativeRest, server);
    const read = (headers: Record<string, string | undefined>) =>
      readAll(open(server.url, streamAccountExport, {}, headers));
    await expect(read({})).rejects.toThrow("SESSION_INACTIVE");
    await expect(read({ "x-session-token": "ory_st_wrong" })).rejects.toThrow("SESSION_INACTIVE");
    server.clock.advance(minutes(16));
    await expect(read(tokenOf(visitor))).rejects.toThrow("SESSION_REFRESH_REQUIRED");
    const other = await enterAs(nativeRest, server, person);
    await enrolTotp(other, server);
    const late = await enterAs(nativeRest, server, person);
    await expect(read(tokenOf(late))).rejects.toThrow("AAL2_REQUIRED");
  });

  it("an operator gets the same for somebody, and hears that there is no such person", async () => {
    const { person } = await enterAsNewPerson(spa, server);
    const read = (id: string) => readAll(open(server.adminUrl, streamIdentityAccountExport, { id }));
    const parts = await read(person.id);
    expect([parts[0], parts.at(-1)]).toMatchObject([{ identity: { id: person.id } }, { complete: true }]);
    expect(await eventsOf(server, person.id)).toContain("account.exported done");
    for (const id of [nobody, "x"]) await expect(read(id)).rejects.toThrow("NOT_FOUND");
  });
});

describe.each(streamReaders)("through $name", ({ open }) => {
  it("the call of whoever hangs up in the middle ends, and makes room for others", async () => {
    const { person, visitor } = await enterAsNewPerson(nativeRest, server);
    // More than what connections hold on their way.
    await giveHistory(server, person.id, 9_000, 3_000);
    const reading = open(server.url, streamAccountExport, {}, tokenOf(visitor));
    const ended = () => server.logged.filter((line) => line.includes("AccountService/StreamAccountExport")).length;
    const before = ended();
    await reading.next();
    // The server has written what fits, and waits for the client.
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(ended()).toBe(before);
    await reading.leave();
    // A call that has ended has its line in the log, and is no longer counted among those that run.
    await vi.waitFor(() => expect(ended()).toBe(before + 1), 5_000);
  });
});

describe("while it is read", () => {
  const [rest] = streamReaders;
  const open = (visitor: Visitor) => rest?.open(server.url, streamAccountExport, {}, tokenOf(visitor)) ?? never();
  const never = (): never => {
    throw new Error("no reader");
  };

  it("whatever changes is not in it, and does not wait for whoever reads", async () => {
    const { person, visitor } = await enterAsNewPerson(nativeRest, server);
    await giveHistory(server, person.id, 9_000);
    const reading = open(visitor);
    const first = await reading.next();
    const patch = [{ op: "add", path: "/metadata_public", value: "later" }];
    done(await operatorRest.call(server.adminUrl, IdentityAdminService.method.patchIdentity, { id: person.id, patch }));
    const parts = await readAll(reading);
    expect(first?.identity).toMatchObject({ id: person.id, metadata_public: null });
    expect(parts.at(-1)).toMatchObject({ complete: true, exported_at: first?.exported_at });
    const types = merged(parts).events?.map(({ type }) => type);
    expect(types).not.toContain("identity.patched");
    expect(types?.filter((type) => type === "login.succeeded").length).toBeGreaterThanOrEqual(9_000);
  });

  it("no more is read of the database than is taken, so that memory does not grow with the account", async () => {
    const { person, visitor } = await enterAsNewPerson(nativeRest, server);
    // More than what connections hold on their way.
    await giveHistory(server, person.id, 9_000, 3_000);
    const reading = open(visitor);
    await reading.next();
    const before = server.gate.statements.length;
    await new Promise((resolve) => setTimeout(resolve, 500));
    const read = server.gate.statements.slice(before).filter((sql) => /FROM (security_events|sessions)/.test(sql));
    // Of 90 pages that there are.
    expect(read.length).toBeLessThan(60);
    expect((await readAll(reading)).at(-1)).toMatchObject({ complete: true });
  });
});
