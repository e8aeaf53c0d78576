import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AccountService } from "../../../gen/ostiary/account/v1/account_service_pb.ts";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { enrolTotp, withFactors } from "../../protocols/factors.ts";
import { nativeRest } from "../../protocols/json-rest.ts";
import { done, operatorProtocols, operatorRest, reasonOf } from "../../protocols/operators.ts";
import { change, enterAs, enterAsNewPerson, newPassword, signIn } from "../../protocols/person.ts";
import { accepted, refused, type Visitor } from "../../protocols/protocol.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* What owners see of what happened to their account. The clients of operators serve: port and credential differ. */

const rpc = AccountService.method.listActivity;
let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: withFactors });
});
afterAll(() => server?.stop());

interface Entry {
  readonly id: string;
  readonly type: string;
  readonly refused: boolean;
  readonly by_operator: boolean;
  readonly current_session: boolean;
  readonly remote_address?: string;
  readonly reason?: string;
}

describe.each(operatorProtocols)("through $name", ({ call }) => {
  const ask = (visitor: Visitor, request = {}) =>
    call(server.url, rpc, request, { "x-session-token": visitor.credentials.token });
  const activityOf = async (visitor: Visitor) => done(await ask(visitor)).activity as unknown as readonly Entry[];

  it("sign-ins, refusals, changes and what operators did are listed, and nothing of anybody else", async () => {
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    await enterAsNewPerson(nativeRest, server);
    refused(await signIn(nativeRest.enter(server), { email: person.email, password: "wrong one" }));
    accepted(await change(visitor, { method: "password", password: newPassword() }));
    const patch = [{ op: "replace", path: "/metadata_public", value: { vip: true } }];
    done(await operatorRest.call(server.adminUrl, IdentityAdminService.method.patchIdentity, { id: person.id, patch }));
    await expect.poll(async () => (await activityOf(visitor)).length).toBe(4);
    const activity = await activityOf(visitor);
    const by = (type: string) => activity.find((entry) => entry.type === type);
    expect(by("login.refused")).toMatchObject({
      refused: true,
      by_operator: false,
      current_session: false,
      remote_address: "127.0.0.1",
      reason: "wrong_credential",
    });
    expect(by("password.changed")).toMatchObject({ refused: false, current_session: true });
    expect(by("identity.patched")).toMatchObject({ by_operator: true });
    expect(by("identity.patched")?.remote_address ?? "").toBe("");
    expect(JSON.stringify(activity)).not.toContain(person.email);
  });

  it("it comes in pages, the newest first", async () => {
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    for (let n = 0; n < 4; n++) {
      server.clock.advance(1);
      await enterAs(nativeRest, server, person);
    }
    const all = (await activityOf(visitor)).map(({ id }) => id);
    const seen: string[] = [];
    let token = "";
    do {
      const page = done(await ask(visitor, { page_size: 2, page_token: token }));
      seen.push(...(page.activity as unknown as readonly Entry[]).map(({ id }) => id));
      token = String(page.next_page_token);
    } while (token !== "");
    expect([seen, seen.length]).toEqual([all, 5]);
    expect((await activityOf(visitor)).at(-1)?.type).toBe("registration.succeeded");
    expect(reasonOf(await ask(visitor, { page_token: "made-up" }))).toBe("INVALID_FIELD");
  });

  it("who has not given their second factor sees nothing yet", async () => {
    const { visitor, person } = await enterAsNewPerson(nativeRest, server);
    await enrolTotp(visitor, server);
    expect(reasonOf(await ask(await enterAs(nativeRest, server, person)))).toBe("AAL2_REQUIRED");
  });

  it("nobody sees anything without a session", async () => {
    expect(reasonOf(await call(server.url, rpc, {}))).toBe("SESSION_INACTIVE");
  });
});
