import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AccountService } from "../../../gen/ostiary/account/v1/account_service_pb.ts";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { enrolTotp, withFactors } from "../../protocols/factors.ts";
import { nativeRest, spa } from "../../protocols/json-rest.ts";
import { done, operatorProtocols, operatorRest, reasonOf } from "../../protocols/operators.ts";
import { enterAs, enterAsNewPerson, newEmail, newPassword } from "../../protocols/person.ts";
import { startServer, type TestServer } from "../../protocols/server.ts";

/* What owners see of what they sign in with. The clients of operators serve: only port and credential differ. */

const rpc = AccountService.method;
let server: TestServer;
beforeAll(async () => {
  server = await startServer({ overrides: withFactors });
});
afterAll(() => server?.stop());

describe.each(operatorProtocols)("through $name", ({ call }) => {
  const ask = (method: Parameters<typeof call>[1], headers: Parameters<typeof call>[3]) =>
    call(server.url, method, {}, headers);

  it("sign-in methods are listed with names and dates, by token and by cookie, without a secret", async () => {
    const { visitor } = await enterAsNewPerson(nativeRest, server);
    await enrolTotp(visitor, server);
    const { factors } = done(await ask(rpc.listFactors, { "x-session-token": visitor.credentials.token }));
    expect(factors).toEqual([
      expect.objectContaining({ type: "password", id: "", name: "" }),
      expect.objectContaining({ type: "totp", created_at: expect.stringMatching(/^20/) }),
    ]);
    expect(JSON.stringify(factors)).not.toMatch(/hash|sealed|secret/);
    const { visitor: browser } = await enterAsNewPerson(spa, server);
    const listed = done(await ask(rpc.listFactors, { cookie: browser.credentials.jar?.header }));
    expect(listed.factors).toMatchObject([{ type: "password" }]);
  });

  it("links to providers are listed, oldest first; of one provider as many as there are", async () => {
    const [email, password] = [newEmail(), newPassword()];
    const accounts = ["acme", "github", "acme"].map((provider, at) => ({ provider, subject: `${email}-${at}` }));
    const credentials = { password: { config: { password } }, oidc: { config: { providers: accounts } } };
    const body = { schema_id: "person", traits: { email }, credentials };
    done(await operatorRest.call(server.adminUrl, IdentityAdminService.method.createIdentity, body));
    const visitor = await enterAs(nativeRest, server, { email, password });
    const { links } = done(await ask(rpc.listLinks, { "x-session-token": visitor.credentials.token }));
    expect(links).toMatchObject(accounts);
  });

  it("nobody sees anything without a session", async () => {
    expect(reasonOf(await ask(rpc.listFactors, {}))).toBe("SESSION_INACTIVE");
    expect(reasonOf(await ask(rpc.listLinks, { "x-session-token": "ory_st_wrong" }))).toBe("SESSION_INACTIVE");
  });
});
